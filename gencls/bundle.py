"""The bundle: one folder with everything that a finished classifier needs, but for a sentence-transformers model that
`neighbours.encoder` names. No torch here.

    config.json, model.safetensors, tokenizer…  what transformers writes; `AutoModelForCausalLM.from_pretrained(folder)` reads it
    bundle.json       how the model is asked, what its probabilities are worth, where it comes from (`Bundle`)
    training.parquet  id, text, label: the rows that examples are taken from, where the strategy takes them per text
    validation.parquet, known.json   what new rows are compared with (gencls/drift/reference.py); no answer depends on them
    README.md         the model card, made from bundle.json (gencls/model_card.py)

The same model, rows and library versions give the same bytes. A bundle is read by the version of the format that wrote it and no other.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from gencls.errors import InputError
from gencls.params import Decoding, Neighbours, Section, Split, Strategy

VERSION = 1
"""Of the format; it rises with every change after which the same bundle.json would be read otherwise, or not at all."""
MANIFEST = "bundle.json"
TRAINING = "training.parquet"
CARD = "README.md"
TRAINING_SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string())])


class BundleError(InputError):
    """A folder is no bundle that can be used; the message names it and what to do."""


class Score(Section):
    """A cell of the grid on validation."""

    title: str
    """The model and how it is asked."""
    accuracy: float
    macro_f1: float


class Measured(Section):
    """The bundle's own cell on one split; intervals are 95 % over rows."""

    rows: int
    accuracy: float
    accuracy_ci: tuple[float, float]
    macro_f1: float
    macro_f1_ci: tuple[float, float]
    log_loss: float | None
    """Before the temperature, like the next."""
    ece: float | None


class Origin(Section):
    """Where a bundle comes from: nothing here changes an answer."""

    title: str
    """Its cell of the grid."""
    grid: list[Score]
    """All cells on validation, the best first."""
    validation: Measured
    test: Measured
    base: str
    """`builtin`, or the hub id or folder of the base model."""
    base_commit: str | None
    commit: str | None
    """Of the code and parameters; None where they were in no commit."""
    data: dict[Split, str]
    """sha256 of the text and label of every row, by split (`gencls.sources.rows.digest`)."""
    parameters: dict[str, Any]
    """Sections of params.yaml that the model depends on."""
    versions: dict[str, str]
    """Of the libraries."""


class Bundle(Section):
    """bundle.json."""

    version: int = VERSION
    data_set: str
    language: Literal["en", "zh"]
    """Of the prompt."""
    labels: list[str]
    """Names, in the order of the label list."""
    definitions: dict[str, str]
    """Label name → one line."""
    strategy: Strategy
    """How the model is asked."""
    written: dict[str, str]
    """Label name → what the model reads and writes for it; Uncertain among them where the strategy offers it."""
    fixed: list[tuple[str, str]]
    """Text and label name of the examples that every prompt shows."""
    decoding: Decoding
    """How the label is chosen."""
    temperature: float
    """Of the probabilities (gencls/calibration.py), fitted on validation."""
    threshold: float | None
    """Confidence below which the classifier abstains; None where validation has none that makes it precise enough."""
    precision: float
    """What the threshold was chosen for."""
    text: str
    """Column of the text where the rows came from, or a template over columns."""
    max_length: int
    """Tokens of prompt and answer together; longer texts lose their middle."""
    max_reasoning: int
    """Tokens of the reasoning that the model may write before its label; 0 where it answers directly."""
    batch_tokens: int
    """Tokens per scoring batch; changes speed only."""
    dtype: Literal["float32", "bfloat16"]
    """Of the weights when they were evaluated."""
    neighbours: Neighbours
    """What finds similar rows."""
    seed: int
    """Of random examples."""
    weights: str
    """sha256 (`gencls.models.digest`)."""
    origin: Origin

    @property
    def retrieves(self) -> bool:
        """Whether examples are taken from the training rows for each text."""
        return self.strategy.shots > 0 and self.strategy.examples != "fixed"

    def abstains(self, answer: str | None, confidence: float) -> bool:
        """Whether an answer is better not given: it is none, or its confidence is below the threshold."""
        return answer is None or confidence < (self.threshold or 0.0)


@dataclass(frozen=True)
class TrainingRows:
    """Where examples come from, labelled as the strategy teaches them."""

    ids: list[str]
    texts: list[str]
    labels: list[str]


def write(bundle: Bundle, model: Path, training: TrainingRows, card: str, folder: Path) -> None:
    """Write a bundle into `folder`, which is made here.

    Args:
        model: folder of the trained model (`gencls.models.save`): adapters are merged there already.
        training: written only where the strategy takes examples from them per text.
    """
    without = shutil.ignore_patterns("gencls.json")  # the training's card; bundle.json says it all
    shutil.copytree(model, folder, ignore=without, copy_function=shutil.copyfile)  # not its modes: weights there are for their owner alone
    if bundle.retrieves:
        columns = [training.ids, training.texts, training.labels]
        pq.write_table(pa.table(columns, schema=TRAINING_SCHEMA), folder / TRAINING)
    content = json.dumps(_content(bundle), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(content + "\n", encoding="utf-8", newline="\n")
    (folder / CARD).write_text(card, encoding="utf-8", newline="\n")


def _content(bundle: Bundle) -> dict[str, Any]:
    """Everything said, defaults too, so that another default never changes a bundle; `examples` may not stand beside no shots."""
    content: dict[str, Any] = bundle.model_dump(mode="json")
    if not bundle.strategy.shots:
        del content["strategy"]["examples"]
    return content


def read(folder: Path) -> Bundle:
    """The manifest of a bundle.

    Raises:
        BundleError: there is no such folder, it is no bundle, its version is another, or a part of it is missing or damaged.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise BundleError(_no_bundle(folder))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{file}: not JSON, so the bundle is damaged: {error}") from None
    _check_version(content, file)
    try:
        bundle = Bundle.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(f"{file}: damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if bundle.retrieves and not (folder / TRAINING).is_file():
        raise BundleError(f"{folder}: {TRAINING} is missing, from which the strategy takes its examples; copy the whole folder")
    return bundle


def training_rows(folder: Path) -> TrainingRows:
    """The rows that examples are taken from.

    Raises:
        BundleError: the file is damaged.
    """
    try:
        columns = pq.read_table(folder / TRAINING, schema=TRAINING_SCHEMA).to_pydict()
    except pa.ArrowInvalid as error:
        raise BundleError(f"{folder / TRAINING}: damaged: {error}") from None
    return TrainingRows(columns["id"], columns["text"], columns["label"])


def _no_bundle(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder}: no such folder; a bundle is what `dvc repro` writes to models/bundle/<data set>"
    if (folder / "config.json").is_file():
        return f"{folder} holds a model but no {MANIFEST}, so nobody can tell how it is asked; bundles are in models/bundle/<data set>"
    inside = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    hint = f"; bundles in it: {', '.join(inside)}" if inside else ""
    return f"{folder} is no bundle: it has no {MANIFEST}{hint}"


def _check_version(content: Any, file: Path) -> None:
    found = content.get("version") if isinstance(content, Mapping) else None
    if found == VERSION:
        return
    if isinstance(found, int) and found > VERSION:
        raise BundleError(f"{file}: the bundle has version {found}, this gencls reads version {VERSION}; a newer gencls reads it")
    if isinstance(found, int):
        raise BundleError(f"{file}: the bundle has version {found}, this gencls reads version {VERSION}; make it again with `dvc repro`")
    raise BundleError(f"{file}: no version, so this is no bundle of gencls")
