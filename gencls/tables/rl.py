"""RL after the warm-up: each algorithm against the SFT model that it started from, and against as many more steps of plain SFT.

An arm is `rl_<algorithm>`, or `rl_<warm-up>_<algorithm>` where its record names its `warmup` and `algorithm`. Its warm-up is the arm of the
same run that was asked the same way; its control the arm of algorithm `sft` from the same warm-up. What a record lacks (a control, samples,
seconds) is a dash.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gencls.metrics import beyond_chance
from gencls.params import REASONS
from gencls.report import paper
from gencls.report.results import CONTROL
from gencls.report.rl import ALGORITHMS
from gencls.selection import asked_alike
from gencls.tables import compare
from gencls.tables import runs as recorded
from gencls.tables.compare import Difference
from gencls.tables.runs import Record, Run
from gencls.tables.words import NONE, Rows, change, over_seeds, percent, seeds

ORDER = list(ALGORITHMS)


@dataclass(frozen=True)
class Arm:
    """One RL arm over its seeds.

    Attributes:
        records: seed → its record, and those of its warm-up and its control where the run has them.
        warmup: the strategy of the SFT model that it started from; None where the run had only one.
        to_warmup, to_control: accuracy minus theirs; p adjusted for the number of arms.
    """

    name: str
    warmup: str | None
    algorithm: str
    reasons: bool
    records: dict[int, tuple[Record, Record | None, Record | None]]
    to_warmup: Difference | None
    to_control: Difference | None

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return compare.average([own["accuracy"] for own, _, _ in self.records.values()])


def algorithm(name: str, record: Record) -> str:
    """Of an arm `rl_…`."""
    return str(record.get("algorithm") or name.removeprefix("rl_"))


def warmup(run: Run, name: str) -> Record | None:
    """The SFT model that an arm started from: asked as it is, under the strategy that its record names, or the only warm-up there is."""
    arms: dict[str, Record] = run["arms"]
    record = arms[name]
    if not record.get("warmup"):
        return arms.get("warm_up")
    started = asked_alike(record["cell"], f"sft/{record['warmup']}")
    return next((arm for arm in arms.values() if arm["cell"] == started), None)


def control(run: Run, name: str) -> Record | None:
    """Plain SFT for as many more steps, from the same warm-up; None for the control itself."""
    record, arms = run["arms"][name], run["arms"]
    if algorithm(name, record) == CONTROL:
        return None
    same = [(other, arm) for other, arm in arms.items() if other.startswith("rl_") and arm.get("warmup") == record.get("warmup")]
    return next((arm for other, arm in same if algorithm(other, arm) == CONTROL), None)


def arms(runs: Sequence[Run]) -> list[Arm]:
    """Of a data set: direct answers first, and in the order of `ORDER`; p-values are Holm's, over all arms of a comparison."""
    names = dict.fromkeys(name for run in runs for name in run["arms"] if name.startswith("rl_"))
    found = [_arm([run for run in runs if name in run["arms"]], name) for name in names]
    found.sort(key=lambda arm: (arm.reasons, ORDER.index(arm.algorithm) if arm.algorithm in ORDER else len(ORDER), arm.name))
    to_warmup, to_control = (compare.holm([getattr(arm, key) for arm in found]) for key in ("to_warmup", "to_control"))
    return [replace(arm, to_warmup=a, to_control=b) for arm, a, b in zip(found, to_warmup, to_control, strict=True)]


def _arm(runs: Sequence[Run], name: str) -> Arm:
    records = {run["seed"]: (run["arms"][name], warmup(run, name), control(run, name)) for run in runs}
    own, started, _ = next(iter(records.values()))
    return Arm(
        name=name,
        warmup=own.get("warmup"),
        algorithm=algorithm(name, own),
        reasons=started is not None and started.get("reasoning") in REASONS,
        records=records,
        to_warmup=compare.difference([(a, b) for a, b, _ in records.values() if b is not None]),
        to_control=compare.difference([(a, c) for a, _, c in records.values() if c is not None]),
    )


