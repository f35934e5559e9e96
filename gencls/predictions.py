"""The predictions file: what an arm answered on each row of a split, with the probability of every label."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gencls.arrays import Floats
from gencls.metrics import DIGITS, codes


def frame(  # noqa: PLR0913  # the columns of a file, one argument each
    ids: Sequence[str],
    texts: Sequence[str],
    gold: Sequence[str],
    predicted: Sequence[str | None],
    probabilities: Floats | None,
    labels: Sequence[str],
) -> pd.DataFrame:
    """The predictions file: id, text, label, predicted ("" outside the label set), confidence, p_<label>…; six digits, NaN if unknown."""
    shape = (len(ids), len(labels))
    p_NL = np.full(shape, np.nan) if probabilities is None else np.asarray(probabilities, dtype=np.float64).reshape(shape)
    predicted_N = codes(predicted, labels, "predicted")
    confidence_N = np.append(p_NL, np.full((len(ids), 1), np.nan), axis=1)[np.arange(len(ids)), predicted_N]
    head = pd.DataFrame({"id": list(ids), "text": list(texts), "label": list(gold), "predicted": [x or "" for x in predicted]})
    numbers = pd.DataFrame(np.column_stack([confidence_N, p_NL]), columns=["confidence", *(f"p_{label}" for label in labels)])
    return pd.concat([head, numbers.round(DIGITS)], axis=1)


def write(rows: pd.DataFrame, path: Path) -> None:
    """Stable bytes; every text is quoted, or a lone carriage return in one would end its row."""
    rows.to_csv(path, index=False, float_format="%.6f", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def read(path: Path) -> pd.DataFrame:
    """Read a predictions file back: a text or a label such as "NA" or "null" stays what it is."""
    words = {"id": str, "text": str, "label": str, "reasoning": str, "predicted": str}
    numbers = [column for column in pd.read_csv(path, nrows=0).columns if column not in words]
    return pd.read_csv(path, dtype=words, keep_default_na=False, na_values={column: [""] for column in numbers})
