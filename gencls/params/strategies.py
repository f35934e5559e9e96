"""Section `strategies`, and what prompts are made of besides the rows: marked labels, definitions, similar rows."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from gencls.params.section import Positive, Section

Reasoning = Literal["none", "written", "blind", "shuffled", "withheld", "matched"]
RationaleKind = Literal["written", "blind"]
REASONS: tuple[Reasoning, ...] = ("written", "blind", "shuffled")
"""Under which a model writes a reasoning before its label."""


class Strategy(Section):
    """How a row becomes a prompt: GenCLS++'s dimensions as one record, any combination; the same names serve for training and inference."""

    shots: Literal[0, 1, 3, 5] = 0
    """Labelled training rows before the text."""
    examples: Literal["random", "fixed", "similar"] = "random"
    """Which ones: drawn anew for every row, the same for all, or the nearest to the text; never the row itself nor its text."""
    definitions: bool = False
    """One line per label in place of the bare label list; theirs or those that `define` wrote."""
    uncertain: bool = False
    """Offer the label Uncertain, and give it to the training rows that `mine` marked."""
    labels: Literal["name", "number"] = "name"
    """`number` writes each label as a number that carries no meaning and no order."""
    reasoning: Reasoning = "none"
    """What is written before the label. The rationales of `rationalise`: `written` for the gold label (the two-stage paper's Q->RA),
    `blind` without it, `shuffled` between rows of a class. Or nothing, on the rows that have a rationale: `withheld` (its Q->A), or
    `matched`: those rows repeated until they are as many tokens as with rationales. `none` trains on all rows."""
    mixed: int = Field(default=0, ge=0)
    """Texts mixed from pieces of training texts, labelled by the linear SVM (gencls/mixing.py), that SFT learns besides the rows, each in
    one epoch; tens of thousands help where rows are few."""

    @property
    def reasons(self) -> bool:
        """Whether the model writes a reasoning before its label."""
        return self.reasoning in REASONS

    @property
    def needs(self) -> RationaleKind | None:
        """The rationales whose rows it is trained on."""
        return None if self.reasoning == "none" else "blind" if self.reasoning == "blind" else "written"

    @property
    def asked(self) -> "Strategy":
        """The same as far as a prompt at inference shows it."""
        return self.model_copy(update={"reasoning": "written" if self.reasons else "none", "mixed": 0})

    @model_validator(mode="after")
    def _reasoning_is_for_the_gold_label(self) -> "Strategy":
        if self.uncertain and self.reasoning != "none":
            raise ValueError(f"reasoning: {self.reasoning} explains the gold label, which uncertain takes away; choose one of the two")
        return self

    @model_validator(mode="after")
    def _mixed_texts_have_no_more_than_a_label(self) -> "Strategy":
        if self.mixed and self.reasoning != "none":
            raise ValueError(f"mixed: a mixed text has no rationale, which reasoning: {self.reasoning} needs; choose one of the two")
        if self.mixed and self.shots and self.examples != "fixed":
            raise ValueError("mixed: beside a mixed text would stand the rows that it is made of; choices: examples: fixed, or no shots")
        return self

    @model_validator(mode="after")
    def _examples_are_shown(self) -> "Strategy":
        if "examples" in self.model_fields_set and not self.shots:
            raise ValueError(f"examples: {self.examples} needs shots; choices: 1, 3, 5")
        return self


class Neighbours(Section):
    """The search for similar training rows, done once per data set."""

    encoder: str = "tfidf"
    """`tfidf`, or the hub id or folder of a sentence-transformers model (needs the extra `embeddings`)."""
    revision: str | None = None
    """Commit of a hub id."""


class Mine(Section):
    """Label-uncertainty mining: training rows whose gold label is hard to believe."""

    scorer: Literal["cross_fit", "zero_shot"] = "cross_fit"
    """Whose belief: that of two cheap models fitted on other rows, or that of two bases not trained on the labels."""
    bases: list[str] = Field(default=[])
    """Of `zero_shot`, each a folder or a hub id, pinned as `id@commit`: the two with the best accuracy on validation score the training
    rows (GenCLS++: the two best zero-shot; the split is our reading). With fewer than two, this one, or else the base of the data set,
    under two prompts."""
    fraction: float = Field(default=0.10, gt=0, lt=1)
    """Share of the training rows marked, lowest confidence first (GenCLS++: 10 %; of which rows is our reading)."""
    folds: int = Field(default=5, ge=2)
    """Of `cross_fit`."""

    @field_validator("bases")
    @classmethod
    def _bases_differ(cls, bases: list[str]) -> list[str]:
        if len(set(bases)) < len(bases):
            raise ValueError("a base is named twice; two that say the same are one")
        return bases


class Define(Section):
    """Definitions of categories that the data set does not define itself."""

    words: Positive = 8
    """Most telling words per class; all that the builtin base can offer. An instruct base is asked for a sentence."""
