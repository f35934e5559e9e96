"""Sections `reasoner` and `rationalise`: the two-stage recipe."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from gencls.params.hub import HubRows
from gencls.params.section import Name, Positive, Section, Share
from gencls.params.strategies import RationaleKind
from gencls.params.training import OptimizerName, Train


class BuiltinCorpus(Section):
    """Small task families made by this project, none of them a classification data set."""

    source: Literal["builtin"]
    rows: Positive = 12000
    """A decoder that is trained from nothing learns to quote suddenly, after some 15,000 rows, those of all epochs counted."""


class TableCorpus(Section):
    """Columns of a corpus."""

    question: str = "question"
    answer: str = "answer"
    reasoning: str = "reasoning"
    builtin: int = Field(default=0, ge=0)
    """Rows of the builtin corpus that are learnt besides: a base that is trained from nothing learns from them to heed the answer."""


class FilesCorpus(TableCorpus):
    """data/raw/<name>/train.jsonl, or its copy under `GENCLS_DATA`."""

    source: Literal["files"]
    name: Name
    sha256: str
    """Of the rows as read; a mismatch stops the stage and says what was read."""


class HubCorpus(HubRows, TableCorpus):
    """A data set of the Hugging Face hub, or a local folder of the same format."""

    source: Literal["hub"]
    split: str = "train"
    """`train[:10%]` takes a part."""


AnyCorpus = Annotated[BuiltinCorpus | FilesCorpus | HubCorpus, Field(discriminator="source")]
CORPORA: dict[str, type[Section]] = {get_args(of.model_fields["source"].annotation)[0]: of for of in get_args(get_args(AnyCorpus)[0])}


class Reasoner(Train):
    """Stage one of the two-stage recipe: the base learns to write a reasoning for a question and its answer."""

    enabled: bool = False
    """Strategies that reason need it; without them it would be a training run for nothing."""
    corpus: AnyCorpus = BuiltinCorpus(source="builtin")
    blind: Share = 0.2
    """Share of the rows whose answer is left out, so that the same reasoner can write without it; 0 is the paper's."""
    epochs: Positive = 3
    batch_size: Positive = 16
    optimizer: OptimizerName = "muon"
    lr: float = Field(default=1e-3, gt=0)
    unmerge: Share = 0.1
    """As in `sft`."""

    @field_validator("corpus", mode="before")
    @classmethod
    def _keys_of_other_sources_are_left_over(cls, corpus: Any) -> Any:
        """`dvc exp run -S reasoner.corpus.source=…` cannot take keys away, so those that only other sources have are not read."""
        own = CORPORA.get(str(corpus.get("source"))) if isinstance(corpus, dict) else None
        if own is None:
            return corpus
        needed = [name for name, info in own.model_fields.items() if info.is_required() and name not in corpus]
        if needed:
            added = " ".join(f"-S +reasoner.corpus.{name}=…" for name in needed)
            raise ValueError(f"source {corpus['source']} needs {' and '.join(needed)} (dvc exp run {added})")
        others = {name for section in CORPORA.values() for name in section.model_fields} - set(own.model_fields)
        return {key: value for key, value in corpus.items() if key not in others}


class Rationalise(Section):
    """Stage two a: the reasoner writes a rationale for every training row."""

    kinds: list[RationaleKind] = Field(default=["written"], min_length=1)
    """`written` from text and gold label, `blind` from the text alone. Only rows for which every kind came out well are kept."""
    temperature: float = Field(default=0.7, gt=0)
    top_p: float = Field(default=0.95, gt=0, le=1)
    attempts: Positive = 3
    """Drafts per row: one that is empty, does not end or repeats itself is written anew; then the row is dropped."""
    keep: Literal["all", "consistent"] = "all"
    """`consistent` keeps the rows whose written rationale alone lets a scorer that sees neither text nor label find the gold label."""
    batch_tokens: Positive = 16384
    """Tokens per pass; changes speed, and samples within rounding."""

    @field_validator("kinds")
    @classmethod
    def _kinds_differ(cls, kinds: list[RationaleKind]) -> list[RationaleKind]:
        if len(set(kinds)) < len(kinds):
            raise ValueError("a kind is named twice")
        return kinds

    @model_validator(mode="after")
    def _there_is_something_to_filter(self) -> "Rationalise":
        if self.keep == "consistent" and "written" not in self.kinds:
            raise ValueError("keep: consistent judges the written rationales; name written among kinds")
        return self
