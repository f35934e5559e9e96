"""How numbers are written, and the sentences above each data set's tables: they say what was found, also when that is nothing."""

from collections.abc import Sequence

from gencls.metrics import Difference, Paired
from gencls.report.results import Arm, Results

NBSP = "\u00a0"
"""A number keeps its sign and its bracket on one line."""

SURE = 0.05
"""Two-sided p below which a difference is called more than chance."""


def percent(share: float | None) -> str:
    """`0.9086` → `90.9 %`; a dash for what is not known."""
    return "–" if share is None else f"{100 * share:.1f}{NBSP}%"


def interval(bounds: Sequence[float]) -> str:
    """`[0.896, 0.921]` → `[89.6, 92.1]`, in percent."""
    return f"[{100 * bounds[0]:.1f},{NBSP}{100 * bounds[1]:.1f}]"


def points(difference: float) -> str:
    """`0.008` → `+0.8`, in percentage points."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


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


def asked(arm: Arm) -> str:
    """`sft/similar_3 with zero_shot prompts and trie decoding`."""
    return f"{arm.model} with {arm.infer} prompts and {arm.decoding} decoding"


def headline(results: Results) -> str:
    """Which arm is best, and how good it is on the test split."""
    arm = results.winner
    assert arm.validation is not None
    return (
        f"Best on validation: {asked(arm)}. On the {arm.test['rows']} test rows it reaches an accuracy of {percent(arm.test['accuracy'])} "
        f"{interval(arm.test['accuracy_ci'])} and a macro-F1 of {percent(arm.test['macro_f1'])} {interval(arm.test['macro_f1_ci'])}."
    )


def against_naive(results: Results, paired: Paired | None) -> str:
    """The winner against naive SFT."""
    naive = results.naive
    if naive is None:
        return "This grid has no naive SFT (zero_shot in grid.train and grid.infer), so the gain over it is not known."
    if paired is None:
        return "It is naive SFT itself (zero-shot prompts in training and inference): no other strategy, decoding or RL was better."
    return f"Naive SFT has {percent(naive.test['accuracy'])}: {_verdict(paired['accuracy'])}."


def against_baseline(results: Results, paired: Paired) -> str:
    """The winner against the best baseline."""
    arm = results.best_baseline
    return f"The best baseline, {arm.name}, has {percent(arm.test['accuracy'])}: {_verdict(paired['accuracy'])}."


def rl_against_warm_up(rl: Arm, warm_up: Arm, paired: Paired) -> str:
    """What RL added to the model that it started from, each at its best on validation."""
    found = paired["accuracy"]
    if found["p"] is None or found["p"] >= SURE:
        outcome = "RL did not measurably help" if found["difference"] > 0 else "RL did not help"
    else:
        outcome = "RL helped" if found["difference"] > 0 else "RL made it worse"
    change = f"{percent(warm_up.test['accuracy'])} → {percent(rl.test['accuracy'])}"
    return f"{outcome}: {warm_up.model} → {rl.model}, {change} ({_numbers(found)})."


def _verdict(found: Difference) -> str:
    if found["p"] is not None and found["p"] < SURE:
        side = "more than chance explains" if found["difference"] > 0 else "worse by more than chance explains"
    else:
        side = "within chance on this test set"
    return f"a difference of {_numbers(found)}, {side}"


def _numbers(found: Difference) -> str:
    p = "" if found["p"] is None else f", p {'' if found['p'] < 0.001 else '= '}{p_value(found['p'])}"
    return f"{points(found['difference'])} points {point_interval(found['ci'])}{p}"
