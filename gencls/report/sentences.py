"""What the page says in words: what was found, also when that is nothing."""

from collections.abc import Sequence
from typing import Any

from gencls.calibration import FEWEST
from gencls.metrics import Difference, Paired, beyond_chance
from gencls.report import paper
from gencls.report.calibrated import Calibrated
from gencls.report.grid import Lengths, Switch
from gencls.report.results import CONTROL, Arm, Results
from gencls.report.words import count, interval, p_value, percent, point_interval, points, relative
from gencls.selection import rl_role, warm_up_role

CONTEXT = (
    f"For context: GenCLS++ reports {100 * paper.GAIN['all']:+.2f} % as the mean over its seven data sets, "
    f"{100 * paper.GAIN['public']:+.2f} % over the four public ones."
)


def headline(results: Results) -> str:
    """Which cell is best, and how good it is on the test split."""
    arm = results.winner
    return (
        f"Best on validation: {asked(arm)}. On the {arm.test['rows']} test rows it reaches an accuracy of {percent(arm.test['accuracy'])} "
        f"{interval(arm.test['accuracy_ci'])} and a macro-F1 of {percent(arm.test['macro_f1'])} {interval(arm.test['macro_f1_ci'])}."
    )


def asked(arm: Arm) -> str:
    """`sft/similar_3 with zero_shot prompts and trie decoding`."""
    return f"{arm.model} with {arm.infer} prompts and {arm.decoding} decoding"


def findings(results: Results, paired: dict[str, Paired]) -> list[str]:
    """Everything that is asked of the test split; `paired` has an entry for each of `results.pairs`."""
    return [
        *_against_naive(results, paired),
        *([_training(results, paired["best_train_vs_naive"])] if "best_train_vs_naive" in paired else []),
        *([_inference(results, paired["best_cell_vs_best_train"])] if "best_cell_vs_best_train" in paired else []),
        against_baseline(results.best_baseline, paired["best_vs_best_baseline"]),
        *(_about_rl(results, paired, role) for role in results.rl),
    ]


def _against_naive(results: Results, paired: dict[str, Paired]) -> list[str]:
    naive, winner = results.naive, results.winner
    if naive is None:
        return ["This grid has no naive SFT (zero_shot in grid.train and grid.infer), so the gain over it is not known."]
    if naive.title == winner.title:
        return ["It is naive SFT itself (zero-shot prompts in training and inference): no other strategy, decoding or RL was better."]
    sentences = [against_naive(naive, paired["best_vs_naive"])]
    gains = [f"{_relative(paired['best_vs_naive'])} for the best cell"]
    best_sft = results.roles["best_cell"]
    if best_sft.title not in (winner.title, naive.title):
        gains.append(f"{_relative(paired['best_cell_vs_naive'])} without RL ({asked(best_sft)})")
    gain = f"Relative gain in accuracy over naive SFT: {', '.join(gains)}."
    return [*sentences, f"{gain} {CONTEXT} A mean over data sets is no target for a single one."]


def mean_gain(gains: Sequence[float]) -> str:
    """Over the data sets of the page: what the paper's averages are of."""
    mean = sum(gains) / len(gains)
    return f"Mean relative gain in accuracy of the best cell over naive SFT, {len(gains)} data sets: {relative(mean)}. {CONTEXT}"


def against_naive(naive: Arm, paired: Paired) -> str:
    """The best cell against naive SFT."""
    return f"Naive SFT has {percent(naive.test['accuracy'])}: {_verdict(paired['accuracy'])}."


def _training(results: Results, paired: Paired) -> str:
    best, naive = results.roles["best_train"], results.roles["naive_sft"]
    if best.title == naive.title:
        return "Choice of the training strategy: on validation none is better than naive SFT."
    return f"Choice of the training strategy: {_change(naive, best)}, {_verdict(paired['accuracy'])}."


def _inference(results: Results, paired: Paired) -> str:
    cell, trained = results.roles["best_cell"], results.roles["best_train"]
    if cell.title == trained.title:
        return "Choice of prompts and decoding at inference: on validation none is better than those of the training."
    change = f"{trained.title} → {cell.title}, {percent(trained.test['accuracy'])} → {percent(cell.test['accuracy'])}"
    return f"Choice of prompts and decoding at inference: {change}, {_verdict(paired['accuracy'])}."


def against_baseline(baseline: Arm, paired: Paired) -> str:
    """The best cell against the best baseline."""
    return f"The best baseline, {baseline.name}, has {percent(baseline.test['accuracy'])}: {_verdict(paired['accuracy'])}."


def _about_rl(results: Results, paired: dict[str, Paired], role: str) -> str:
    rl = results.roles[role]
    sentence = against_warm_up(rl, results.warm_up(rl), paired[f"{role}_vs_{warm_up_role(rl.warm_up)}"])
    control, against = results.control(rl), paired.get(f"{role}_vs_{rl_role(f'{rl.warm_up}/{CONTROL}')}")
    return sentence if control is None or against is None else f"{sentence} {against_control(rl, control, against)}"


