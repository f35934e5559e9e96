"""How numbers are written."""

from collections.abc import Sequence

NBSP = "\u00a0"
"""A number keeps its sign and its bracket on one line."""


def percent(share: float | None) -> str:
    """`0.9086` → `90.9 %`; a dash for what is not known."""
    return "–" if share is None else f"{100 * share:.1f}{NBSP}%"


def interval(bounds: Sequence[float]) -> str:
    """`[0.896, 0.921]` → `[89.6, 92.1]`, in percent."""
    return f"[{100 * bounds[0]:.1f},{NBSP}{100 * bounds[1]:.1f}]"


def points(difference: float) -> str:
    """`0.008` → `+0.8`, in percentage points."""
    return _signed(difference, 1)


def relative(gain: float, bounds: Sequence[float] = ()) -> str:
    """`+6.18 % [+1.30, +11.20]`: the accuracy's difference as a share of the other arm's accuracy."""
    text = f"{_signed(gain, 2)}{NBSP}%"
    return f"{text} [{_signed(bounds[0], 2)},{NBSP}{_signed(bounds[1], 2)}]" if bounds else text


def point_interval(bounds: Sequence[float]) -> str:
    """`[0.002, 0.018]` → `[+0.2, +1.8]`."""
    return f"[{points(bounds[0])},{NBSP}{points(bounds[1])}]"


def p_value(p: float) -> str:
    """`0.012`, `0.35`, `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def duration(seconds: float) -> str:
    """`42 s`, `12 min 5 s`, `2 h 3 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(n: int, noun: str) -> str:
    """`no findings`, `1 finding`, `2 findings`."""
    return f"{n or 'no'} {noun}{'s' * (n != 1)}"


def _signed(share: float, digits: int) -> str:
    text = f"{100 * share:+.{digits}f}".replace("-", "−")
    return text[1:] if not float(text[1:]) else text