def table(found: Sequence[Arm]) -> Rows:
    """An arm a row; 0 samples, of what draws none, and the cost of a point without a gain are dashes."""
    rows = [["arm", "accuracy", "macro-F1", "over its warm-up", "over continued SFT", "samples", "seconds", "a point costs", "seeds"]]
    for arm in found:
        samples, seconds = (_mean(own.get(key) or None for own, _, _ in arm.records.values()) for key in ("samples", "seconds"))
        scores = [over_seeds([own[score] for own, _, _ in arm.records.values()]) for score in ("accuracy", "macro_f1")]
        costs = [NONE if cost is None else f"{cost:,.0f}" for cost in (samples, seconds)]
        changes = [change(arm.to_warmup), change(arm.to_control)]
        rows.append([arm.name, *scores, *changes, *costs, _price(arm, samples, seconds), str(len(arm.records))])
    return rows


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return compare.average(known) if known else None


def _price(arm: Arm, samples: float | None, seconds: float | None) -> str:
    gained = 100 * arm.to_warmup.points if arm.to_warmup else 0.0
    costs = [f"{cost / gained:,.0f} {unit}" for cost, unit in ((samples, "samples"), (seconds, "s")) if cost is not None and gained > 0]
    return ", ".join(costs) or NONE


def sentence(found: Sequence[Arm], ds: str) -> str:
    """What the table shows next to what the paper claims, whatever the sign."""
    learnt = [arm for arm in found if arm.algorithm != CONTROL]
    if not learnt:
        return f"{paper.RL}; here only the control was run."
    most = max(len(arm.records) for arm in learnt)
    known = [arm for arm in learnt if len(arm.records) == most]  # one seed of an arm is not to be set beside three of another
    best = max(known, key=lambda arm: arm.to_warmup.points if arm.to_warmup else arm.accuracy)
    gains = best.to_warmup is None or best.to_warmup.points > 0
    several = f"of {len(known)} RL arms {best.name} gains most," if gains else f"none of {len(known)} RL arms gains, {best.name}"
    first = best.name if len(known) == 1 else several
    parts = [f"{first} {_said(best.to_warmup, 'over its warm-up')}"]
    parts.append(_said(best.to_control, "over as many steps of plain SFT"))
    return f"{paper.RL}; here, {seeds(len(best.records))} of {ds}, {', '.join(parts)}; {_ranking(learnt)}; {_direct(learnt)}."


def _said(found: Difference | None, over: str) -> str:
    if found is None:
        return f"not compared {over.replace('over', 'with')}"
    return f"{change(found)} {over} ({'beyond chance' if beyond_chance(found.p) else 'within chance'})"


def _ranking(found: Sequence[Arm]) -> str:
    """Of the algorithms that started from one warm-up: naive SFT, whose arms are named by the algorithm alone, or else the first."""
    answers = [arm for arm in found if arm.algorithm in paper.ALGORITHMS and not arm.reasons]
    started = [arm.warmup for arm in sorted(answers, key=lambda arm: arm.name != f"rl_{arm.algorithm}")]
    direct = {arm.algorithm: arm for arm in answers if arm.warmup == started[0]}
    if len(direct) < 2 or "reinforce_pp" not in direct:
        return "which algorithm is best was not compared"
    best = max((arm for name, arm in direct.items() if name != "reinforce_pp"), key=lambda arm: arm.accuracy)
    ahead = _less(direct["reinforce_pp"], best)
    verdict = "ahead" if ahead is not None and ahead.points > 0 and beyond_chance(ahead.p) else "not ahead"
    listed = ", ".join(f"{name} {percent(arm.accuracy)}" for name, arm in direct.items())
    return f"REINFORCE++ is {verdict} of the others beyond chance ({change(ahead)} over {best.algorithm}; {listed})"


def _less(a: Arm, b: Arm) -> Difference | None:
    """Accuracy of `a` minus that of `b` on their common seeds."""
    return compare.difference([(records[0], b.records[seed][0]) for seed, records in a.records.items() if seed in b.records])


def _direct(found: Sequence[Arm]) -> str:
    """The best direct arm against the best reasoned one, on their common seeds."""
    sides = [[arm for arm in found if arm.reasons == reasons] for reasons in (False, True)]
    if not all(sides):
        return "reasoned answers were not trained by RL"
    a, b = (max(side, key=lambda arm: arm.accuracy) for side in sides)
    found_seeds = seeds(len(set(a.records) & set(b.records)))
    return f"direct answers ({a.name}) differ from reasoned ones ({b.name}) by {change(_less(a, b))}, {found_seeds}"


def text(runs: Sequence[Run], ds: str) -> tuple[Rows, str] | None:
    """The table and the sentence below it; None where no RL was run."""
    found = arms(recorded.with_rl(runs, ds))
    return (table(found), sentence(found, ds)) if found else None
