"""Tables over recorded runs: means over seeds, intervals over rows, the gain, and honest sentences."""

from pathlib import Path

import numpy as np
import pytest

from gencls import tables
from tasks import results, stage


def run(ds: str, seed: int, **hits: list[int]) -> dict:
    arms = {
        name: {"accuracy": np.mean(h), "macro_f1": 0.5, "rows": len(h), "cell": None, "correct": np.packbits(h).tobytes().hex()}
        for name, h in hits.items()
    }
    return {"data_set": ds, "seed": seed, "commit": "abc", "arms": arms}


def test_hits_come_back_from_their_bits() -> None:
    hits = [1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1]
    assert tables.hits_of(run("d", 7, naive_sft=hits)["arms"]["naive_sft"]).tolist() == hits


def test_seeds_are_averaged_and_arms_stand_in_one_order() -> None:
    found = tables.summary(
        [run("d", 8, best_cell=[1, 1, 0, 1], naive_sft=[1, 0, 0, 1]), run("d", 7, naive_sft=[1, 1, 0, 1], majority=[0, 0, 0, 1])]
    )
    assert list(found["d"]) == ["majority", "naive_sft", "best_cell"]
    assert found["d"]["naive_sft"]["accuracy"] == pytest.approx(0.625) and found["d"]["naive_sft"]["seeds"] == [7, 8]
    low, high = found["d"]["naive_sft"]["accuracy_ci"]
    assert 0 <= low < 0.625 < high <= 1


def test_the_gain_is_relative_and_its_interval_draws_the_same_rows_for_both() -> None:
    both = [1, 0] * 200
    assert tables.gain([run("d", 7, naive_sft=both, best_cell=both)], ["d"]) == {"gain": 0.0, "ci": [0.0, 0.0], "data_sets": ["d"]}
    better = tables.gain([run("d", 7, naive_sft=[1, 0] * 200, best_cell=[1, 1, 1, 0] * 100)], ["d", "absent"])
    assert better is not None and better["gain"] == pytest.approx(0.5) and better["data_sets"] == ["d"]
    assert tables.gain([run("d", 7, naive_sft=both)], ["d"]) is None


def test_the_sentence_says_when_the_effect_does_not_show() -> None:
    nothing = {"gain": 0.001, "ci": [-0.01, 0.012], "data_sets": ["d"]}
    assert tables.sentence(nothing, 0.0346, "all").endswith("below the paper's +3.46 %; it does not differ from zero beyond chance.")
    assert "above the paper's" in tables.sentence({"gain": 0.1, "ci": [0.05, 0.12], "data_sets": ["d"]}, 0.0346, "all")
    assert tables.sentence(None, 0.04, "public").startswith("No public data set")


def test_tables_are_made_from_recorded_runs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    with pytest.raises(results.ResultsError, match="no recorded run; `make record` keeps the present one"):
        results.make()
    Path("results/runs").mkdir(parents=True)
    stage.write_json(run("d", 7, naive_sft=[1, 0, 1] * 20, best_cell=[1, 1, 1] * 20), Path("results/runs/d-7.json"))
    results.make()
    text = Path("README.md").read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "d, naive_sft | 66.7" in text and Path("results/d.md").exists() and "d" in stage.read_json(Path("results/summary.json"))
