"""Result tables over recorded runs: means per arm with intervals over test rows and seeds, and the gain over naive SFT.

A run is one data set with one seed (the report's record, `gencls.report.records`, with its commit). The interval of an arm's accuracy comes
from resampling test rows, each with its hits under all seeds at once; with one seed it is the plain bootstrap interval. A gain is relative,
(arm - naive) / naive, as GenCLS++ reports its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Run = Mapping[str, Any]
Floats = NDArray[np.float64]
Rows = list[list[str]]

ORDER = ("majority", "tfidf_logreg", "linear_svm", "knn", "sequence_head", "naive_sft", "best_train", "best_cell")
PUBLIC = ("emotion", "eic", "tnews_fewclue", "iflytek")
PAPER = {"all": 0.0346, "public": 0.0400}
"""GenCLS++'s mean relative accuracy gain over naive SFT: 7 data sets, and the 4 public ones."""


def summary(runs: Sequence[Run], *, resamples: int = 1000) -> dict[str, dict[str, dict[str, Any]]]:
    """data set → arm → {accuracy, macro_f1, accuracy_ci, seeds, rows, commit}; several seeds of an arm are averaged."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for ds in sorted({run["data_set"] for run in runs}):
        own = [run for run in runs if run["data_set"] == ds]
        found[ds] = {arm: _arm([run for run in own if arm in run["arms"]], arm, resamples) for arm in _arms(own)}
    return found


def _arms(runs: Sequence[Run]) -> list[str]:
    names = dict.fromkeys(arm for run in runs for arm in run["arms"] if arm not in ("best", "warm_up"))
    return sorted(names, key=lambda arm: (ORDER.index(arm) if arm in ORDER else len(ORDER), arm))


def _arm(runs: Sequence[Run], arm: str, resamples: int) -> dict[str, Any]:
    hits = np.mean([hits_of(run["arms"][arm]) for run in runs], axis=0)
    means = _resampled(hits, resamples)
    return {
        "accuracy": round(float(hits.mean()), 6),
        "macro_f1": round(float(np.mean([run["arms"][arm]["macro_f1"] for run in runs])), 6),
        "accuracy_ci": [round(float(bound), 6) for bound in np.percentile(means, [2.5, 97.5])],
        "seeds": sorted(run["seed"] for run in runs),
        "rows": len(hits),
        "commit": sorted({run["commit"] for run in runs}),
        "cell": [run["arms"][arm]["cell"] for run in runs],
    }


def hits_of(arm: Mapping[str, Any]) -> Floats:
    """(rows,) 1 where the arm was right, from the bits of its record."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(arm["correct"]), dtype=np.uint8))
    hits: Floats = bits[: arm["rows"]].astype(np.float64)
    return hits


def _resampled(hits: Floats, resamples: int) -> Floats:
    """(resamples,) means over drawn rows."""
    drawn = np.random.default_rng(7).integers(len(hits), size=(resamples, len(hits)))
    means: Floats = hits[drawn].mean(axis=1)
    return means


def gain(runs: Sequence[Run], data_sets: Sequence[str], arm: str = "best_cell", *, resamples: int = 1000) -> dict[str, Any] | None:
    """Mean over data sets of the relative accuracy gain over naive SFT, with a 95 % interval over test rows; None without any."""
    draws, means, used = [], [], []
    for ds in data_sets:
        both = [run for run in runs if run["data_set"] == ds and {arm, "naive_sft"} <= set(run["arms"])]
        if both:
            ours, naive = (np.mean([hits_of(run["arms"][name]) for run in both], axis=0) for name in (arm, "naive_sft"))
            draws.append(_resampled(ours, resamples) / _resampled(naive, resamples) - 1)  # the same rows are drawn for both
            means.append(ours.mean() / naive.mean() - 1)
            used.append(ds)
    if not used:
        return None
    bounds = np.percentile(np.mean(draws, axis=0), [2.5, 97.5])
    return {"gain": round(float(np.mean(means)), 6), "ci": [round(float(bound), 6) for bound in bounds], "data_sets": used}


def table(arms: Mapping[str, Mapping[str, Any]]) -> Rows:
    """One data set's table: header, then a row per arm, percent."""
    rows = [["arm", "accuracy", "macro-F1", "seeds", "cell", "commit"]]
    for name, arm in arms.items():
        low, high = (f"{100 * bound:.1f}" for bound in arm["accuracy_ci"])
        cells = " / ".join(dict.fromkeys(cell for cell in arm["cell"] if cell)) or "–"
        accuracy = f"{100 * arm['accuracy']:.1f} [{low}, {high}]"
        rows.append([name, accuracy, f"{100 * arm['macro_f1']:.1f}", str(len(arm["seeds"])), cells, ", ".join(arm["commit"])])
    return rows


def overview(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Rows:
    """A row per data set and arm that the README shows: data set, accuracy, macro-F1, arm, seeds, commit."""
    rows = [["data set, arm", "accuracy", "macro-F1", "seeds", "cell", "commit"]]
    for ds, arms in found.items():
        for row in table({name: arm for name, arm in arms.items() if name != "majority"})[1:]:
            rows.append([f"{ds}, {row[0]}", *row[1:]])
    return rows


def markdown(rows: Rows) -> str:
    """A Markdown table; the second and third column are numbers."""
    head, *body = rows
    rule = ["---" if i not in (1, 2) else "--:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body)) + "\n"


def sentence(found: Mapping[str, Any] | None, paper: float, which: str) -> str:
    """The mean gain next to the paper's, in one sentence that also says when there is none."""
    if found is None:
        return f"No {which} data set has both a best cell and naive SFT yet."
    low, high = (f"{100 * bound:+.2f}" for bound in found["ci"])
    verdict = "above" if found["gain"] > paper else "below"
    shown = "does not differ from zero beyond chance" if found["ci"][0] <= 0 <= found["ci"][1] else "differs from zero by more than chance"
    return (
        f"Mean relative accuracy gain of the best cell over naive SFT on {which} data sets ({', '.join(found['data_sets'])}): "
        f"{100 * found['gain']:+.2f} % [{low}, {high}], {verdict} the paper's {100 * paper:+.2f} %; it {shown}."
    )
