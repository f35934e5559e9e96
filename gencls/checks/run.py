"""Runs the checks in a Great Expectations context that lives in memory, and keeps nothing of its results that differs between runs."""

from collections.abc import Mapping
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig

from gencls.checks import expectations, frames
from gencls.checks.expectations import Check
from gencls.checks.findings import Example, Expected, Finding, Validation
from gencls.params import SPLITS, Split, Validate

EXAMPLES = 5
"""Rows shown per finding."""
SHOWN = 160
"""Characters shown of a text."""
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["row"],
    "exclude_unexpected_values": True,  # their positions are enough, and twice as fast when every row is unexpected
    "return_unexpected_index_query": False,
}


def validate(splits: Mapping[Split, pd.DataFrame], labels: list[str], *, rules: Validate, max_length: int) -> Validation:
    """Check the splits (id, text, label) of a data set against `labels`, its label set, and `max_length`, the tokens a model reads.

    Where a column is missing or a split has no rows, only that is reported: the rest would be noise.
    """
    runner = _Runner()
    for split in SPLITS:
        runner.run(splits[split], expectations.of_structure(split, splits[split]), split)
    union = frames.rows(splits)
    parts = {split: union[union["split"] == split] for split in SPLITS}
    if not runner.findings:
        known = [str(label) for label in parts["train"]["label"].dropna().unique()]
        for split, part in parts.items():
            texts = expectations.of_texts(split, labels if split == "train" else known, rules, max_length)
            runner.run(part, expectations.of_cells(split) + texts, split)
        runner.run(union, expectations.of_union(rules), None)
        runner.run(frames.classes(parts["train"], labels), expectations.of_classes(rules), None)
    return Validation(
        rows={split: len(part) for split, part in parts.items()},
        labels={split: frames.label_counts(part, labels) for split, part in parts.items()},
        lengths={split: frames.lengths(part) for split, part in parts.items()},
        findings=sorted(runner.findings, key=lambda finding: finding.severity == "warning"),
        expectations=runner.expectations,
    )


class _Runner:
    """Evaluates checks frame by frame and collects what they find."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.expectations: list[Expected] = []
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("data").add_dataframe_asset("frame")
        self._batches = asset.add_batch_definition_whole_dataframe("whole")

    def run(self, frame: pd.DataFrame, checks: list[Check], split: Split | None) -> None:
        """Evaluate all checks as one suite; the frame's column `row` tells its rows apart."""
        suite = gx.ExpectationSuite(name="checks")
        for i, check in enumerate(checks):
            check.expectation.meta = {"position": i}  # results come back in another order
            suite.add_expectation(check.expectation)
        batch = self._batches.get_batch({"dataframe": frame})
        results = batch.validate(suite, result_format=RESULT_FORMAT).results
        for result in sorted(results, key=_position):
            check = checks[_position(result)]
            if result.exception_info.get("raised_exception") is not False:
                raise RuntimeError(f"the expectation of the check {check.name} could not be evaluated: {result.exception_info}")
            kind = type(check.expectation).__name__
            self.expectations.append(Expected(check.name, check.severity, split, check.expects, kind, bool(result.success)))
            if not result.success:
                self.findings.append(_finding(check, split, _unexpected(frame, result.result)))


def _position(result: Any) -> int:
    return int(result.expectation_config.meta["position"])


def _unexpected(frame: pd.DataFrame, result: dict[str, Any]) -> pd.DataFrame:
    """Rows that break an expectation; none where it is about the table."""
    if "unexpected_index_list" not in result:
        return frame.iloc[:0]
    return frame[frame["row"].isin([row for part in result["unexpected_index_list"] for row in part["row"]])]


def _finding(check: Check, split: Split | None, found: pd.DataFrame) -> Finding:
    if found.empty:
        return Finding(check.name, check.severity, split, 1, check.finds.format(), [], check.key)
    one, many = ("class", "classes") if "train_rows" in found else ("row", "rows")
    names = [repr(_shortened(name)) for name in found["label"].dropna().unique()]
    message = check.finds.format(
        n=f"{len(found)} {one if len(found) == 1 else many}",
        texts=_texts(found),
        labels=", ".join(names[:EXAMPLES]) + (f" and {len(names) - EXAMPLES} more" if len(names) > EXAMPLES else ""),
    )
    return Finding(check.name, check.severity, split, len(found), message, _examples(check, found), check.key)


def _texts(found: pd.DataFrame) -> str:
    count = found["text"].str.strip().nunique()
    return f"{count} text{'s' * (count != 1)}"


def _examples(check: Check, found: pd.DataFrame) -> list[Example]:
    if check.contrast:
        same, differs = check.contrast
        found = found.iloc[found.groupby(same, sort=False).ngroup().argsort(kind="stable")].drop_duplicates([same, differs])
    cells = found.head(EXAMPLES)[["split", *frames.COLUMNS]].astype(object)
    rows: list[Any] = list(cells.where(cells.notna(), None).itertuples(index=False))
    return [{"split": row.split, "id": row.id, "text": _shortened(row.text), "label": row.label} for row in rows]


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= SHOWN else f"{text[:SHOWN]}…"
