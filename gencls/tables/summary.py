"""An arm a row: results/summary.json, the table of a data set, the README's overview, and the gain next to GenCLS++'s.

A gain is relative, (arm - naive) / naive, as GenCLS++ reports its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gencls.tables import runs as recorded
from gencls.tables.compare import average, difference, interval, mean_over_seeds, resampled
from gencls.tables.runs import Record, Run, stacked
from gencls.tables.words import NONE, Rows, bounds, change, percent

ORDER = ("majority", "tfidf_logreg", "linear_svm", "knn", "sequence_head", "naive_sft", "best_train", "best_cell")
MAIN = {"linear_svm": "linear SVM", "sequence_head": "sequence head", "naive_sft": "naive SFT", "best_train": "best training strategy"}
MAIN |= {"best_cell": "best cell"}
PUBLIC = ("emotion", "eic", "tnews_fewclue", "iflytek")

Summary = dict[str, dict[str, dict[str, Any]]]


def summary(runs: Sequence[Run]) -> Summary:
    """data set → arm → {accuracy, macro_f1, accuracy_ci, macro_f1_ci, seeds, rows, commit, cell}; several seeds are averaged."""
    found: Summary = {}
    for ds in recorded.data_sets(runs):
        arms = recorded.arms(runs, ds)
        found[ds] = {name: _arm(name, arms[name]) for name in sorted(arms, key=_place)}
    return found


def _place(arm: str) -> tuple[int, str]:
    return (ORDER.index(arm) if arm in ORDER else len(ORDER), arm)


def _arm(arm: str, runs: Sequence[Run]) -> dict[str, Any]:
    """The interval of macro-F1, which bits cannot give, is the mean of the seeds' own; `rows` are those of the smallest seed."""
    records = [recorded.record(run, arm) for run in runs]
    hits = stacked(records)
    return {
        "accuracy": round(mean_over_seeds(hits), 6),
        "macro_f1": average([record["macro_f1"] for record in records]),
        "accuracy_ci": list(interval(resampled(hits))),
        "macro_f1_ci": [average([record["macro_f1_ci"][end] for record in records]) for end in (0, 1)],
        "seeds": [run["seed"] for run in runs],
        "rows": min(record["rows"] for record in records),
        "commit": sorted({run["commit"] for run in runs}),
        "cell": [record["cell"] for record in records],
    }


def table(arms: Mapping[str, Mapping[str, Any]]) -> Rows:
    """One data set's table: header, then a row per arm, percent."""
    rows = [["arm", "accuracy", "macro-F1", "seeds", "cell", "commit"]]
    for name, arm in arms.items():
        cells = " / ".join(dict.fromkeys(cell for cell in arm["cell"] if cell)) or NONE
        rows.append([name, *_scores(arm), ", ".join(map(str, arm["seeds"])), cells, ", ".join(arm["commit"])])
    return rows


def _scores(arm: Mapping[str, Any]) -> list[str]:
    return [f"{percent(arm[score])} {bounds(arm[f'{score}_ci'])}" for score in ("accuracy", "macro_f1")]


def overview(found: Summary) -> Rows:
    """The README's table: a row per data set, accuracy with its interval and macro-F1 of the main arms, seeds and commits.

    An arm with fewer seeds than the row names them: a mean over one seed is not to be compared with one over three.
    """
    rows = [["data set", *MAIN.values(), "seeds", "commit"]]
    for ds, arms in found.items():
        if not {"naive_sft", "best_cell"} & set(arms):
            continue
        most = max(len(arms[arm]["seeds"]) for arm in MAIN if arm in arms)
        cells = [_shown(arms[arm], most) if arm in arms else NONE for arm in MAIN]
        commits = dict.fromkeys(commit for arm in MAIN if arm in arms for commit in arms[arm]["commit"])
        rows.append([f"[{ds}](results/{ds}.md)", *cells, str(most), ", ".join(commits)])
    return rows


def _shown(arm: Mapping[str, Any], most: int) -> str:
    fewer = "" if len(arm["seeds"]) == most else f" ({', '.join(f'seed {seed}' for seed in arm['seeds'])})"
    return f"{_scores(arm)[0]} / {percent(arm['macro_f1'])}{fewer}"


def gain(runs: Sequence[Run], data_sets: Sequence[str], arm: str = "best_cell") -> dict[str, Any] | None:
    """Mean over data sets of the relative accuracy gain over naive SFT, with a 95 % interval over test rows; None without any."""
    draws, means, used = [], [], []
    for ds in data_sets:
        both = _both(runs, ds, arm, "naive_sft")
        if both:
            ours, naive = (stacked(own) for own in zip(*both, strict=True))
            draws.append(resampled(ours) / resampled(naive) - 1)  # the same rows are drawn for both
            means.append(mean_over_seeds(ours) / mean_over_seeds(naive) - 1)
            used.append(ds)
    if not used:
        return None
    return {"gain": round(float(np.mean(means)), 6), "ci": list(interval(np.mean(draws, axis=0))), "data_sets": used}


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


def against_svm(runs: Sequence[Run], data_sets: Sequence[str]) -> str:
    """The best cell against the strongest plain baseline of each data set, in one sentence that also says where it falls short."""
    found = {ds: difference(_both(runs, ds, "best_cell", "linear_svm")) for ds in data_sets}
    known = {ds: one for ds, one in found.items() if one is not None}
    if not known:
        return "No data set has both a best cell and the linear SVM yet."
    short = [ds for ds, one in known.items() if one.points < 0]
    verdict = f"it falls short on {', '.join(short)}" if short else "it falls short nowhere"
    return f"Best cell less linear SVM, accuracy in points: {'; '.join(f'{ds} {change(one)}' for ds, one in known.items())}; {verdict}."


def _both(runs: Sequence[Run], ds: str, a: str, b: str) -> list[tuple[Record, Record]]:
    """Records of two arms of the grid, of the seeds that have both."""
    return [(run["arms"][a], run["arms"][b]) for run in recorded.of(runs, ds, recorded.STRATEGIES) if {a, b} <= set(run["arms"])]
