"""params.yaml, typed once.

Every knob of the pipeline is declared here and nowhere else: the stages, the flow's form in the Prefect UI and the presets' test all
read these models. The file is YAML 1.2 (`1e-05` is a number, as `dvc exp run -S` writes it), unknown keys are errors, and a whole file
is checked before anything runs. Data sets and strategies are mappings, because DVC's `matrix` iterates their keys.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gencls.errors import InputError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Decoding = Literal["trie", "likelihood", "perplexity", "pmi", "generate"]
Algorithm = Literal["reinforce_pp", "reinforce_pp_baseline", "grpo", "expected", "sft"]
ClassWeights = Literal["none", "balanced"]
OptimizerName = Literal["muon", "adamw"]
Severity = Literal["error", "warning"]
Format = Literal["csv", "tsv", "jsonl", "parquet"]
Reasoning = Literal["none", "written", "blind", "shuffled", "withheld", "matched"]
RationaleKind = Literal["written", "blind"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
"""Becomes a folder and a DVC stage name."""
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]

RESERVED_NAMES = ("raw", "asked", "mined", "definitions", "neighbours", "prompts", "rationales", "corrections")
"""Folders of data/ that are not data sets."""


class ParamsError(InputError):
    """params.yaml is wrong; the message names the key, the value and the choices."""


class Section(BaseModel):
    """Base of every section: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, content: Any) -> Any:
        """Each section knows its own keys, so that the message can offer them."""
        known = [info.alias or name for name, info in cls.model_fields.items()]
        for key in content if isinstance(content, dict) else ():
            if key not in known:
                raise PydanticCustomError("unknown_key", "{key}: unknown key; choices: {known}", {"key": key, "known": ", ".join(known)})
        return content


class SplitRows(Section):
    """Rows to generate per split."""

    train: Positive
    validation: Positive
    test: Positive


class SplitFiles(Section):
    """One file per split."""

    train: str
    validation: str
    test: str


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

    text: str = "text"
    """Column, or a template over columns such as `"OLD: {old}\\nNEW: {new}"`."""
    label: str = "label"
    """Column."""
    sha256: dict[Split, str] = {}
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
    validation: Share = 0.1
    """Share of a single file held out for validation."""
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


class HubDataSet(TableDataSet):
    """A data set of the Hugging Face hub, or a local folder of the same format."""

    source: Literal["hub"]
    id: str
    revision: str | None = None
    """Commit; required unless `id` is a local folder."""
    config: str | None = None
    splits: SplitFiles = SplitFiles(train="train", validation="validation", test="test")
    """Names of the splits there; `train[:90%]` takes a part of one."""

    @model_validator(mode="after")
    def _rows_are_pinned(self) -> "HubDataSet":
        if self.revision is None and not Path(self.id).is_dir():
            raise ValueError(f"{self.id!r} is not a local folder, so it is a hub id and needs `revision`: the commit whose rows are meant")
        return self


AnyDataSet = Annotated[BuiltinDataSet | FilesDataSet | GitDataSet | HubDataSet, Field(discriminator="source")]


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

    @property
    def reasons(self) -> bool:
        """Whether the model writes a reasoning before its label."""
        return self.reasoning in ("written", "blind", "shuffled")

    @property
    def needs(self) -> RationaleKind | None:
        """The rationales whose rows it is trained on."""
        return None if self.reasoning == "none" else "blind" if self.reasoning == "blind" else "written"

    @property
    def asked(self) -> "Strategy":
        """The same as far as a prompt at inference shows it."""
        return self.model_copy(update={"reasoning": "written" if self.reasons else "none"})

    @model_validator(mode="after")
    def _reasoning_is_for_the_gold_label(self) -> "Strategy":
        if self.uncertain and self.reasoning != "none":
            raise ValueError(f"reasoning: {self.reasoning} explains the gold label, which uncertain takes away; choose one of the two")
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


class Lora(Section):
    """Low-rank adapters (peft)."""

    r: Positive = 16
    alpha: Positive = 32
    dropout: Share = 0.05
    targets: str | list[str] = "all-linear"


class Model(Section):
    """The base model and how it is loaded."""

    base: str = "builtin"
    """`builtin`, a hub id, or a local folder; safetensors only, remote code off."""
    revision: str | None = None
    """Commit of a hub id; the resolved one is recorded either way."""
    max_length: Positive = 512
    """Tokens of prompt and answer together; longer texts lose their middle."""
    max_reasoning: Positive = 48
    """Tokens of a reasoning written before the label; of `max_length` they are kept free where a strategy reasons."""
    lora: Lora | None = None
    """null trains all weights."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: Literal["auto", "cpu", "cuda"] = "auto"


class Base(Section):
    """The builtin base: a byte-level BPE and a decoder, trained as a language model on the data set's training texts."""

    vocab_size: Positive = 4000
    layers: Positive = 3
    width: Positive = 192
    heads: Positive = 6
    dropout: Share = 0.1
    """On residual connections, here and in SFT."""
    unmerge: Share = 0.1
    """Probability with which a token is split into the two it was merged from (seeded BPE-dropout)."""
    epochs: Positive = 4
    batch_size: Positive = 32
    optimizer: OptimizerName = "muon"
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)


