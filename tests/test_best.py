"""What `make best` says beside the bundle."""

from pathlib import Path

import pytest

from tasks import best, paths, stage


def test_the_sequence_head_is_among_the_baselines_as_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert best.baselines("a") == "", "the bundle can be there without them"
    scores = {"majority": 0.125, "linear_svm": 0.75, "sequence_head": 0.875}
    found = {name: {"accuracy": score, "macro_f1": 0.5} for name, score in scores.items()}
    for folder, names in ((paths.baseline("a"), ["majority", "linear_svm"]), (paths.head("a"), ["sequence_head"])):
        folder.mkdir(parents=True)
        stage.write_json({name: found[name] for name in names}, folder / "metrics.json")
    assert best.baselines("a") == "; sequence_head 87.5 and 50.0 %, majority 12.5 and 50.0 %"
    stage.write_json({}, paths.head("a") / "metrics.json")
    assert best.baselines("a") == "; linear_svm 75.0 and 50.0 %, majority 12.5 and 50.0 %", "a head that is switched off left nothing"
