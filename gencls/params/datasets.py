"""Section `datasets`: where rows come from, and how they are read."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gencls.params.hub import HubRows
from gencls.params.section import Positive, Section, Share

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Severity = Literal["error", "warning"]
Format = Literal["csv", "tsv", "jsonl", "parquet"]
Column = Annotated[str, Field(coerce_numbers_to_str=True)]
"""Of a file without a header its place, which YAML reads as a number."""
RESERVED_NAMES = ("raw", "asked", "mined", "definitions", "neighbours", "prompts", "rationales", "corrections", "incoming")
"""Folders of data/ that are not data sets."""
LONGEST_CELL = 2**26
"""Characters of a csv cell; Python's own limit is 131,072, which a long document passes."""


class SplitRows(Section):
    """Rows to generate per split."""

    train: Positive
    validation: Positive
    test: Positive


class SplitFiles(Section):
    """One file per split."""

    train: str
    validation: str | None = None
    """null: `validation` of the data set is the share of the training file that is held out."""
    test: str


class SplitNames(Section):
    """One name per split."""

    train: str = "train"
    validation: str = "validation"
    test: str = "test"


class DataSet(Section):
    """What every data set has, wherever it comes from."""

    language: Literal["en", "zh"] = "en"
    """Language of the prompt, not of the text."""


class BuiltinDataSet(DataSet):
    """Rows made by a generator of this project."""

    source: Literal["builtin"]
    generator: Literal["intents", "relevance", "taxonomy"] = "intents"
    rows: SplitRows | None = None
    """null: as many as the generator says, `ROWS` in its package."""
    noise: Share = 0.04
    """Share of training labels replaced by a wrong one; the truth is recorded beside them."""


class TableDataSet(DataSet):
    """What a table needs so that its rows can be read."""

    text: Column = "text"
    """Column, or a template over columns such as `"OLD: {old}\\nNEW: {new}"`."""
    label: Column = "label"
    """Column."""
    labels: dict[Column, str] | str = Field(default={})
    """Its value → name of the label, where it holds numbers or codes, as `{0: World, 1: Sports}`; or a JSON file in data/raw/<data set>.
    Values that share a name become one class. Empty: the values are the names. The hub's class numbers have theirs already."""
    sha256: dict[Split, str] = Field(default={})
    """Digest of each split's rows as read; a mismatch stops ingest."""


class FilesDataSet(TableDataSet):
    """csv, tsv, jsonl or parquet files under data/raw/<data set>/."""

    source: Literal["files"]
    files: str | SplitFiles
    """One file, split by the seed and stratified by label, or one file per split."""
    format: Format | None = None
    """By default what the name's ending says; .json is read as jsonl."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """One character; by default `,` for csv and a tab for tsv."""
    encoding: str = "utf-8"
    """As Python names it; a byte order mark is dropped."""
    header: bool = True
    """Of csv and tsv: false where the first line is a row already. Columns are then called by their place: 1, 2, …"""
    quoting: bool = True
    """Of csv and tsv: false where a double quote is a character like any other, as in many tsv files."""
    validation: Share = 0.1
    """Share of a single file, or of the training file where none is named for it, held out for validation."""
    test: Share = 0.2
    """Share of a single file held out for the test."""

    @model_validator(mode="after")
    def _rows_are_left(self) -> "FilesDataSet":
        if isinstance(self.files, str) and self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave no rows for training; their sum must be below 1")
        return self


class GitDataSet(FilesDataSet):
    """Files in a git repository at a commit, read through `dvc.api`."""

    source: Literal["git"]  # type: ignore[assignment]  # narrows the discriminator of FilesDataSet
    repo: str
    """URL or folder of the repository."""
    rev: str
    """Commit, so that the rows can be had again."""


class HubDataSet(HubRows, TableDataSet):
    """A data set of the Hugging Face hub, or a local folder of the same format."""

    source: Literal["hub"]
    splits: SplitNames = SplitNames()
    """Names of the splits there; `train[:90%]` takes a part of one."""


AnyDataSet = Annotated[BuiltinDataSet | FilesDataSet | GitDataSet | HubDataSet, Field(discriminator="source")]


class Validate(Section):
    """What a finding does: `error` stops everything downstream, `warning` is reported."""

    leak: Severity = "error"
    """The same text in two splits."""
    near_leak: Severity = "warning"
    """The same but for case, punctuation and white space."""
    conflict: Severity = "warning"
    """One text with two labels."""
    duplicate: Severity = "warning"
    """One text twice with the same label in one split."""
    single_row: Severity = "error"
    """A class with a single training row."""
    missing_class: Severity = "error"
    """A label of the label set without a training row."""
    too_long: Severity = "warning"
    """A text longer than the model can read."""
    imbalance: Severity = "warning"
    """The largest class has more than `max_imbalance` times the rows of the smallest."""
    max_imbalance: float = Field(default=100.0, gt=1)
