"""The report's section on RL: gains, what they cost, and the paper's claim beside them."""

import json
from pathlib import Path

import artifacts
import pytest
from test_report import settings

from gencls.report import rl
from gencls.report.results import compare
from tasks import paths, report, stage


def test_the_rl_study_has_its_table_and_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cells = {"train": ["zero_shot", "similar_3"], "infer": ["zero_shot", "similar_3"], "decoding": ["trie"]}
    study = {"algorithms": ["reinforce_pp", "grpo", "sft"], "warmups": ["zero_shot", "similar_3"]}
    content = settings("intents", grid=cells, rl=study)
    artifacts.write(content, "intents", ["a", "b", "c"])
    stage._record_time("rl", {"ds": "intents", "warmup": "similar_3", "algorithm": "grpo"}, 240.0)
    stage._record_time("rl", {"ds": "intents", "warmup": "zero_shot", "algorithm": "grpo"}, 240.0)
    with paths.curve("rl", "intents", "zero_shot/grpo").open("a") as curve:  # as DVC restores it, from a run that went on for longer
        curve.write("105,53760,0.8,0.02,0.3,0.7,0.0,0.85\n")
    report.main(content)
    page = paths.REPORT.read_text(encoding="utf-8")
    table = page.split("What does RL add?")[1].split("</table>")[0]
    assert table.count("<tr>") == 1 + 2 + 6
    assert table.count("the warm-up</td>") == 2 and table.count("51,200") == 3 and table.count("4 min 0 s") == 1
    record = json.loads((paths.RESULTS / "intents.json").read_text())
    arm, control = record["arms"]["rl_similar_3_grpo"], record["arms"]["rl_sft"]
    assert (arm["warmup"], arm["algorithm"], arm["samples"], arm["seconds"]) == ("similar_3", "grpo", 51200, 240.0)
    assert (control["warmup"], control["algorithm"], control["samples"], control["seconds"]) == ("zero_shot", "sft", 0, None)
    assert (record["arms"]["rl_grpo"]["samples"], record["arms"]["rl_grpo"]["seconds"]) == (53760, None)
    assert {"accuracy", "macro_f1"} <= set(arm)
    pairs = report._results(content, "intents").pairs
    wanted = {"rl_grpo_vs_warm_up", "rl_similar_3_grpo_vs_warm_up_similar_3", "rl_similar_3_grpo_vs_rl_similar_3_sft"}
    assert wanted | {"rl_grpo_vs_rl_reinforce_pp", "rl_grpo_vs_rl_similar_3_grpo", "rl_sft_vs_warm_up"} <= set(pairs)
    row = table.split("rl/similar_3/grpo")[1].split("</tr>")[0]
    minutes, samples = (found.split("</td>")[0].replace("−", "-") for found in row.split('class="number">')[-1:-3:-1])
    gain = 100 * compare(*pairs["rl_similar_3_grpo_vs_warm_up_similar_3"], bootstrap=10, seed=7)["accuracy"]["difference"]
    assert (float(minutes), float(samples)) == pytest.approx((gain / 4, gain / 51.2), abs=0.006)


def test_the_paper_s_claim_about_rl_stands_beside_what_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    content = settings("intents", rl={"algorithms": ["reinforce_pp", "grpo", "sft"]})
    artifacts.write(content, "intents", ["a", "b", "c"])
    results = report._results(content, "intents")
    sure, vague = ({"accuracy": {"difference": d, "ci": [0, 0], "p": p}} for d, p in ((0.03, 0.01), (0.01, 0.4)))
    paired = dict.fromkeys(results.pairs, vague) | {"rl_grpo_vs_warm_up": sure}
    text = rl.claim(results, paired, [])  # type: ignore[arg-type]
    assert text.startswith("GenCLS++ finds that RL adds to its SFT warm-up and that direct answers beat reasoned ones; a summary ")
    assert "; here gains beyond chance, after Holm's correction, are 1 of 2 over the warm-up and 0 of 2 over continued SFT; " in text
    assert "is the best of 2 (" in text and text.endswith("no reasoned answers were run.")
    once = rl.claim(results, paired | {"rl_grpo_vs_warm_up": {"accuracy": sure["accuracy"] | {"p": 0.03}}}, [])  # type: ignore[dict-item, arg-type]
    assert "are 0 of 2 over the warm-up" in once, "one of two below 0.05 is chance in nearly one case of ten"
    assert "reasoned answers were not compared with direct ones, which takes" in rl.claim(results, paired, ["zero_shot"])  # type: ignore[arg-type]
    for arm in results.rl.values():
        arm.test["accuracy"] = 0.9
    assert "REINFORCE++ and GRPO are equal (90.0" in rl.claim(results, paired, [])  # type: ignore[arg-type]
