"""What a run leaves in the Prefect UI beside its log: a table with the metrics and where the report is."""

import json
from pathlib import Path

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks import paths


def publish(root: Path, report: Path) -> None:
    """Metrics of the workspace `root`; `report` is where its page can be read when the run is over."""
    if (root / paths.METRICS).exists():
        table = metric_rows(json.loads((root / paths.METRICS).read_text(encoding="utf-8")))
        create_table_artifact(table, key="metrics", description=f"`{paths.METRICS}`")
    if (root / paths.REPORT).exists():
        create_markdown_artifact(f"Open in a browser:\n\n```\n{report.resolve().as_uri()}\n```\n", key="report", description="The report")


def metric_rows(metrics: dict[str, dict[str, dict[str, float]]]) -> list[dict[str, str | float]]:
    """One row per data set and model."""
    return [
        {"data set": ds, "model": model, **{name: round(score, 4) for name, score in scores.items()}}
        for ds, models in metrics.items()
        for model, scores in models.items()
    ]
