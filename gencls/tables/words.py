"""How the Markdown tables are written."""

from collections.abc import Sequence

from gencls.report.words import p_value, point_interval, points
from gencls.tables.compare import Difference, average, half_width

Rows = list[list[str]]
NONE = "–"


def markdown(rows: Rows, numbers: Sequence[int] = (1, 2)) -> str:
    """A table of a header and its rows; the columns in `numbers` are set right."""
    head, *body = rows
    rule = ["--:" if i in numbers else "---" for i in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body)) + "\n"


def percent(share: float) -> str:
    """`92.0`."""
    return f"{100 * share:.1f}"


def bounds(ci: Sequence[float]) -> str:
    """`[90.8, 93.1]`."""
    return f"[{percent(ci[0])}, {percent(ci[1])}]"


def over_seeds(values: Sequence[float]) -> str:
    """`92.0 ± 0.4`; one seed has no ±."""
    half = half_width(values)
    return percent(average(values)) + ("" if half is None else f" ± {percent(half)}")


def change(found: Difference | None) -> str:
    """`+0.3 [+0.1, +0.7], p = 0.012`."""
    if found is None:
        return NONE
    p = p_value(found.p)
    return f"{points(found.points)} {point_interval(found.ci)}, p {p if p.startswith('<') else f'= {p}'}"


def seeds(count: int) -> str:
    """`one seed`, `3 seeds`."""
    return "one seed" if count == 1 else f"{count} seeds"
