"""From a file to parameters: whatever is wrong is said at once, each with its key, its value and the choices."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gencls.params.section import ParamsError
from gencls.params.whole import Params


def load(path: Path) -> Params:
    """Read and check a whole parameter file.

    Raises:
        ParamsError: the file is missing, is not YAML, or any key is unknown, mistyped, out of range or names something undefined.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path}: no such file; copy one of presets/*.yaml there") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: not a YAML file: {error}") from None
    return parse(content, str(path))


def parse(content: Any, name: str = "params.yaml") -> Params:
    """Check parameters already read; `name` stands in the error message (`ParamsError`)."""
    if not isinstance(content, dict):
        raise ParamsError(f"{name}: expected a mapping of sections, got {type(content).__name__}")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = "\n".join(f"  {_explain(detail)}" for detail in error.errors())
        raise ParamsError(f"{name} is wrong:\n{lines}") from None


def _explain(detail: ErrorDetails) -> str:
    """One line: path of the key, value, what is allowed there."""
    key = _path(detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "unknown_key":
        return f"{key}.{message}".lstrip(".")
    if not key:
        return message
    if detail["type"] == "missing":
        return f"{key}: missing"
    return f"{key}: got {detail['input']!r}; {message[0].lower()}{message[1:]}"


def _path(loc: tuple[int | str, ...]) -> str:
    """`("datasets", "a", "files", "test")` → `datasets.a.test`: pydantic puts the source's tag into the path, the file has no such key."""
    tagged = len(loc) > 2 and (loc[0] == "datasets" or loc[:2] == ("reasoner", "corpus"))
    text = ""
    for part in (*loc[:2], *loc[3:]) if tagged else loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
