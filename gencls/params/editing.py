"""params.yaml with other values: comments, blank lines and quotes of the rest stay."""

from collections.abc import Callable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.resolver import implicit_resolvers


def edited(text: str, edit: Callable[[Any], None]) -> str:
    """The text after `edit` has changed the mapping that it holds."""
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(text)
    edit(content)
    buffer = StringIO()
    yaml.dump(content, buffer)
    return buffer.getvalue()


def reads_as_text(word: str) -> bool:
    """Whether every version of YAML takes the word for text without quotes: `2024`, `null` and, for YAML 1.1, `no` are something else."""
    return not any(pattern.match(word) for _, _, pattern, _ in implicit_resolvers)


class _Representer(RoundTripRepresenter):
    """Null written out, as the presets do, and quotes around text that a reader of YAML 1.1, too, might not take for text."""


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _text(representer: Any, text: str) -> Any:
    plain = reads_as_text(text) and text.isprintable()
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Representer.add_representer(type(None), _null)
_Representer.add_representer(str, _text)
