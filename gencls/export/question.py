"""The prompt of a bundle as an engine without gencls can ask it: fixed text, the row's text, fixed text."""

from dataclasses import dataclass

from gencls.bundle import Bundle
from gencls.errors import InputError
from gencls.prompts import TEMPLATES, Renderer


class ExportError(InputError):
    """A bundle cannot be had in another form; the message says why and what can be."""


@dataclass(frozen=True)
class Question:
    """The user's message is `before`, the text, `after`."""

    before: str
    after: str


def question(bundle: Bundle) -> Question:
    """What stands around a text.

    Raises:
        ExportError: the prompt depends on the text in a way that needs gencls: examples searched for it, or a reasoning before the label.
    """
    if bundle.retrieves:
        raise ExportError("the model is shown training rows that are chosen for each text, which needs gencls; use gencls serve")
    if bundle.strategy.reasons:
        raise ExportError("the model writes a reasoning before its label, so the label set alone cannot guide it; use gencls serve")
    renderer = Renderer(bundle.strategy, bundle.written, TEMPLATES[bundle.language], bundle.definitions, bundle.fixed)
    *before, (kind, _), after = renderer.segments("")
    assert kind == "text"
    return Question("".join(text for _, text in before), after[1])
