"""Which rows are marked, how many, and how many of them are known to be wrong."""

from collections.abc import Sequence
from typing import Any

import pandas as pd


def mark(confidence: "pd.Series[float]", fraction: float) -> "pd.Series[bool]":
    """True for the `fraction` of all rows with the lowest confidence; NaN is never marked, ties go to the earlier row."""
    lowest = confidence.sort_values(kind="stable", na_position="last").index[: int(fraction * len(confidence))]
    return pd.Series(confidence.index.isin(lowest), index=confidence.index) & confidence.notna()


def marked(train: pd.DataFrame, mined: pd.DataFrame) -> pd.DataFrame:
    """The marked training rows with `suggested` and `confidence`, least believable first; of equals the earlier row first."""
    rows = pd.concat([train, mined[["suggested", "confidence"]]], axis=1)[mined["uncertain"]]
    return rows.sort_values("confidence", kind="stable", ignore_index=True)


def summarise(mined: pd.DataFrame, noisy: "pd.Series[bool] | None", scorers: Sequence[str]) -> dict[str, Any]:
    """Count the marked rows and, where it is known which labels are wrong (`noisy`), how many of those were found."""
    marked = mined["uncertain"]
    found = None if noisy is None else int((noisy & marked).sum())
    return {
        "rows": len(mined),
        "marked": int(marked.sum()),
        "threshold": round(float(mined.loc[marked, "confidence"].max()), 6) if marked.any() else None,
        "scorers": list(scorers),
        "noise": None
        if noisy is None or found is None
        else {
            "rows": int(noisy.sum()),
            "found": found,
            "precision": round(found / marked.sum(), 6) if marked.any() else None,
            "recall": round(found / noisy.sum(), 6) if noisy.any() else None,
        },
    }


def guessers(zero_shot: dict[str, Any]) -> list[str]:
    """Judges that are no better on validation than always answering its most frequent label: their doubt is worth little."""
    return [trial["name"] for trial in zero_shot["candidates"] if trial["chosen"] and trial["accuracy"] <= zero_shot["guessing"]]