def against_warm_up(rl: Arm, warm_up: Arm, paired: Paired) -> str:
    """What RL, or its control, added to the model that it started from, both asked as that was trained."""
    what, found = "Continued SFT, the control of RL," if rl.algorithm == CONTROL else "RL", paired["accuracy"]
    if beyond_chance(found["p"]):
        outcome = f"{what} helped" if found["difference"] > 0 else f"{what} made it worse"
    else:
        outcome = f"{what} did not measurably help" if found["difference"] > 0 else f"{what} did not help"
    return f"{outcome}: {_change(warm_up, rl)} ({_numbers(found)})."


def against_control(rl: Arm, control: Arm, paired: Paired) -> str:
    """RL against as many steps of plain SFT on the same rows."""
    return f"Gain of {rl.model} over continued SFT ({percent(control.test['accuracy'])}): {_verdict(paired['accuracy'])}."


def switching(switches: Sequence[Switch]) -> str:
    """Whether other prompts at inference than in training help, on validation."""
    others = [switch for switch in switches if switch.switched]
    sure = [switch for switch in others if beyond_chance(switch.adjusted)]
    moved = f"{len(others)} of {count(len(switches), 'model')}"
    if not others:
        return f"Each model ({len(switches)}) is best under the strategy that it was trained under."
    held = "none of these gains is" if not sure else "1 of these gains is" if len(sure) == 1 else f"{len(sure)} of these gains are"
    return (
        f"For {moved} another strategy than the one trained under is best; {held} more than chance after Holm's correction for all "
        f"{count(sum(switch.compared for switch in switches), 'comparison')} of another strategy with a model's own. The best was picked "
        "on the rows that it is compared on, so the gains lean high."
    )


def uncertain(shares: Sequence[float], decoding: str) -> str:
    """How often Uncertain was answered where it was offered, over the models and strategies."""
    low, high = min(shares), max(shares)
    some = f"between {percent(low)} and {percent(high)}" if low < high else percent(high)
    return f"Where the label Uncertain is offered, {some} of the answers are Uncertain ({decoding} decoding). They count as wrong."


def length_bias(found: Lengths) -> str:
    """What the figure shows."""
    left_out = f"; {count(found.left_out, 'row')} that some decoding answered with no label are left out" if found.left_out else ""
    return (
        f"Share of {found.rows} validation rows whose label has so many tokens, {found.model} with {found.infer} prompts: the bar is the "
        f"gold labels, the points are the answers{left_out}. Points above the bars of long labels are a bias for length."
    )


def calibration(found: Calibrated) -> str:
    """What the temperature did on test."""
    temperature = round(found.temperature, 2)
    way = "is too sure of itself" if temperature > 1 else "is too unsure of itself" if temperature < 1 else "stays as sure as it was"
    return f"The temperature fitted on validation is {temperature:.2f}: the model {way}. It changes probabilities, not answers."


def abstention(found: Calibrated, precision: float) -> str:
    """What the threshold gives on test."""
    wanted, point = percent(precision), found.point
    if point is None:
        return f"No threshold to abstain below: on validation no confidence leaves {FEWEST} or more answers of which {wanted} are right."
    least = f"confidence of at least {percent(point['threshold'])}"
    if point["precision"] is None or point["precision_low"] is None:
        return f"On validation answers with a {least} reached the precision of {wanted} that is wanted; on test there are none."
    return (
        f"On validation answers with a {least} reached the precision of {wanted} that is wanted; on test these are "
        f"{percent(point['coverage'])} of the rows, {percent(point['precision'])} of them right (at least "
        f"{percent(point['precision_low'])} with 95 % confidence)."
    )


def corrections(made: dict[str, Any]) -> str:
    """What people corrected, and what a linear model gains by it on test."""
    done = f"{count(made['changed'], 'training label')} changed and {count(made['dropped'], 'row')} dropped"
    before, after = (percent(made[when]["accuracy"]) for when in ("before", "after"))
    verdict = _verdict(made["paired"]["accuracy"])
    return f"Corrections ({made['file']}): {done}. {made['baseline']} without them → with them: {before} → {after} on test, {verdict}."


def definitions(made: dict[str, Any]) -> str:
    """Who wrote the definitions that prompts show."""
    written, total = len(made["written"]), len(made["definitions"])
    if not written:
        return "The definitions in the prompts come with the data set."
    how = "are telling words of its training rows" if made["writer"] == "telling words" else f"were written by {made['writer']}"
    others = "" if written == total else "; the others come with the data set"
    return f"The prompts' definitions of {written} of the {total} classes {how}{others}."


def _change(before: Arm, after: Arm) -> str:
    return f"{before.model} → {after.model}, {percent(before.test['accuracy'])} → {percent(after.test['accuracy'])}"


def _relative(paired: Paired) -> str:
    return relative(paired["relative"]["difference"], paired["relative"]["ci"])


def _verdict(found: Difference) -> str:
    if beyond_chance(found["p"]):
        side = "more than chance explains" if found["difference"] > 0 else "worse by more than chance explains"
    else:
        side = "within chance on this test set"
    return f"a difference of {_numbers(found)}, {side}"


def _numbers(found: Difference) -> str:
    p = "" if found["p"] is None else f", p {'' if found['p'] < 0.001 else '= '}{p_value(found['p'])}"
    return f"{points(found['difference'])} points {point_interval(found['ci'])}{p}"
