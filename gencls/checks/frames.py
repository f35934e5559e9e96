"""Columns on which an expectation can be put, made from all splits together, and the figures of the page."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gencls.alike import plain
from gencls.params import SPLITS, Split

COLUMNS = ["id", "text", "label"]
BYTES_PER_TOKEN = 4
"""A byte-level BPE makes of English about a token per four bytes. No tokenizer exists yet, so this finds what is clearly too long."""


def rows(frames: Mapping[Split, pd.DataFrame]) -> pd.DataFrame:
    """All rows with their split, and `row` (position), `stripped` and `plain` (texts), `tokens` (estimate), `splits`, `near_splits`,
    `labels`, `copies`.

    `splits` and `labels` count those in which the stripped text occurs, `copies` the rows of the same split, text and label, `near_splits`
    the splits in which the plain text occurs, where the stripped one is in one alone. All four are null where the text is null or blank:
    that is an error of its own, and blank texts are not copies of each other.
    """
    union = pd.concat([frames[split].reindex(columns=COLUMNS).assign(split=split) for split in SPLITS], ignore_index=True)
    union[COLUMNS] = union[COLUMNS].astype("str")
    union["row"] = np.arange(len(union))
    union["stripped"] = union["text"].str.strip()
    bytes_of_text = union["stripped"].map(lambda text: len(text.encode()), na_action="ignore").astype(float)
    union["tokens"] = np.ceil(bytes_of_text / BYTES_PER_TOKEN)
    text = union["stripped"].replace("", None)
    union["splits"] = union["split"].groupby(text).transform("nunique")
    union["plain"] = text.map(plain, na_action="ignore")
    union["near_splits"] = union["split"].groupby(union["plain"]).transform("nunique").where(union["splits"] == 1)
    union["labels"] = union["label"].groupby(text).transform("nunique")
    union["copies"] = union["row"].groupby([union["split"], text, union["label"]]).transform("size")
    return union


def classes(train: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """One row per class, smallest first: `train_rows`, `ratio` (largest class / this one; null without rows) and its first training row."""
    counts = train["label"].value_counts()
    table = pd.DataFrame({"label": sorted({*labels, *counts.index})}, dtype="str")
    table["train_rows"] = table["label"].map(counts).fillna(0).astype(int)
    table["ratio"] = table["train_rows"].max() / table["train_rows"].replace(0, np.nan)
    table = table.merge(train.drop_duplicates("label")[COLUMNS], on="label", how="left").assign(split="train")
    table = table.sort_values("train_rows", kind="stable", ignore_index=True)
    return table.assign(row=np.arange(len(table)))


def label_counts(frame: pd.DataFrame, labels: list[str]) -> dict[str, int]:
    """Rows per label, zeros included, in the label set's order; labels outside it follow."""
    counts = frame["label"].value_counts()
    others = sorted(set(counts.index) - set(labels))
    return {label: int(counts.get(label, 0)) for label in [*labels, *others]}


def lengths(frame: pd.DataFrame) -> dict[str, int]:
    """Median, 95th percentile and maximum of the characters of the stripped texts; zeros where there is none."""
    characters = frame["stripped"].dropna().str.len().astype(int)
    if characters.empty:
        return {"median": 0, "p95": 0, "max": 0}
    at = characters.quantile([0.5, 0.95, 1.0], interpolation="nearest")
    return {name: int(value) for name, value in zip(("median", "p95", "max"), at, strict=True)}
