"""Reasoning before the label (Q→RA) against answering directly on the same rows (Q→A), with controls of our own.

An arm is known by its record's `reasoning`: what was written before the label, or withheld. Class by class its `f1`.
"""

from collections.abc import Mapping, Sequence

from gencls.metrics import beyond_chance
from gencls.report.reasoning import SAID
from gencls.report.words import points
from gencls.tables import compare
from gencls.tables import runs as recorded
from gencls.tables.compare import Difference
from gencls.tables.runs import Record, Run
from gencls.tables.words import Rows, change, over_seeds, percent, seeds

DIRECT, REASONED = "withheld", "written"
PAPER = {DIRECT: 0.497, REASONED: 0.584}
"""Accuracy on emotion, Llama-3.2-1B-Instruct (Henrichsen & Krebs 2025)."""
PAPER_CLASSES = {"sadness": 0.196, "fear": 0.182, "anger": 0.040}
"""Changes that its author gives, in F1 or accuracy, which is not said; the other classes are unknown."""

SMALL = ", with a base of a few million parameters that has read the training texts alone; it says nothing about a base that knows things."


def kinds(runs: Sequence[Run]) -> dict[str, list[tuple[Run, Record]]]:
    """Kind → the runs with such an arm and its record, in the order of `SAID`.

    Of two arms of a kind in a run it is the one that is named after the kind, for others have other prompts; else the first.
    """
    found: dict[str, list[tuple[Run, Record]]] = {kind: [] for kind in SAID}
    for run in runs:
        for kind, records in found.items():
            own = {name: arm for name, arm in run["arms"].items() if name.startswith("arm_") and arm["reasoning"] == kind}
            if own:
                records.append((run, own.get(f"arm_{kind}", next(iter(own.values())))))
    return {kind: records for kind, records in found.items() if records}


def differences(found: Mapping[str, list[tuple[Run, Record]]], reference: str) -> dict[str, Difference | None]:
    """Kind → its accuracy minus that of `reference`, on the runs that have both; p-values are Holm's over the kinds."""
    other = {id(run): arm for run, arm in found.get(reference, [])}
    raw = [
        None if kind == reference else compare.difference([(arm, other[id(run)]) for run, arm in own if id(run) in other])
        for kind, own in found.items()
    ]
    return dict(zip(found, compare.holm(raw), strict=True))


def table(found: Mapping[str, list[tuple[Run, Record]]]) -> Rows:
    """An arm a row, and the paper's two."""
    to_direct, to_reasoned = differences(found, DIRECT), differences(found, REASONED)
    rows = [["arm", "accuracy", "macro-F1", "against Q→A", "against Q→RA", "seeds"]]
    for kind, records in found.items():
        scores = [over_seeds([arm[score] for _, arm in records]) for score in ("accuracy", "macro_f1")]
        rows.append([SAID[kind], *scores, change(to_direct[kind]), change(to_reasoned[kind]), str(len(records))])
    gain = points(PAPER[REASONED] - PAPER[DIRECT])
    rows.append(["paper, emotion, 1B: Q→A", percent(PAPER[DIRECT]), "–", "–", "–", "–"])
    rows.append(["paper, emotion, 1B: Q→RA", percent(PAPER[REASONED]), "–", gain, "–", "–"])
    return rows


def classes(found: Mapping[str, list[tuple[Run, Record]]], ds: str) -> Rows | None:
    """F1 of every class under Q→A and Q→RA, in the runs that have both, the largest gain first; None where none has."""
    direct = {id(run): arm["f1"] for run, arm in found.get(DIRECT, [])}
    pairs = [(direct[id(run)], arm["f1"]) for run, arm in found.get(REASONED, []) if id(run) in direct]
    if not pairs:
        return None
    rows = []
    for label in dict.fromkeys(label for one, other in pairs for label in one if label in other):
        before, after = zip(*((one[label], other[label]) for one, other in pairs if label in one and label in other), strict=True)
        gained = compare.average(after) - compare.average(before)
        paper = [points(PAPER_CLASSES[label]) if label in PAPER_CLASSES else "–"] if ds == "emotion" else []
        rows.append((gained, [label, over_seeds(before), over_seeds(after), points(gained), *paper]))
    head = ["class", "F1, Q→A", "F1, Q→RA", "change", *(["paper's change"] if ds == "emotion" else [])]
    return [head, *(row for _, row in sorted(rows, key=lambda item: -item[0]))]


def paragraph(found: Mapping[str, list[tuple[Run, Record]]], ds: str) -> str:
    """What the tables show, whatever the sign, next to the paper's claim."""
    to_direct, to_reasoned = differences(found, DIRECT), differences(found, REASONED)
    main = to_direct.get(REASONED)
    claim = f"The paper reports {percent(PAPER[DIRECT])} → {percent(PAPER[REASONED])} on emotion with a pretrained base of 1B parameters"
    if main is None:
        return f"{claim}; Q→A and Q→RA were not both run here."
    effect = f"a reasoning before the label changes accuracy by {change(main)}: it {_verdict(main)}"
    controls = [_control(kind, to_direct[kind], to_reasoned[kind]) for kind in found if kind not in (DIRECT, REASONED)]
    told = f" Of the controls, {'; '.join(controls)}." if controls else ""
    level = percent(compare.average([arm["accuracy"] for _, arm in found[DIRECT]]))
    small = found[DIRECT][0][0].get("base") == "builtin"
    measured = _told([run["rationales"] for run, _ in found[REASONED] if "rationales" in run])
    return f"{claim}. Here, {seeds(main.seeds)} of {ds}, {effect}.{told}{measured} Q→A stands at {level} here{SMALL if small else '.'}"


def _told(measured: Sequence[Mapping[str, float]]) -> str:
    """How much of the rows the arms learnt from, and what the rationales tell of the label, on average over the runs that know it."""
    if not measured:
        return ""
    mean = {name: percent(compare.average([one[name] for one in measured])) for name in measured[0]}
    blind = f", one written without the label that of {mean['blind']} %" if "blind" in mean else ""
    return (
        f" All arms learnt from the {mean['covered']} % of the training rows that have a rationale. To a scorer that sees nothing else, a "
        f"written rationale gives the gold label of {mean['written']} % of them{blind}; naming the largest class gives {mean['largest']} %."
    )


def _verdict(found: Difference) -> str:
    if not beyond_chance(found.p):
        return "makes no difference beyond chance"
    return "helps" if found.points > 0 else "costs accuracy"


def _control(kind: str, to_direct: Difference | None, to_reasoned: Difference | None) -> str:
    said = {
        "blind": "rationales written without the label",
        "shuffled": "rationales of other rows",
        "matched": "as many tokens of direct answers",
    }[kind]
    versus = [] if to_direct is None else [f"{change(to_direct)} against Q→A"]
    versus += [] if to_reasoned is None else [f"{change(to_reasoned)} against Q→RA"]
    return f"{said} stand at {' and '.join(versus)}"


def text(runs: Sequence[Run], ds: str) -> tuple[Rows, Rows | None, str] | None:
    """The table, that of the classes, and the paragraph; None where the recipe was not run."""
    found = kinds(recorded.of(runs, ds, recorded.REASONING))
    return (table(found), classes(found, ds), paragraph(found, ds)) if found else None
