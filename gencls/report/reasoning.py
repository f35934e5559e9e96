"""Does it help to write a reasoning before the label? The comparison of the two-stage recipe, its controls, and explanations to read."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def section(about: Reasoning, results: Results, *, bootstrap: int, seed: int) -> dict[str, Any] | None:
    """Arms with the difference to answering directly on the same rows, and sampled explanations; None where no arm was run on test."""
    arms = {name: results.roles[f"arm_{name}"] for name in about.arms if f"arm_{name}" in results.roles}
    if not arms:
        return None
    rows = []
    for name, arm in arms.items():
        direct, note = _direct(name, {other: about.arms[other] for other in arms})
        versus = None if direct in (None, name) else compare(arm, arms[direct], bootstrap=bootstrap, seed=seed)
        rows.append((arm, SAID[about.arms[name].reasoning] + note, versus))
    explained = next((name for kind in REASONS for name in arms if about.arms[name].reasoning == kind), None)
    return {
        "counts": counts(about.summary),
        "arms": rows,
        "explained": arms[explained].model if explained else None,
        "samples": samples(arms[explained], seed) if explained else [],
    }


def _direct(name: str, arms: Mapping[str, Strategy]) -> tuple[str | None, str]:
    """The arm that learnt the label only under the same prompts, or the only one that did and a note of that."""
    withheld = [other for other, strategy in arms.items() if strategy.reasoning == "withheld"]
    alike = [other for other in withheld if arms[other] == arms[name].model_copy(update={"reasoning": "withheld"})]
    if alike or len(withheld) != 1:
        return (alike[0] if alike else None), ""
    return withheld[0], f"; Δ to {withheld[0]}, whose prompts differ"


def counts(summary: dict[str, Any]) -> str:
    """What the reasoner learnt from, and what became of the training rows."""
    corpus, kinds = summary["corpus"], []
    long = f"; {corpus['too_long']} more were too long for it" if corpus["too_long"] else ""
    for kind, record in summary["kinds"].items():
        faults = [f"{n} {FAULTS[name]}" for name, n in record["dropped"].items() if n]
        lost = f"{', '.join(faults)} in the end" if faults else "none failed in the end"
        kinds.append(f"{kind}: {count(record['redrafted'], 'draft')} written anew, {lost}")
    text = (
        f"The reasoner learnt from {count(corpus['learnt'], 'row')} of its corpus{long}. "
        f"Of {summary['rows']} training rows {summary['good']} got a rationale of every kind ({'; '.join(kinds)})."
    )
    if summary["keep"] == "all":
        return text
    share = percent(summary["kept"] / summary["good"]) if summary["good"] else "none"
    found = f"finds the gold label of {summary['kept']} of these ({share}); the others were dropped."
    return f"{text} A scorer that sees nothing but the written rationale {found}"


def samples(arm: Arm, seed: int) -> list[dict[Any, Any]]:
    """Test rows with text, label (the gold one), reasoning and predicted, drawn evenly."""
    records = arm.predictions.to_dict("records")
    return random.Random(seed).sample(records, min(SAMPLED, len(records)))
