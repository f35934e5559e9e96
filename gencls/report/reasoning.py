"""Does it help to write a reasoning before the label? The comparison of the two-stage recipe, its controls, and explanations to read."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gencls.metrics import Paired, holm
from gencls.params import REASONS, Strategy
from gencls.report.results import Arm, Results, compare
from gencls.report.words import count, percent

SAMPLED = 20
"""Explanations shown."""
SAID = {
    "withheld": "Q→A: the label only, on the same rows",
    "written": "Q→RA: a rationale written for the gold label, then the label",
    "blind": "control: a rationale written without the label, then the label",
    "shuffled": "control: the rationale of another row of the class, then the label",
    "matched": "control: the label only, on the same rows, for as many training tokens as Q→RA",
}
"""Value of `reasoning` → what a model is trained to write."""
FAULTS = {"empty": "empty", "endless": "too long", "repeats": "repetitive"}


@dataclass(frozen=True)
class Reasoning:
    """What the page reads about it besides the results."""

    arms: dict[str, Strategy]
    """Training strategies that are compared."""
    summary: dict[str, Any]
    """Of the rationalise stage."""
    keep: str
    """`rationalise.keep`."""


def section(about: Reasoning, results: Results, *, bootstrap: int, seed: int) -> dict[str, Any] | None:
    """Arms with the difference to answering directly on the same rows, and sampled explanations; None where no arm was run on test.

    p-values are Holm's over the arms.
    """
    arms = {name: results.roles[f"arm_{name}"] for name in about.arms if f"arm_{name}" in results.roles}
    if not arms:
        return None
    rows = []
    for name, arm in arms.items():
        direct, note = _direct(name, {other: about.arms[other] for other in arms})
        versus = None if direct in (None, name) else compare(arm, arms[direct], bootstrap=bootstrap, seed=seed)
        rows.append((arm, SAID[about.arms[name].reasoning] + note, versus))
    adjusted = holm([None if versus is None else versus["accuracy"]["p"] for *_, versus in rows])
    explained = next((name for kind in REASONS for name in arms if about.arms[name].reasoning == kind), None)
    return {
        "counts": counts(about),
        "arms": [(arm, said, versus and _with_p(versus, p)) for (arm, said, versus), p in zip(rows, adjusted, strict=True)],
        "explained": arms[explained].model if explained else None,
        "samples": samples(arms[explained], seed) if explained else [],
    }


def _with_p(found: Paired, p: float | None) -> Paired:
    """The same comparison, the p-value of its accuracy corrected for the others beside it."""
    return {**found, "accuracy": {**found["accuracy"], "p": p}}


def _direct(name: str, arms: Mapping[str, Strategy]) -> tuple[str | None, str]:
    """The arm that learnt the label only under the same prompts, or the only one that did and a note of that."""
    withheld = [other for other, strategy in arms.items() if strategy.reasoning == "withheld"]
    alike = [other for other in withheld if arms[other] == arms[name].model_copy(update={"reasoning": "withheld"})]
    if alike or len(withheld) != 1:
        return (alike[0] if alike else None), ""
    return withheld[0], f"; Δ to {withheld[0]}, whose prompts differ"


def counts(about: Reasoning) -> str:
    """What the reasoner learnt from, what became of the training rows, and what its rationales tell of the label."""
    summary, kinds = about.summary, []
    corpus = summary["corpus"]
    long = f"; {corpus['too_long']} more were too long for it" if corpus["too_long"] else ""
    for kind, record in summary["kinds"].items():
        faults = [f"{n} {FAULTS[name]}" for name, n in record["dropped"].items() if n]
        lost = f"{', '.join(faults)} in the end" if faults else "none failed in the end"
        kinds.append(f"{kind}: {count(record['redrafted'], 'draft')} written anew, {lost}")
    return (
        f"The reasoner learnt from {count(corpus['learnt'], 'row')} of its corpus{long}. "
        f"Of {summary['rows']} training rows {summary['good']} got a rationale of every kind ({'; '.join(kinds)})"
        f"{_covered(summary['classes'])}. {_recovered(summary)}{_kept(summary['kinds'], about.keep)}"
    )


def _covered(classes: Mapping[str, Mapping[str, int]]) -> str:
    """Which class has the fewest, unless all rows have one."""
    share = {label: own["good"] / own["rows"] for label, own in classes.items()}
    least = min(share, key=lambda label: share[label], default=None)
    return "" if least is None or share[least] == 1 else f", of the class {least} {percent(share[least])}"


def told(summary: Mapping[str, Any]) -> dict[str, float]:
    """Kind → share of the rationales that alone give the gold label.

    Also `largest`, what naming the largest class would give, and `covered`, the share of the training rows that have a rationale.
    """
    good = max(summary["good"], 1)
    shares = {kind: record["consistent"] / good for kind, record in summary["kinds"].items()}
    largest = max((own["good"] for own in summary["classes"].values()), default=0) / good
    return shares | {"largest": largest, "covered": summary["good"] / summary["rows"]}


def _recovered(summary: Mapping[str, Any]) -> str:
    shares = told(summary)
    found = " and ".join(f"{percent(shares[kind])} of the {kind} ones" for kind in summary["kinds"])
    largest = percent(shares["largest"])
    return f"A scorer that sees nothing but a rationale finds the gold label of {found}; naming the largest class is right for {largest}."


def _kept(kinds: Mapping[str, Mapping[str, int]], keep: str) -> str:
    if keep == "all":
        return ""
    written = kinds["written"]
    unjudged = f", and {written['unjudged']} that no other row could judge" if written["unjudged"] else ""
    return (
        f" Rows whose written rationale points elsewhere were dropped ({written['inconsistent']}): {written['consistent']} stay{unjudged}."
    )


def samples(arm: Arm, seed: int) -> list[dict[Any, Any]]:
    """Test rows with text, label (the gold one), reasoning and predicted, drawn evenly."""
    records = arm.predictions.to_dict("records")
    return random.Random(seed).sample(records, min(SAMPLED, len(records)))
