"""RL on real tiny models: every algorithm learns, and a killed, divided or split run ends where an undisturbed one does."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
import two_processes
from conftest import LABELS
from test_training import CPU, digest, prepared, run

from gencls import models
from gencls.encode import Encoded
from gencls.params import Algorithm, Lora, Rl, Sft
from gencls.rl.closed_set import _dataset, reinforce
from gencls.rl.warm_up import NothingToLearnError, rewardable
from gencls.scheme import Rows
from gencls.sft import finetune, validate

RL = Rl(batch_size=16, samples=4, lr=1e-3, evaluations=2)
SHIPPING = LABELS.index("shipping")


@pytest.fixture(scope="module")
def undecided(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warm-up that writes each label about as often, whatever the text says: SFT on labels that have nothing to do with the texts."""
    folder = tmp_path_factory.mktemp("undecided")
    network, scheme, both = prepared(base_folder)
    unrelated = {split: Rows(r.encoded, [(i // 3) % 3 for i in range(len(r.gold))], r.prefix) for split, r in both.items()}
    sft = Sft(epochs=10, batch_size=8, lr=3e-3, unmerge=0.0)
    models.save(finetune(network, scheme, unrelated, sft, run(folder)), scheme.tokenizer, folder / "model", {"labels": LABELS})
    return folder / "model"


def bandit(both: dict[str, Rows]) -> dict[str, Rows]:
    """Every row's gold label is `shipping`, whatever its text says."""
    return {split: Rows(r.encoded, [SHIPPING] * len(r.gold), r.prefix) for split, r in both.items()}


def trained(warm_up: Path, folder: Path, rl: Rl = RL, *, algorithm: Algorithm = "reinforce_pp", lora: Lora | None = None) -> Any:
    network, scheme, both = prepared(warm_up, CPU.model_copy(update={"lora": lora}))
    return reinforce(network, scheme, both, rl, algorithm=algorithm, run=run(folder))


def curve(folder: Path) -> dict[str, list[float]]:
    with (folder / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {column: [float(row[column]) for row in rows] for column in rows[0]}


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_every_algorithm_turns_an_undecided_model_to_the_rewarded_label(undecided: Path, tmp_path: Path, algorithm: Algorithm) -> None:
    network, scheme, both = prepared(undecided)
    rows = bandit(both)
    assert validate(network, rows["validation"], scheme.trie)["loss"] > 0.7, "the start is far from the answer"
    rl = Rl(batch_size=16, samples=8, lr=5e-3, epochs=4, kl=0.001, evaluations=2)
    learnt = reinforce(network, scheme, rows, rl, algorithm=algorithm, run=run(tmp_path))
    found = validate(learnt, rows["validation"], scheme.trie)
    assert found["accuracy"] == 1.0 and found["loss"] < 0.2
    rewards = curve(tmp_path)["reward"]
    assert rewards[0] < rewards[-1] and rewards[-1] > 0.8


@pytest.mark.parametrize("algorithm", ["reinforce_pp", "grpo", "sft"])
def test_rl_that_was_killed_ends_with_the_same_weights(undecided: Path, tmp_path: Path, killed_at: Any, algorithm: Algorithm) -> None:
    whole = trained(undecided, tmp_path / "whole", algorithm=algorithm)
    killed_at(4)
    with pytest.raises(KeyboardInterrupt):
        trained(undecided, tmp_path / "killed", algorithm=algorithm)
    assert list((tmp_path / "killed/checkpoints").glob("checkpoint-*")), "an evaluation was over when it died"
    assert digest(trained(undecided, tmp_path / "killed", algorithm=algorithm)) == digest(whole)
    assert (tmp_path / "killed/curve.csv").read_bytes() == (tmp_path / "whole/curve.csv").read_bytes()


def test_under_lora_the_model_without_its_adapter_is_the_reference(undecided: Path, tmp_path: Path) -> None:
    trained(undecided, tmp_path, RL.model_copy(update={"lr": 1e-2}), lora=Lora(r=4, alpha=8, dropout=0.1))
    kl = curve(tmp_path)["kl"]
    assert kl[0] >= 0 and kl[-1] > 1e-4, "the policy has moved away from the reference"


def test_rl_that_helps_nowhere_leaves_the_warm_up_as_it_was(undecided: Path, tmp_path: Path) -> None:
    before = digest(models.load(undecided, CPU)[0])
    ruinous = Rl(batch_size=16, samples=2, lr=10.0, evaluations=1, kl=0.0)
    assert digest(trained(undecided, tmp_path, ruinous)) == before


@pytest.mark.parametrize(("evaluations", "steps"), [(1, [6]), (4, [2, 4, 6]), (5, [2, 4, 6]), (100, [1, 2, 3, 4, 5, 6])])
def test_the_last_step_is_always_measured(undecided: Path, tmp_path: Path, evaluations: int, steps: list[int]) -> None:
    trained(undecided, tmp_path, RL.model_copy(update={"evaluations": evaluations}), algorithm="expected")
    assert curve(tmp_path)["step"] == steps


def test_a_number_of_steps_that_the_evaluations_do_not_divide_is_measured_to_its_end(undecided: Path, tmp_path: Path) -> None:
    trained(undecided, tmp_path, RL.model_copy(update={"batch_size": 14, "evaluations": 3}), algorithm="expected")
    assert curve(tmp_path)["step"] == [3, 6, 7]


def test_parts_of_a_step_give_the_weights_of_the_whole_step(undecided: Path, tmp_path: Path) -> None:
    whole = trained(undecided, tmp_path / "whole")
    parts = trained(undecided, tmp_path / "parts", RL.model_copy(update={"batch_tokens": 200}))
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_training_stops_when_patience_ends_and_a_resumed_run_stops_at_the_same_step(
    undecided: Path, tmp_path: Path, killed_at: Any
) -> None:
    impatient = Rl(batch_size=8, samples=2, lr=10.0, evaluations=6, kl=0.0, patience=3)
    before = digest(trained(undecided, tmp_path / "whole", impatient))
    assert curve(tmp_path / "whole")["step"] == [2, 4, 6], "nothing is better than the start, which counts"
    killed_at(5)
    with pytest.raises(KeyboardInterrupt):
        trained(undecided, tmp_path / "killed", impatient)
    assert digest(trained(undecided, tmp_path / "killed", impatient)) == before
    assert (tmp_path / "killed/curve.csv").read_bytes() == (tmp_path / "whole/curve.csv").read_bytes()


def test_a_reward_that_is_constant_from_the_start_is_said_with_what_to_do(
    base_folder: Path, undecided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NothingToLearnError, match=r"the 384 labels drawn in the first 6 steps .* all wrong, 384 .* outside"):
        trained(base_folder, tmp_path / "wrong")
    network, scheme, both = prepared(undecided)
    certain = reinforce(network, scheme, bandit(both), Rl(batch_size=16, lr=1e-2, epochs=30), algorithm="sft", run=run(tmp_path / "sft"))
    before = digest(certain)
    kept = reinforce(
        certain, scheme, bandit(both), RL.model_copy(update={"lr": 1e-9, "epochs": 6}), algorithm="grpo", run=run(tmp_path / "right")
    )
    assert digest(kept) == before, "there is nothing to learn, so the warm-up is the result, and the run ends as soon as that is known"
    assert "all right: the warm-up knows these rows by heart" in capsys.readouterr().err
    assert curve(tmp_path / "right")["step"] == [18]


def test_rows_marked_uncertain_have_no_right_answer_and_are_left_out_unless_it_is_a_class_of_the_data_set() -> None:
    labels = ["a", "b", "Uncertain"]
    row = Encoded([1], [])
    train = Rows([row] * 4, [0, 2, 1, 2], [])
    assert rewardable({"train": train, "validation": Rows([row] * 2, [0, 1], [])}, labels).gold == [0, 1]
    assert rewardable({"train": train, "validation": Rows([row] * 3, [0, 1, 2], [])}, labels).gold == [0, 2, 1, 2]


def test_balanced_rewards_give_every_class_the_same_say() -> None:
    rows = Rows([Encoded([1], [])] * 4, [0, 0, 0, 1], [])
    assert _dataset(rows, "balanced")["weight"][:] == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert _dataset(rows, "none")["weight"][:] == [1, 1, 1, 1]


def test_a_model_that_ignores_the_tree_mask_is_trained_the_plain_way(
    base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(base_folder, tmp_path / "packed", algorithm="sft")
    network, scheme, both = prepared(base_folder)
    forward: Callable[..., Any] = type(network).forward

    def causal(self: Any, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, **kwargs: Any) -> Any:
        return forward(self, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(type(network), "forward", causal)
    reinforce(network, scheme, both, RL, algorithm="sft", run=run(tmp_path / "plain"))
    assert "falling back to one sequence per label" in capsys.readouterr().err
    for column, values in curve(tmp_path / "packed").items():
        assert curve(tmp_path / "plain")[column] == pytest.approx(values, abs=1e-3), column


TWO_PROCESSES = """
import sys
from pathlib import Path

import torch
import torch.distributed as dist
sys.path.insert(0, sys.argv[1])
from test_rl import RL, trained

torch.set_num_threads(1)
folder = Path(sys.argv[3])
for algorithm in ("reinforce_pp_baseline", "sft"):
    model = trained(Path(sys.argv[2]), folder / algorithm, RL, algorithm=algorithm)
    if dist.get_rank() == 0:
        torch.save(model.state_dict(), folder / f"{algorithm}.pt")
"""


def test_two_processes_end_with_the_weights_of_one(undecided: Path, tmp_path: Path) -> None:
    """Real gloo: the same rows, draws, normalisation and gradients, half of each batch in each process."""
    two_processes.run(TWO_PROCESSES, undecided, tmp_path)
    for algorithm in ("reinforce_pp_baseline", "sft"):
        alone = trained(undecided, tmp_path / "alone" / algorithm, algorithm=algorithm)  # type: ignore[arg-type]
        for name, value in torch.load(tmp_path / f"{algorithm}.pt").items():
            torch.testing.assert_close(value, alone.state_dict()[name], atol=1e-5, rtol=0)
