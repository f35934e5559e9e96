"""Tables over recorded runs: what each study contributes, means and intervals over seeds, exact paired tests, honest sentences."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from gencls import params
from gencls.tables import compare, rl, runs, summary, two_stage
from gencls.tables.words import markdown


def arm(hits: list[int], **about: Any) -> dict[str, Any]:
    scores = {"accuracy": float(np.mean(hits)), "macro_f1": 0.5, "macro_f1_ci": [0.4, 0.6], "rows": len(hits), "cell": None}
    return scores | about | {"correct": np.packbits(hits).tobytes().hex()}


def run(ds: str, seed: int, study: str = "strategies", **arms: Any) -> dict[str, Any]:
    made = {name: hits if isinstance(hits, dict) else arm(hits) for name, hits in arms.items()}
    return {"commit": "abc", "data_set": ds, "study": study, "seed": seed, "base": "builtin", "arms": made}


# ---- which arms come from where


def test_hits_come_back_from_their_bits() -> None:
    hits = [1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1]
    assert runs.hits_of(arm(hits)).tolist() == hits


def test_seeds_are_averaged_each_arm_over_its_own_and_arms_stand_in_one_order() -> None:
    found = summary.summary(
        [run("d", 8, best_cell=[1, 1, 0, 1], naive_sft=[1, 0, 0, 1]), run("d", 7, naive_sft=[1, 1, 0, 1], majority=[0, 0, 0, 1])]
    )
    assert list(found["d"]) == ["majority", "naive_sft", "best_cell"]
    assert found["d"]["naive_sft"]["accuracy"] == pytest.approx(0.625) and found["d"]["naive_sft"]["seeds"] == [7, 8]
    assert found["d"]["best_cell"]["seeds"] == [8] and found["d"]["naive_sft"]["macro_f1_ci"] == [0.4, 0.6]
    low, high = found["d"]["naive_sft"]["accuracy_ci"]
    assert 0 <= low < 0.625 < high <= 1


def test_each_study_contributes_its_own_arms() -> None:
    plain = run("d", 7, naive_sft=[1, 0], best=[1, 1], warm_up=[1, 0], rl_grpo=[0, 0], arm_written=[0, 0])
    assert list(summary.summary([plain])["d"]) == ["naive_sft", "rl_grpo"], "no RL study, so this one counts"
    learnt = run("d", 7, "rl", naive_sft=[0, 0], rl_grpo=[1, 1])
    reasoned = run("d", 7, "reasoning", naive_sft=[0, 0], arm_written=[1, 1], rl_grpo=[0, 1])
    other = run("d", 7, "qwen_lora", naive_sft=[0, 0], knn=[1, 1])
    found = summary.summary([plain, learnt, reasoned, other])["d"]
    assert {name: own["accuracy"] for name, own in found.items()} == {"naive_sft": 0.5, "reasoned_written": 1.0, "rl_grpo": 1.0}


def test_seeds_with_test_rows_of_their_own_count_the_same() -> None:
    """A file that each seed splits anew, by text: accuracies 1/2 and 3/4, and the four rows that differ are all better: 2 / 2**4."""
    made = [run("d", 7, knn=[1, 0], naive_sft=[0, 0]), run("d", 8, knn=[1, 0, 1, 1], naive_sft=[0, 0, 0, 0])]
    found = summary.summary(made)["d"]["knn"]
    assert found["accuracy"] == 0.625 and found["rows"] == 2 and found["seeds"] == [7, 8]
    difference = compare.difference([(one["arms"]["knn"], one["arms"]["naive_sft"]) for one in made])
    assert difference is not None and difference.points == 0.625 and difference.p == 2 / 2**4 and difference.seeds == 2
    low, high = difference.ci
    assert 0 <= low < 0.625 < high <= 1


def test_an_arm_with_fewer_seeds_than_its_row_names_them() -> None:
    made = [run("d", 7, naive_sft=[1, 0], best_cell=[1, 0], sequence_head=[1, 1]), run("d", 8, naive_sft=[1, 0], best_cell=[1, 1])]
    row = summary.overview(summary.summary(made))[1]
    assert row[2].endswith(" (seed 7)") and "seed" not in row[3] + row[5] and row[6] == "2"


# ---- comparing over seeds


def test_the_half_width_over_seeds_is_that_of_the_t_interval() -> None:
    assert compare.half_width([0.9, 0.92, 0.94]) == pytest.approx(4.302653 * 0.02 / 3**0.5, rel=1e-6)
    assert compare.half_width([0.9]) is None


def test_with_one_seed_the_paired_test_is_mcnemars() -> None:
    """Five rows that only a got right, one that only b did: 2 · (1 + 6) / 2**6."""
    found = compare.difference([(arm([1] * 5 + [0, 1, 0]), arm([0] * 5 + [1, 1, 0]))])
    assert found is not None and found.p == 0.21875 and found.points == 0.5 and found.seeds == 1


def test_over_seeds_a_row_is_one_observation() -> None:
    """Sums over seeds 2, 1, -1: of the eight sums ±2 ±1 ±1, which are 4, 2, 2, 0, 0, -2, -2, -4, six reach 2."""
    both = [(arm([1, 1, 0, 1]), arm([0, 0, 1, 1])), (arm([1, 0, 1, 0]), arm([0, 0, 1, 0]))]
    found = compare.difference(both)
    assert found is not None and found.p == 0.75 and found.points == 0.25 and found.seeds == 2
    assert compare.difference([(both[0][0], both[0][0])]) == compare.Difference(0.0, (0.0, 0.0), 1.0, 1)
    assert compare.difference([]) is None


def test_the_exact_test_is_that_of_counting_all_signs() -> None:
    for seed in range(20):
        d = np.random.default_rng(seed).integers(-3, 4, size=9).astype(float)
        sums = [abs(np.dot(signs, d)) for signs in product((-1, 1), repeat=9)]
        assert compare.flip_test(d) == pytest.approx(np.mean(np.array(sums) >= abs(d.sum())), abs=1e-6)


# ---- the gain


def test_the_gain_is_relative_and_its_interval_draws_the_same_rows_for_both() -> None:
    both = [1, 0] * 200
    assert summary.gain([run("d", 7, naive_sft=both, best_cell=both)], ["d"]) == {"gain": 0.0, "ci": [0.0, 0.0], "data_sets": ["d"]}
    better = summary.gain([run("d", 7, naive_sft=[1, 0] * 200, best_cell=[1, 1, 1, 0] * 100)], ["d", "absent"])
    assert better is not None and better["gain"] == pytest.approx(0.5) and better["data_sets"] == ["d"]
    assert summary.gain([run("d", 7, naive_sft=both)], ["d"]) is None


def test_the_best_cell_is_compared_with_the_linear_svm_and_what_it_lacks_is_said() -> None:
    worse = [run("d", seed, best_cell=[0, 1] * 20, linear_svm=[1, 1] * 20) for seed in (7, 8)]
    better = run("e", 7, best_cell=[1, 1] * 20, linear_svm=[0, 1] * 20)
    sentence = summary.against_svm([*worse, better, run("f", 7, best_cell=[1])], ["d", "e", "f"])
    assert "accuracy in points: d −50.0 [" in sentence and "; e +50.0 [" in sentence and sentence.endswith("; it falls short on d.")
    assert summary.against_svm([better], ["e"]).endswith("; it falls short nowhere.")
    assert summary.against_svm([], ["e"]) == "No data set has both a best cell and the linear SVM yet."


def test_the_sentence_says_when_the_effect_does_not_show() -> None:
    nothing = {"gain": 0.001, "ci": [-0.01, 0.012], "data_sets": ["d"]}
    assert summary.sentence(nothing, 0.0346, "all").endswith("below the paper's +3.46 %; it does not differ from zero beyond chance.")
    assert "above the paper's" in summary.sentence({"gain": 0.1, "ci": [0.05, 0.12], "data_sets": ["d"]}, 0.0346, "all")
    assert summary.sentence(None, 0.04, "public").startswith("No public data set")


# ---- RL

WARM, MORE = [1] * 10 + [0] * 10, [1] * 12 + [0] * 8
BETTER = [1] * 18 + [0] * 2


def rl_run(seed: int) -> dict[str, Any]:
    return run(
        "eic",
        seed,
        "rl",
        warm_up=arm(WARM, cell="sft/zero_shot · zero_shot · trie"),
        arm_written=arm(MORE, cell="sft/written · written · trie", reasoning="written"),
        rl_sft=arm(MORE, cell="rl/sft · zero_shot · trie", warmup="zero_shot", algorithm="sft", samples=0, seconds=10.0),
        rl_grpo=arm(MORE, cell="rl/grpo · zero_shot · trie", warmup="zero_shot", algorithm="grpo", samples=800, seconds=20.0),
        rl_reinforce_pp=arm(
            BETTER, cell="rl/reinforce_pp · zero_shot · trie", warmup="zero_shot", algorithm="reinforce_pp", samples=800, seconds=40.0
        ),
        rl_written_grpo=arm(BETTER, cell="rl/written_grpo · written · trie", warmup="written", algorithm="grpo"),
    )


def test_rl_is_compared_with_its_own_warm_up_and_with_continued_sft() -> None:
    """8 rows better than the warm-up: 2 / 2**8, times the 4 arms of the column; 6 better than the control: 2 / 2**6, times 2."""
    rows, sentence = rl.text([rl_run(7)], "eic") or ([], "")
    found = {row[0]: row[1:] for row in rows}
    assert list(found) == ["arm", "rl_reinforce_pp", "rl_grpo", "rl_sft", "rl_written_grpo"]
    assert found["rl_reinforce_pp"][0] == "90.0" and found["rl_reinforce_pp"][-1] == "1"
    assert found["rl_reinforce_pp"][2].startswith("+40.0 [") and found["rl_reinforce_pp"][2].endswith("p = 0.031")
    assert found["rl_reinforce_pp"][3].startswith("+30.0 [") and found["rl_reinforce_pp"][3].endswith("p = 0.062")
    assert found["rl_reinforce_pp"][4:7] == ["800", "40", "20 samples, 1 s"], "40 points for 800 samples and 40 s"
    assert found["rl_written_grpo"][2].startswith("+30.0 ["), "over the reasoned warm-up"
    assert found["rl_written_grpo"][3:7] == ["–"] * 4 and found["rl_sft"][3] == "–"
    assert found["rl_sft"][4:7] == ["–", "10", "1 s"], "10 points for 10 s; the control draws nothing"
    assert "of 3 RL arms rl_reinforce_pp gains most, +40.0" in sentence and "(beyond chance)" in sentence
    assert "REINFORCE++ is ahead of the others beyond chance (+30.0 [" in sentence
    assert "p = 0.031 over grpo; reinforce_pp 90.0, grpo 60.0)" in sentence
    assert "direct answers (rl_reinforce_pp) differ from reasoned ones (rl_written_grpo) by 0.0" in sentence
    assert sentence.startswith("GenCLS++ finds that RL adds") and sentence.count(".\n") == 0


def test_algorithms_are_ranked_from_one_warm_up() -> None:
    """Those of the other warm-up would turn the order round."""
    made = {
        f"rl_{name}{algorithm}": arm(hits, cell="c", warmup=warmup, algorithm=algorithm)
        for name, warmup, algorithm, hits in (
            ("", "zero_shot", "reinforce_pp", MORE),
            ("", "zero_shot", "grpo", BETTER),
            ("numeric_", "numeric", "reinforce_pp", BETTER),
            ("numeric_", "numeric", "grpo", WARM),
        )
    }
    _, sentence = rl.text([run("d", 7, "rl", **made)], "d") or ([], "")
    assert "REINFORCE++ is not ahead of the others beyond chance (−30.0 [" in sentence and "reinforce_pp 60.0, grpo 90.0)" in sentence


def test_the_arm_that_gains_most_is_one_of_those_with_the_most_seeds() -> None:
    def made(seed: int) -> dict[str, Any]:
        return run("d", seed, warm_up=WARM, rl_grpo=arm(MORE, algorithm="grpo"), rl_reinforce_pp=arm(MORE, algorithm="reinforce_pp"))

    lucky = run("d", 7, warm_up=WARM, rl_grpo=arm(MORE, algorithm="grpo"), rl_expected=arm(BETTER, algorithm="expected"))
    _, sentence = rl.text([lucky, made(8)], "d") or ([], "")
    assert "here, 2 seeds of d, rl_grpo +10.0" in sentence


def test_rl_over_seeds_shows_their_spread_and_needs_no_more_than_a_warm_up() -> None:
    rows, sentence = rl.text([run("d", 7, warm_up=[1, 0], rl_grpo=[1, 1]), run("d", 8, warm_up=[1, 0], rl_grpo=[0, 0])], "d") or ([], "")
    assert rows[1][:3] == ["rl_grpo", f"50.0 ± {100 * 12.7062 * 0.5**0.5 / 2**0.5:.1f}", "50.0 ± 0.0"] and rows[1][4:] == ["–"] * 4 + ["2"]
    assert "here, 2 seeds of d, rl_grpo 0.0" in sentence and "(within chance)" in sentence and "not compared" in sentence
    assert rl.text([run("d", 7, naive_sft=[1, 0])], "d") is None


# ---- the two-stage recipe


def reasoning_run(seed: int, **kinds: list[int]) -> dict[str, Any]:
    own = {f"arm_{kind}": arm(hits, reasoning=kind, f1={"joy": np.mean(hits), "fear": 0.5}) for kind, hits in kinds.items()}
    told = {"written": 0.5, "blind": 0.25, "largest": 0.4, "covered": 0.9}
    return {**run("emotion", seed, "reasoning", naive_sft=[1] * 20, **own), "rationales": told}


def test_reasoning_is_compared_with_direct_answers_and_the_controls_with_both() -> None:
    """Six rows worse than Q→A: 2 / 2**6, times the 2 comparisons of the column."""
    made = reasoning_run(7, withheld=[1] * 16 + [0] * 4, written=[1] * 10 + [0] * 10, shuffled=[1] * 10 + [0] * 10)
    rows, classes, paragraph = two_stage.text([made], "emotion") or ([], None, "")
    found = {row[0].split(":")[0]: row[1:] for row in rows[:4]}
    assert list(found) == ["arm", "Q→A", "Q→RA", "control"] and found["Q→A"][0] == "80.0" and found["Q→A"][2] == "–"
    assert found["Q→RA"][2].startswith("−30.0 [") and found["Q→RA"][2].endswith("p = 0.062") and found["Q→RA"][3] == "–"
    assert found["control"][3] == "0.0 [0.0, 0.0], p = 1.00".replace(", 0.0]", ",\u00a00.0]")
    assert [row[1] for row in rows[4:]] == ["49.7", "58.4"] and rows[5][3] == "+8.7"
    assert classes == [
        ["class", "F1, Q→A", "F1, Q→RA", "change", "paper's change"],
        ["fear", "50.0", "50.0", "0.0", "+18.2"],
        ["joy", "80.0", "50.0", "−30.0", "–"],
    ]
    assert "49.7 → 58.4" in paragraph and "makes no difference beyond chance" in paragraph and "rationales of other rows" in paragraph
    assert "a base of a few million parameters" in paragraph and "learnt from the 90.0 % of the training rows" in paragraph
    assert "label of 50.0 % of them, one written without the label that of 25.0 %; naming the largest class gives 40.0 %." in paragraph


def test_reasoning_over_seeds_uses_only_seeds_with_both_arms() -> None:
    both = [reasoning_run(seed, withheld=[1] * 10 + [0] * 10, written=[1] * 20) for seed in (7, 8)]
    rows, _, paragraph = two_stage.text([*both, reasoning_run(9, withheld=[0] * 20)], "emotion") or ([], None, "")
    assert rows[1][-1] == "3" and rows[2][-1] == "2" and "+50.0" in rows[2][3]
    assert "2 seeds of emotion" in paragraph and "it helps" in paragraph
    assert two_stage.text([run("d", 7, knn=[1])], "d") is None
    assert "not both run" in (two_stage.text([reasoning_run(7, written=[1])], "emotion") or ("", "", ""))[2]


def test_classes_are_compared_where_both_arms_were_run_and_arms_with_the_same_prompts() -> None:
    both = reasoning_run(7, withheld=[1] * 16 + [0] * 4, written=[1] * 16 + [0] * 4)
    _, classes, _ = two_stage.text([both, reasoning_run(8, withheld=[0] * 20)], "emotion") or ([], None, "")
    assert {row[0]: row[3] for row in classes or []} == {"class": "change", "fear": "0.0", "joy": "0.0"}
    few = {"arm_withheld_3": arm([0] * 20, reasoning="withheld", f1={"joy": 0.0})}
    mixed = {**both, "arms": {**few, **both["arms"]}}
    assert two_stage.text([mixed], "emotion") == two_stage.text([both], "emotion")


# ---- names and words


def test_a_study_is_a_name_that_a_file_can_have() -> None:
    content = {"datasets": {"d": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "similar_3": {}}}
    assert params.parse({**content, "report": {"study": "rl"}}).report.study == "rl"
    for wrong in ("a/b", "..", "my study", "a-7", ""):
        with pytest.raises(params.ParamsError, match=r"report\.study: got"):
            params.parse({**content, "report": {"study": wrong}})


def test_a_markdown_table_sets_numbers_right() -> None:
    assert markdown([["a", "b", "c", "d"], ["x", "1", "2", "y"]]) == "| a | b | c | d |\n| --- | --: | --: | --- |\n| x | 1 | 2 | y |\n"
