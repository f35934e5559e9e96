"""What every section of params.yaml is made of: names and numbers with their bounds, and no unknown keys."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gencls.errors import InputError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
"""Becomes a folder and a DVC stage name."""
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class ParamsError(InputError):
    """params.yaml is wrong; the message names the key, the value and the choices."""


class Section(BaseModel):
    """Base of every section: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, content: Any) -> Any:
        """Each section knows its own keys, so that the message can offer them."""
        known = [info.alias or name for name, info in cls.model_fields.items()]
        for key in content if isinstance(content, dict) else ():
            if key not in known:
                raise PydanticCustomError("unknown_key", "{key}: unknown key; choices: {known}", {"key": key, "known": ", ".join(known)})
        return content
