"""The findings as one HTML page for people: it needs no network, and everything from the data is escaped."""

from gencls.checks.findings import Expected, Validation
from gencls.pages import template
from gencls.params import SPLITS

STRUCTURE = ("missing_column", "empty_split")
"""Checks that end the validation when they fail."""


def render(validation: Validation, data_set: str) -> str:
    """The page: verdict, findings with example rows, class counts, lengths, and every expectation evaluated."""
    return template("gencls.checks").render(
        data_set=data_set,
        v=validation,
        splits=SPLITS,
        verdict=verdict(validation, data_set),
        classes=_classes(validation),
        broken=any(finding.check in STRUCTURE for finding in validation.findings),
        expectations=_by_sentence(validation.expectations),
    )


def verdict(validation: Validation, data_set: str) -> str:
    """One sentence: can the data be used?"""
    errors, warnings = _count(len(validation.errors), "error"), _count(len(validation.warnings), "warning")
    if validation.errors:
        also = f", and {warnings}" if validation.warnings else ""
        return f"{data_set} cannot be used yet: {errors} to mend first{also}."
    if validation.warnings:
        return f"{data_set} can be used, with {warnings} to know about."
    return f"{data_set} can be used: nothing was found."


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _classes(validation: Validation) -> list[tuple[str, list[tuple[int, float]]]]:
    """Per label, most training rows first: rows and width of the bar (percent of the split's largest class) per split."""
    counts = validation.labels
    labels = sorted({label for split in SPLITS for label in counts[split]}, key=lambda label: (-counts["train"].get(label, 0), label))
    most = {split: max([1, *counts[split].values()]) for split in SPLITS}
    return [(label, [(n := counts[split].get(label, 0), round(100 * n / most[split], 1)) for split in SPLITS]) for label in labels]


def _by_sentence(expectations: list[Expected]) -> list[list[Expected]]:
    """The same expectation of several splits together, in the order of its first evaluation."""
    together: dict[tuple[str, str], list[Expected]] = {}
    for expected in expectations:
        together.setdefault((expected.check, expected.sentence), []).append(expected)
    return list(together.values())
