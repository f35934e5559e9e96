"""Every path of the repository, once. Relative to the root, where DVC runs each stage; dvc.yaml says the same (tests/test_dag.py)."""

from pathlib import Path

PARAMS = Path("params.yaml")
SCRATCH = Path(".gencls")
"""Git-ignored: unfinished outputs, training checkpoints, timings. Safe to delete while nothing runs."""

COPIES = "GENCLS_DATA"
"""Environment variable: a folder with copies of data sets and corpora to read in place of their sources."""

REPORT = Path("reports/report.html")
METRICS = Path("reports/metrics.json")
CONFUSION = Path("reports/confusion")
"""Folder with <data set>.csv (label, predicted) of the best model on test, for `dvc plots`."""
RESULTS = Path("reports/results")
"""Folder with <data set>.json: every arm's numbers on test and which rows it got right, for tables over runs."""


def raw(ds: str) -> Path:
    """Folder with a data set's card and, for source `files`, its files."""
    return Path("data/raw") / ds


def data(ds: str) -> Path:
    """Folder with {train,validation,test}.parquet (id, text, label) and labels.json."""
    return Path("data") / ds


def corrected(ds: str) -> Path:
    """Beside them, only where training rows were corrected: these rows as their source has them, and new_label, who, why."""
    return data(ds) / "corrected.parquet"


def mined(ds: str) -> Path:
    """Confidence per training row (id, confidence, suggested, uncertain)."""
    return Path("data/mined") / f"{ds}.parquet"


def definitions(ds: str) -> Path:
    """One line per label, and who wrote it."""
    return Path("data/definitions") / f"{ds}.json"


def neighbours(ds: str) -> Path:
    """Folder with {train,validation,test}.parquet (id, neighbours, similarities): each row's most similar training rows."""
    return Path("data/neighbours") / ds


def prompts(ds: str, strategy: str) -> Path:
    """Folder with {train,validation,test}.jsonl, rendered, mixed.jsonl where the strategy has mixed texts, and prompts.json: how labels are
    written in them."""
    return Path("data/prompts") / ds / strategy


def asked(ds: str) -> Path:
    """Digests of the prompts that models are asked with."""
    return Path("data/asked") / f"{ds}.json"


def base(ds: str) -> Path:
    """Folder of the base model, or for a hub base of the pointer to its resolved commit."""
    return Path("models/base") / ds


def reasoner(ds: str) -> Path:
    """Folder of the reasoning generator; without weights where it is switched off."""
    return Path("models/reasoner") / ds


def rationales(ds: str) -> Path:
    """A rationale per training row and kind (id, written, blind); rows without one are absent."""
    return Path("data/rationales") / f"{ds}.parquet"


def rationalising(ds: str) -> Path:
    """Counts of the rationalise stage."""
    return Path("reports/rationalise") / f"{ds}.json"


def model(trainer: str, ds: str, name: str) -> Path:
    """Folder of a trained model; `trainer` is sft or rl, `name` its strategy, or its warm-up and algorithm: `zero_shot/grpo`."""
    return Path("models") / trainer / ds / name


def bundle(ds: str) -> Path:
    """Folder of the finished model: all that predicting needs."""
    return Path("models/bundle") / ds


def curve(stage: str, ds: str, name: str | None = None) -> Path:
    """Learning curve (csv) of base, head, reasoner, sft or rl."""
    return Path("reports") / stage / (f"{ds}/{name}.csv" if name else f"{ds}.csv")


def validation_json(ds: str) -> Path:
    """Findings of the validate stage."""
    return Path("reports/validate") / f"{ds}.json"


def validation_page(ds: str) -> Path:
    """The same for people."""
    return Path("reports/validate") / f"{ds}.html"


def validated(ds: str) -> Path:
    """There where no finding is an error; always the same, so that a warning more or less makes nothing downstream run again."""
    return Path("reports/validate") / f"{ds}.passed"


def mining(ds: str) -> Path:
    """Summary of the mine stage."""
    return Path("reports/mine") / f"{ds}.json"


def mining_page(ds: str) -> Path:
    """The marked rows for people."""
    return Path("reports/mine") / f"{ds}.html"


def mining_csv(ds: str) -> Path:
    """The marked rows with empty columns for what a person decides."""
    return Path("reports/mine") / f"{ds}.csv"


def corrections(ds: str) -> Path:
    """The same filled in, where a person saves it: an input of ingest. The folder is always there, the file need not be."""
    return Path("data/corrections") / f"{ds}.csv"


def head(ds: str) -> Path:
    """Folder with metrics.json and the predictions of the classification head on the test split."""
    return Path("reports/head") / ds


def baseline(ds: str) -> Path:
    """Folder with metrics.json and <baseline>.csv, the predictions on the test split."""
    return Path("reports/baseline") / ds


def baseline_corrections(ds: str) -> Path:
    """Among them, only where training rows were corrected: what that changed."""
    return baseline(ds) / "corrections.json"


def evaluation(ds: str, trainer: str, name: str) -> Path:
    """Folder with metrics.json and <inference strategy>.csv: one model's row of the grid, on validation."""
    return Path("reports/evaluate") / ds / trainer / name


def final(ds: str) -> Path:
    """Folder with metrics.json and, per chosen cell, its predictions and log-probabilities on validation and on test."""
    return Path("reports/final") / ds


def timing(stage: str, *cell: str) -> Path:
    """Seconds that the last run of a cell took."""
    return SCRATCH / "timings" / f"{'-'.join([stage, *cell]).replace('/', '-')}.json"
