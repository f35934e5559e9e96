"""A finished classifier: a bundle in, answers out. `from gencls import Classifier`.

It asks the model as the winning cell of the grid was asked (strategy, decoding), scales the probabilities by the temperature and abstains
below the threshold, all of which the bundle names (gencls/bundle.py). Texts are taken a chunk at a time, so memory does not grow with
their number, and an answer does not depend on the texts around it, up to the rounding of float32 (1e-5).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from gencls import bundle as bundles
from gencls import calibration, examples, models
from gencls.bundle import Bundle, TrainingRows
from gencls.errors import InputError, half_a_character, lone_surrogate
from gencls.inference import Asker, Scored
from gencls.params import Model
from gencls.prompts import TEMPLATES, Prompt, Renderer

if TYPE_CHECKING:
    from gencls.neighbours import Neighbours

CHUNK = 256
"""Texts scored together: enough to sort by length, few enough to see an iterator's first answers soon."""


class TextError(InputError):
    """A text that cannot be asked about; the message names its place and what is wrong."""


@dataclass(frozen=True)
class Example:
    """A training row that the model was shown before the text."""

    id: str
    text: str
    label: str
    similarity: float
    """Cosine."""


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one text."""

    label: str | None
    """The answer, also where it abstains; None where the model has none: it left the label set, or answered Uncertain."""
    confidence: float
    """Probability of that label; 0 without one."""
    abstained: bool
    """Whether a person had better look: no label, or a confidence below the bundle's threshold."""
    probabilities: dict[str, float]
    """Label → probability after the temperature; they sum to 1."""
    nearest: list[Example] | None = None
    """The most similar training rows, the nearest first, where the strategy shows them; else None."""
    explanation: str | None = None
    """What the model wrote before its label, where the strategy reasons; else None."""


class Classifier:
    """Predicts labels for texts. Made by `load`.

    Attributes:
        bundle: what the model is and how it is asked.
    """

    def __init__(self, bundle: Bundle, model: Any, tokenizer: Any, training: TrainingRows | None, *, device: str) -> None:
        self.bundle = bundle
        self._training = training
        self._renderer = Renderer(bundle.strategy, bundle.written, TEMPLATES[bundle.language], bundle.definitions, bundle.fixed)
        empty = self._renderer.segments("")
        about = {"labels": bundle.labels, "written": bundle.written, "empty": empty, "max_reasoning": bundle.max_reasoning}
        self._asker = Asker(model, tokenizer, about, max_length=bundle.max_length, batch_tokens=bundle.batch_tokens)
        self._index = _similar(bundle, training, device)

    @classmethod
    def load(cls, folder: str | Path, *, device: Literal["auto", "cpu", "cuda"] = "auto") -> "Classifier":
        """Read a bundle.

        Raises:
            InputError: the folder is no bundle, has another version or is damaged, or there is no such device.
        """
        folder = Path(folder)
        bundle = bundles.read(folder)
        model, tokenizer = models.load(folder, Model(max_length=bundle.max_length, dtype=bundle.dtype, device=device))
        return cls(bundle, model, tokenizer, bundles.training_rows(folder) if bundle.retrieves else None, device=device)

    @overload
    def predict(self, texts: Collection[str]) -> list[Prediction]: ...  # type: ignore[overload-overlap]  # a collection is iterable too

    @overload
    def predict(self, texts: Iterable[str]) -> Iterator[Prediction]: ...

    def predict(self, texts: Iterable[str]) -> list[Prediction] | Iterator[Prediction]:
        """A prediction per text, in order: a list for a list (or any collection); for an iterator another one, `CHUNK` texts at a time.

        Raises:
            TextError: a text is no string, or holds half a character.
            InputError: the prompt is too long even without its text.
        """
        if isinstance(texts, str):
            raise TextError("expected a list of texts, got one text; put it in brackets")
        if not isinstance(texts, Collection):
            return self._lazily(texts)
        for place, text in enumerate(texts):  # before the first is scored
            check(text, f"text {place}")
        return list(self._lazily(texts))

    def _lazily(self, texts: Iterable[str]) -> Iterator[Prediction]:
        left, first = iter(texts), 0
        while chunk := list(islice(left, CHUNK)):
            for place, text in enumerate(chunk, start=first):
                check(text, f"text {place}")
            yield from self._answer(chunk, first)
            first += len(chunk)

    def _answer(self, texts: list[str], first: int) -> list[Prediction]:
        nearest = self._nearest(texts)
        shown = self._shown(texts, nearest)
        pairs = enumerate(zip(texts, shown, strict=True), start=first)
        label = self.bundle.labels[0]  # a prompt has one, which is not read here
        prompts = [Prompt(str(place), self._renderer.segments(text, own), label) for place, (text, own) in pairs]
        return self._predictions(self._asker(prompts), nearest)

    def _nearest(self, texts: Sequence[str]) -> list[list[Example]] | None:
        if self._index is None or self._training is None:
            return None
        rows, shots = self._training, self.bundle.strategy.shots
        return [
            [Example(rows.ids[row], rows.texts[row], rows.labels[row], similarity) for row, similarity in found[:shots]]
            for found in self._index.nearest(texts)
        ]

    def _shown(self, texts: Sequence[str], nearest: list[list[Example]] | None) -> list[list[tuple[str, str]]]:
        """Examples that only this text's prompt shows, as `render` orders them: the most similar last, next to the text."""
        if nearest is not None:
            return [[(example.text, example.label) for example in reversed(row)] for row in nearest]
        if self._training is None:
            return [[] for _ in texts]
        rows = self._training
        drawn = examples.random(texts, rows.texts, self.bundle.strategy.shots, seed=self.bundle.seed)
        return [[(rows.texts[place], rows.labels[place]) for place in places] for places in drawn]

    def _predictions(self, scored: Scored, nearest: list[list[Example]] | None) -> list[Prediction]:
        probabilities_NL = calibration.apply_temperature(scored.log_probabilities, self.bundle.temperature)
        answers = scored.certain(scored.answers(self.bundle.decoding))
        made = []
        for place, (answer, row_L) in enumerate(zip(answers, probabilities_NL.tolist(), strict=True)):
            probabilities = dict(zip(scored.labels, row_L, strict=True))
            confidence = 0.0 if answer is None else probabilities[answer]
            abstained = self.bundle.abstains(answer, confidence)
            shown = None if nearest is None else nearest[place]
            explanation = scored.reasonings[place] if scored.reasoned else None
            made.append(Prediction(answer, confidence, abstained, probabilities, shown, explanation))
        return made


def _similar(bundle: Bundle, training: TrainingRows | None, device: str) -> "Neighbours | None":
    """What finds similar training rows, where the strategy shows such."""
    if training is None or bundle.strategy.examples != "similar":
        return None
    from gencls.neighbours import Neighbours, encoder  # scikit-learn, which other strategies can do without

    named = bundle.neighbours
    return Neighbours(training.texts, encoder(named.encoder, language=bundle.language, revision=named.revision, device=device))


def check(text: object, place: str) -> None:
    """Raise `TextError` for what is no text; `place` says where it stands."""
    if not isinstance(text, str):
        raise TextError(f"{place}: expected a str, got {type(text).__name__} {str(text)[:60]!r}")
    if surrogate := lone_surrogate(text):
        raise TextError(f"{place}: {half_a_character(surrogate)}")
