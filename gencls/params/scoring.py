"""Section `score`: new rows through a finished model."""

from pydantic import Field

from gencls.params.section import Section


class Score(Section):
    """`flows/score.py`: new rows through a finished model; a run ends Failed where they differ too much from validation.

    A measure (gencls/drift/measures.py) counts as exceeded where its effect size is above its threshold and its test's p is below `alpha`.
    """

    model: str | None = None
    """Folder of a bundle; null: that of the one data set under `datasets`."""
    source: str = "data/incoming"
    """A file, or a folder whose csv, tsv, jsonl and parquet files are read: the rows of one period."""
    out: str = "reports/score"
    """Folder for the predictions, and for drift.html and drift.json."""
    text: str | None = None
    """Column of the text, or a template; null: as in the data set."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of csv; null: as in the data set."""
    encoding: str | None = None
    """Of csv, tsv and jsonl; null: of csv as in the data set, of the others utf-8."""
    alpha: float = Field(default=0.01, gt=0, lt=1)
    labels: float = Field(default=0.25, ge=0)
    """Population stability index of the predicted labels."""
    confidence: float = Field(default=0.2, ge=0)
    """Kolmogorov-Smirnov distance of the confidence."""
    abstained: float = Field(default=0.1, ge=0)
    """Rise of the share abstained."""
    unseen_characters: float = Field(default=0.01, ge=0)
    """Rise of the mean share of a text's characters that training never showed."""
    unseen_tokens: float = Field(default=0.1, ge=0)
    """The same of words, in Chinese of pairs of characters."""
