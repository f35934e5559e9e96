"""What the checks found, as plain records: what is written to disk, shown on the page and said in the terminal."""

from dataclasses import asdict, dataclass
from typing import Any

from gencls.params import Severity, Split

Example = dict[str, str | None]
"""split, id, text (shortened) and label of a row; of a class without rows only the label."""


@dataclass(frozen=True)
class Finding:
    """A broken expectation; `split` is None where it is about all of them together."""

    check: str
    severity: Severity
    split: Split | None
    count: int
    message: str
    examples: list[Example]
    key: str | None
    """The key of params.yaml that holds the severity, if it can be changed."""

    def __str__(self) -> str:
        """One line for a terminal: what, which rows, which key."""
        named = [example["id"] or repr(example["text"]) for example in self.examples if example["id"] or example["text"]]
        rows = f": {', '.join(named)}" if named else ""
        more = ", …" if self.count > len(named) else ""
        switch = f" [{self.key}: warning lets it pass]" if self.key and self.severity == "error" else ""
        return f"{self.check}: {self.message}{rows}{more if named else ''}{switch}"


@dataclass(frozen=True)
class Expected:
    """An expectation that was evaluated: the check it belongs to, its sentence and its type in Great Expectations."""

    check: str
    severity: Severity
    split: Split | None
    sentence: str
    kind: str
    passed: bool


@dataclass(frozen=True)
class Validation:
    """All that is known about a data set after its checks; findings have the errors first."""

    rows: dict[Split, int]
    labels: dict[Split, dict[str, int]]
    """Rows per label, the label set's order; labels outside it follow."""
    lengths: dict[Split, dict[str, int]]
    """Characters of the stripped texts: median, p95, max."""
    findings: list[Finding]
    expectations: list[Expected]

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop everything downstream."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """Findings that are only reported."""
        return [finding for finding in self.findings if finding.severity == "warning"]

    def record(self, data_set: str) -> dict[str, Any]:
        """The content of the JSON file: no time, no run id, so the same data give the same bytes."""
        content = asdict(self) | {"expectations": len(self.expectations)}
        return {"data_set": data_set, "ok": not self.errors, **content}
