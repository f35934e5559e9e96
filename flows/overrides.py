"""Changes to params.yaml for one run: a typed form made from `gencls.params`, in which an empty field means "as in params.yaml".

The sections' own defaults play no part, so that an untouched field can never undo an edit of the file.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, create_model, model_serializer
from pydantic.fields import FieldInfo
from pydantic.json_schema import SkipJsonSchema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gencls import params
from gencls.params import Params, ParamsError, Score, Section
from gencls.params.editing import edited
from tasks import paths


class Partial(BaseModel):
    """What was filled in of a form; the rest does not show."""

    model_config = ConfigDict(extra="forbid")

    @model_serializer(mode="wrap")
    def _given(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialise(self).items() if value not in (None, {})}


def _partial(name: str, doc: str | None, fields: Mapping[str, FieldInfo]) -> type[Partial]:
    made: dict[str, Any] = {name: _optional(info, info.alias or name) for name, info in fields.items()}
    return create_model(name, __base__=Partial, __doc__=doc, __module__=__name__, **made)


def _optional(info: FieldInfo, key: str) -> tuple[Any, FieldInfo]:
    """A field that may stay empty: a section is folded away until it is chosen, a value has no default."""
    kind = _without_none(info)
    if isinstance(kind, type) and issubclass(kind, Section):
        section = _partial(kind.__name__, kind.__doc__, kind.model_fields)
        return section | None, Field(default=None, alias=key, title=key, description=kind.__doc__)
    description = info.description
    choice = [member for member in get_args(info.annotation) if isinstance(member, type) and issubclass(member, Section)]
    if choice or get_origin(info.annotation) is dict:  # records to choose from, or names of the user's: checked when merged
        kind, description = dict[str, Any], 'JSON, such as {"name": {"key": 1}}; merged into those of params.yaml.'
    # Not `kind | None`: Prefect's form would first ask which of the two, at every field, and take null for an empty one.
    field = Field(default=None, alias=key, title=key, description=description, json_schema_extra=_drop_default)
    return kind | SkipJsonSchema[None], field


def _without_none(info: FieldInfo) -> Any:
    kinds = get_args(info.annotation)
    if NoneType not in kinds:
        return info.rebuild_annotation()
    return Union[tuple(kind for kind in kinds if kind is not NoneType)]  # noqa: UP007  # of a tuple made here


def _drop_default(schema: dict[str, Any]) -> None:
    del schema["default"]


Overrides = _partial("Overrides", "Only what is to differ from params.yaml.", Params.model_fields)
Settings = _partial("Settings", "Only what is to differ from `score` in params.yaml.", Score.model_fields)


def changes(overrides: Partial) -> dict[str, Any]:
    """What was filled in, under the keys of params.yaml."""
    return overrides.model_dump(by_alias=True)


def applied(text: str, changed: dict[str, Any]) -> str:
    """The text of params.yaml with changes merged in, comments kept, checked as a whole.

    Raises:
        gencls.params.ParamsError: the result is not a valid params.yaml.
    """
    params.parse(loaded(text, "params.yaml"))
    merged = edited(text, lambda content: _merge(content, changed))
    params.parse(loaded(merged, "params.yaml"), "params.yaml with these overrides")
    return merged


def loaded(text: str, name: str) -> Any:
    """YAML 1.2, as params.yaml is read; `name` stands in the error message (`gencls.params.ParamsError`)."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ParamsError(f"{name}: not YAML: {error}") from None


def not_null(value: Any, word: str, name: str, key: str) -> Any:
    """A value said for one run as `word`, which calls it `name`; params.yaml has it under `key`.

    Raises:
        gencls.params.ParamsError: it is null, which the form reads as a field left empty.
    """
    if value is None:
        raise ParamsError(f"{word!r}: null cannot be said for one run; leave {name} out, or set {key} in {paths.PARAMS}")
    return value


def _merge(content: dict[str, Any], changed: dict[str, Any]) -> None:
    for key, value in changed.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            _merge(content[key], value)
        else:
            content[key] = value
