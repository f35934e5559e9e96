"""The prompt of a bundle as an engine without gencls can ask it: the same for every row but for the row's own text."""

from collections.abc import Sequence
from dataclasses import dataclass

from gencls.bundle import Bundle
from gencls.errors import InputError
from gencls.prompts import TEMPLATES, Prompt, Renderer, Segment


class ExportError(InputError):
    """A bundle cannot be had in another form; the message says why and what can be."""


@dataclass(frozen=True)
class Question:
    """Segments of the user's message; that at `row` is empty, and the row's text takes its place."""

    segments: Sequence[Segment]
    row: int

    @property
    def before(self) -> str:
        """What stands before the text."""
        return "".join(text for _, text in self.segments[: self.row])

    @property
    def after(self) -> str:
        """What stands after it."""
        return "".join(text for _, text in self.segments[self.row + 1 :])

    def about(self, text: str, label: str) -> Prompt:
        """The prompt of a text."""
        return Prompt("example", [*self.segments[: self.row], ("text", text), *self.segments[self.row + 1 :]], label)


def question(bundle: Bundle) -> Question:
    """The prompt.

    Raises:
        ExportError: the prompt depends on the text in a way that needs gencls: examples searched for it, or a reasoning before the label.
    """
    if bundle.retrieves:
        raise ExportError("the model is shown training rows that are chosen for each text, which needs gencls; use gencls serve")
    if bundle.strategy.reasons:
        raise ExportError("the model writes a reasoning before its label, so the label set alone cannot guide it; use gencls serve")
    renderer = Renderer(bundle.strategy, bundle.written, TEMPLATES[bundle.language], bundle.definitions, bundle.fixed)
    segments = renderer.segments("")
    return Question(segments, max(i for i, (kind, _) in enumerate(segments) if kind == "text"))