class Validate(Section):
    """What a finding does: `error` stops everything downstream, `warning` is reported."""

    leak: Severity = "error"
    """The same text in two splits."""
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


class Mine(Section):
    """Label-uncertainty mining: training rows whose gold label is hard to believe."""

    scorer: Literal["cross_fit", "zero_shot"] = "cross_fit"
    """Whose belief: that of two cheap models fitted on other rows, or that of two bases not trained on the labels."""
    bases: list[str] = []
    """Of `zero_shot`, each a folder or a hub id, pinned as `id@commit`: the two with the best accuracy on validation score the training
    rows (GenCLS++). With fewer than two, this one, or else the base of the data set, under two prompts."""
    fraction: float = Field(default=0.10, gt=0, lt=1)
    """Share of the training rows marked, lowest confidence first (GenCLS++: 10 %)."""
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


class Head(Section):
    """The discriminative baseline: a classification head on the same base, trained as `sft` says."""

    enabled: bool = True
    """It costs a training run."""


class Train(Section):
    """One supervised or RL training run."""

    epochs: Positive
    batch_size: Positive
    optimizer: OptimizerName = "adamw"
    """`muon` for a small base trained from nothing; `adamw` for one that was pretrained with it."""
    lr: float = Field(gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    warmup: Share = 0.05
    """Share of the steps over which the learning rate rises."""


class Sft(Train):
    """Supervised fine-tuning on the completion."""

    epochs: Positive = 6
    batch_size: Positive = 32
    optimizer: OptimizerName = "muon"
    lr: float = Field(default=1e-3, gt=0)
    unmerge: Share = 0.1
    """Seeded BPE-dropout of the texts, as in `base`; serves any base whose tokenizer is a BPE."""
    class_weights: ClassWeights = "none"
    """`balanced` weighs a row's loss by the inverse frequency of its class."""


class BuiltinCorpus(Section):
    """Small task families made by this project, none of them a classification data set."""

    source: Literal["builtin"]
    rows: Positive = 6000


class TableCorpus(Section):
    """Columns of a corpus."""

    question: str = "question"
    answer: str = "answer"
    reasoning: str = "reasoning"


class FilesCorpus(TableCorpus):
    """data/raw/<name>/train.jsonl, or its copy under `GENCLS_DATA`."""

    source: Literal["files"]
    name: Name
    sha256: str
    """Of the rows as read; a mismatch stops the stage and says what was read."""


class HubCorpus(TableCorpus):
    """A data set of the Hugging Face hub, or a local folder of the same format."""

    source: Literal["hub"]
    id: str
    revision: str | None = None
    """Commit; required unless `id` is a local folder."""
    config: str | None = None
    split: str = "train"
    """`train[:10%]` takes a part."""

    @model_validator(mode="after")
    def _rows_are_pinned(self) -> "HubCorpus":
        if self.revision is None and not Path(self.id).is_dir():
            raise ValueError(f"{self.id!r} is not a local folder, so it is a hub id and needs `revision`: the commit whose rows are meant")
        return self


AnyCorpus = Annotated[BuiltinCorpus | FilesCorpus | HubCorpus, Field(discriminator="source")]
CORPORA: dict[str, type[Section]] = {"builtin": BuiltinCorpus, "files": FilesCorpus, "hub": HubCorpus}


class Reasoner(Train):
    """Stage one of the two-stage recipe: the base learns to write a reasoning for a question and its answer."""

    enabled: bool = False
    """Strategies that reason need it; without them it would be a training run for nothing."""
    corpus: AnyCorpus = BuiltinCorpus(source="builtin")
    blind: Share = 0.2
    """Share of the rows whose answer is left out, so that the same reasoner can write without it; 0 is the paper's."""
    epochs: Positive = 4
    batch_size: Positive = 32
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
    batch_tokens: Positive = 8192
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


class Rl(Train):
    """Reinforcement learning after the SFT warm-up."""

    algorithms: list[Algorithm] = ["reinforce_pp"]
    """`expected` is the exact gradient of the expected reward, without sampling; `sft` the control: as many steps of plain SFT."""
    warmup_strategy: Name = "zero_shot"
    """Strategy whose SFT model is the starting policy and the KL reference."""
    holdout: Share = 0.0
    """Share of the training rows, stratified, that the warm-up leaves out and RL learns from; 0: both see all rows."""
    epochs: Positive = 1
    batch_size: Positive = 64
    """Prompts per optimiser step."""
    batch_tokens: Positive = 16384
    """Tokens per pass; a larger step is computed in parts, for about a third more time. Changes speed and memory only."""
    samples: Positive = 8
    """Rollouts per prompt."""
    evaluations: Positive = 4
    """Times that validation accuracy is measured, the last at the end; the best checkpoint is kept."""
    patience: Positive | None = None
    """Evaluations in a row without a better one after which training stops; null trains to the end."""
    lr: float = Field(default=5e-5, gt=0)
    kl: float = Field(default=0.01, ge=0)
    """Coefficient of the KL to the warm-up."""
    kl_form: Literal["paper", "k1_reward", "k2_loss", "k3_loss"] = "paper"
    """Estimate and place of the KL: `paper` is k3 in the loss for grpo, k1 in the reward for the others; `expected` has the exact KL."""
    wrong: Literal[0, -1] = -1
    """Reward of a wrong answer; a right one gets 1 (REINFORCE++ section 5.1 advises symmetric rewards)."""
    class_weights: ClassWeights = "none"
    """`balanced`, for macro-F1, scales a row's rewards by the inverse frequency of its class; without effect on grpo, which divides by
    the scale. For `sft` as under `sft`."""
    drop_dead_groups: bool = True
    """grpo and reinforce_pp_baseline: prompts whose samples all have one reward leave the normalisation and the denominators."""

    @field_validator("samples")
    @classmethod
    def _groups_have_others(cls, samples: int, info: ValidationInfo) -> int:
        grouped = [name for name in info.data.get("algorithms", []) if name in ("grpo", "reinforce_pp_baseline")]
        if grouped and samples < 2:
            raise ValueError(f"{grouped[0]} compares the samples of a prompt with each other, so it needs 2 or more")
        return samples


class Grid(Section):
    """Which strategies are trained, and under which strategies and decodings each model is evaluated."""

    train: list[Name] = Field(default=["zero_shot", "similar_3"], min_length=1)
    infer: list[Name] = Field(default=["zero_shot", "similar_3"], min_length=1)
    decoding: list[Decoding] = Field(default=["trie", "perplexity", "generate"], min_length=1)


class Evaluate(Section):
    """Metrics and their intervals."""

    batch_tokens: Positive = 8192
    """Tokens per scoring batch; changes speed only."""
    bootstrap: Positive = 1000
    """Resamples of a 95 % interval."""
    bins: Positive = 15
    """Of the expected calibration error."""
    precision: float = Field(default=0.95, gt=0, le=1)
    """Wanted of the answers that a model gives by itself; below the confidence that reaches it on validation it had better abstain."""


class Report(Section):
    """The page."""

    title: str = "Generative text classification"
    study: Name = "strategies"
    """Runs that this one is recorded beside: results/runs/<ds>-<study>-<seed>.json. `strategies`, `rl` and `reasoning` make tables."""
    rows: Positive = 15
    """Rows listed as hardest, and as most confidently wrong."""


class Params(Section):
    """The whole of params.yaml."""

    seed: int = Field(default=7, ge=0)
    model: Model = Model()
    datasets: dict[Name, AnyDataSet] = Field(min_length=1)
    strategies: dict[Name, Strategy] = Field(min_length=1)
    grid: Grid = Grid()
    checks: Validate = Field(default=Validate(), alias="validate")
    base: Base = Base()
    mine: Mine = Mine()
    define: Define = Define()
    neighbours: Neighbours = Neighbours()
    head: Head = Head()
    reasoner: Reasoner = Reasoner()
    rationalise: Rationalise = Rationalise()
    sft: Sft = Sft()
    rl: Rl = Rl()
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="after")
    def _names_are_defined(self) -> "Params":
        for key in ("train", "infer"):
            for i, name in enumerate(getattr(self.grid, key)):
                _require(name, self.strategies, f"grid.{key}[{i}]", "strategies")
        _require(self.rl.warmup_strategy, self.grid.train, "rl.warmup_strategy", "grid.train")
        if self.strategies[self.rl.warmup_strategy].reasons:
            raise ValueError(
                f"rl.warmup_strategy: {self.rl.warmup_strategy!r} reasons before its label; RL over labels cannot go on from it"
            )
        for name in self.datasets:
            if name in RESERVED_NAMES:
                raise ValueError(f"datasets.{name}: the name is reserved for a folder of data/; reserved: {', '.join(RESERVED_NAMES)}")
        return self

    @model_validator(mode="after")
    def _rationales_are_written(self) -> "Params":
        for name, strategy in self.strategies.items():
            key = f"strategies.{name}.reasoning: {strategy.reasoning}"
            if strategy.needs and not self.reasoner.enabled:
                raise ValueError(f"{key} needs rationales; set reasoner.enabled to true")
            if strategy.needs and strategy.needs not in self.rationalise.kinds:
                raise ValueError(f"{key} needs {strategy.needs!r} among rationalise.kinds, which has {', '.join(self.rationalise.kinds)}")
        if self.reasoner.enabled and "blind" in self.rationalise.kinds and not self.reasoner.blind:
            raise ValueError("rationalise.kinds: blind needs a reasoner that has seen questions without answers; raise reasoner.blind")
        return self


def _require(name: str, defined: Mapping[str, Any] | list[str], key: str, where: str) -> None:
    if name not in defined:
        raise ValueError(f"{key}: {name!r} is not defined under {where}; choices: {', '.join(defined)}")


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
