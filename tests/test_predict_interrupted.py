"""`gencls predict` that dies, is started again, or twice at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import rows
from test_predict import TEXTS, go, read, write

from gencls import Classifier
from gencls.predict import run as runs
from gencls.predict.source import FileError


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_run_that_died_goes_on_and_writes_the_same_bytes(
    ending: str, classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "CHUNK", 3)
    source = write(tmp_path / "in.jsonl", [{"text": text} for text in TEXTS])
    whole, out = tmp_path / f"whole.{ending}", tmp_path / f"out.{ending}"
    go(classifier, source, whole)
    asked: list[int] = []
    real = Classifier.predict

    def dying(self: Classifier, texts: list[str]) -> Any:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(texts))
        return real(self, texts)

    monkeypatch.setattr(Classifier, "predict", dying)
    with pytest.raises(KeyboardInterrupt):
        go(classifier, source, out)
    assert not out.exists() and asked == [3, 3]
    journal = tmp_path / f"out.{ending}.journal"
    journal.write_bytes(journal.read_bytes() + b'[{"predicted": "ref')  # killed while a line was written
    asked[:] = [0]
    go(classifier, source, out)
    assert asked == [0, 1] and "6 rows were predicted before" in capsys.readouterr().err
    assert out.read_bytes() == whole.read_bytes() and not journal.exists()


def test_two_processes_do_not_write_one_file(classifier: Classifier, tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text("text\n" + "".join(f"parcel {i} late\n" for i in range(300)))
    refused = []

    def second(*_: object) -> None:
        if not refused:
            with pytest.raises(FileError, match=r"out.csv: another process is writing it; wait for its end") as error:
                go(classifier, given, out)
            refused.append(error)

    go(classifier, given, out, seen=second)
    assert refused and len(out.read_text().splitlines()) == 301
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_another_input_does_not_go_on_from_an_old_journal(classifier: Classifier, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": text} for text in TEXTS])
    (tmp_path / "out.csv.journal").write_text('{"key": "another"}\n[{"predicted": "wrong"}]\n')
    go(classifier, source, tmp_path / "out.csv")
    assert [row["predicted"] for row in read(tmp_path / "out.csv")] == [prediction.label for prediction in classifier.predict(TEXTS)]


def test_a_killed_process_goes_on(bundle: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [{"text": text} for text, _ in rows(6000)])
    command = [sys.executable, "-m", "gencls", "predict", str(bundle), str(source), str(tmp_path / "out.csv"), "--device", "cpu"]
    journal = tmp_path / "out.csv.journal"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2000):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and not (tmp_path / "out.csv").exists()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "rows were predicted before; going on from there" in again.stderr
    assert len(read(tmp_path / "out.csv")) == 6000
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["in.csv", "out.csv"]
