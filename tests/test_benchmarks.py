"""What the benchmarks are measured with; that each of them still runs, `make bench-smoke` shows."""

import json
import subprocess
import sys

import pytest

from benchmarks.harness import Result, alternate, in_child, table


def result(**changed: object) -> Result:
    return Result(**{"name": "x", "shape": "y", "ours_s": 1.0, "peer": "z", "peer_s": 4.0, "floor": 4.0, "demand": "4x faster", **changed})


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({}, True),
        ({"peer_s": 3.9}, False),
        ({"ours_mb": 50.0, "peer_mb": 100.0, "memory_floor": 0.5}, True),
        ({"ours_mb": 51.0, "peer_mb": 100.0, "memory_floor": 0.5}, False),
        ({"memory_floor": 0.5}, False),
    ],
)
def test_a_floor_is_met_when_time_and_memory_are_as_asked(changed, met):
    assert result(**changed).met is met


def test_times_are_medians_of_runs_in_turns_after_one_that_does_not_count():
    order = []
    alternate(lambda: order.append("ours"), lambda: order.append("peer"), 3)
    assert order == ["ours", "peer", "ours", "peer", "peer", "ours", "ours", "peer"]


def test_a_child_process_is_a_new_one_with_the_asked_modules():
    assert "wave" not in sys.modules
    assert in_child(eval, "'wave' in __import__('sys').modules", imported=["wave"])
    assert not in_child(eval, "'numpy' in __import__('sys').modules")


def test_a_benchmark_prints_a_table_and_writes_what_it_found_as_json(tmp_path):
    command = [sys.executable, "-m", "benchmarks.similar_examples", "--smoke", "--out", str(tmp_path / "found.json")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (record,) = json.loads((tmp_path / "found.json").read_text())
    assert printed.strip() == table([record])
    assert record["ratio"] == pytest.approx(record["peer_s"] / record["ours_s"], rel=0.01)
    assert set(record) >= {"name", "shape", "ours_s", "peer", "peer_s", "ratio", "floor", "met"}
