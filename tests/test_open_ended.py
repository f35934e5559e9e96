"""RL over reasoned answers on real tiny models, by TRL's trainer with our estimators."""

from pathlib import Path
from typing import Any

import pytest
import torch
import two_processes
from conftest import LABELS, NAMES, rows
from test_rl import bandit, curve
from test_training import CPU, digest, run

from gencls import models
from gencls.errors import InputError
from gencls.generation import reason
from gencls.params import Algorithm, Lora, Rl, Sft, Strategy
from gencls.prompts import Prompt, Renderer
from gencls.reasoning import Answer, parse
from gencls.rl.advantages import ESTIMATORS
from gencls.rl.open_ended import OpenEndedTrainer, configuration, reinforce
from gencls.rl.rewards import reasoned_reward, well_formed
from gencls.rl.warm_up import NothingToLearnError
from gencls.scheme import LabelScheme, Rows
from gencls.sft import finetune, validate

RL = Rl(batch_size=16, samples=4, lr=1e-3, evaluations=2)
LONGEST = 4
"""Tokens of a reasoning."""


def encode(scheme: LabelScheme, n: int, seed: int, *, undecided: bool = False) -> Rows:
    """Rows whose reasoning is the first word of the text; undecided, whose label has nothing to do with it."""
    renderer = Renderer(Strategy(), NAMES)
    found = []
    for i, (text, label) in enumerate(rows(n, seed)):
        label = LABELS[(i // 3) % 3] if undecided else label
        found.append(Prompt(f"train-{i:05d}", renderer.segments(text), label, reasoning=text.split()[0]))
    return scheme.encode(found)


def prepared(folder: Path, lora: Lora | None = None) -> tuple[Any, LabelScheme, dict[str, Rows]]:
    torch.manual_seed(0)
    network, tokenizer = models.load(folder, CPU.model_copy(update={"lora": lora}), trainable=True)
    scheme = LabelScheme.build(tokenizer, NAMES, CPU.max_length, LONGEST)
    return network, scheme, {"train": encode(scheme, 48, seed=1), "validation": encode(scheme, 15, seed=2)}


@pytest.fixture(scope="module")
def undecided(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warm-up that reasons and then writes each label about as often, whatever the text says."""
    folder = tmp_path_factory.mktemp("undecided")
    network, scheme, _ = prepared(base_folder)
    unrelated = {"train": encode(scheme, 96, seed=1, undecided=True), "validation": encode(scheme, 15, seed=2, undecided=True)}
    sft = Sft(epochs=14, batch_size=8, optimizer="adamw", lr=3e-3, unmerge=0.0)
    models.save(finetune(network, scheme, unrelated, sft, run(folder)), scheme.tokenizer, folder / "model", {"labels": LABELS})
    return folder / "model"


def trained(warm_up: Path, folder: Path, rl: Rl = RL, *, algorithm: Algorithm = "reinforce_pp", lora: Lora | None = None) -> Any:
    """RL on rows whose right answer is always `shipping`."""
    network, scheme, both = prepared(warm_up, lora)
    return reinforce(network, scheme, bandit(both), rl, algorithm=algorithm, run=run(folder))


@pytest.mark.parametrize("algorithm", [*ESTIMATORS, "sft"])
def test_every_algorithm_turns_a_model_that_reasons_to_the_rewarded_label(undecided: Path, tmp_path: Path, algorithm: Algorithm) -> None:
    network, scheme, both = prepared(undecided)
    both = bandit(both)
    assert validate(network, reason(network, scheme, both["validation"]).rows, scheme.trie)["loss"] > 0.9, "it starts far from it"
    rl = Rl(batch_size=16, samples=8, lr=2e-3, epochs=4, kl=0.01, evaluations=2)
    learnt = reinforce(network, scheme, both, rl, algorithm=algorithm, run=run(tmp_path))
    found = validate(learnt, reason(learnt, scheme, both["validation"]).rows, scheme.trie)
    assert found["accuracy"] == 1.0 and found["loss"] < 0.6
    seen = curve(tmp_path)
    assert seen["samples"] == ([0, 0] if algorithm == "sft" else [6 * 16 * 8, 12 * 16 * 8])
    if algorithm != "sft":
        assert seen["reward"][-1] > seen["reward"][0] + 0.5


@pytest.mark.parametrize("algorithm", ["reinforce_pp", "sft"])
def test_rl_over_reasonings_that_was_killed_ends_with_the_same_weights(
    undecided: Path, tmp_path: Path, killed_at: Any, algorithm: Algorithm
) -> None:
    rl = RL.model_copy(update={"evaluations": 3, "batch_tokens": 2500, "lr": 5e-3})
    whole = trained(undecided, tmp_path / "whole", rl, algorithm=algorithm)
    killed_at(2)
    with pytest.raises(KeyboardInterrupt):
        trained(undecided, tmp_path / "killed", rl, algorithm=algorithm)
    assert list((tmp_path / "killed/checkpoints").glob("checkpoint-*")), "an evaluation was over when it died"
    assert digest(trained(undecided, tmp_path / "killed", rl, algorithm=algorithm)) == digest(whole)
    assert (tmp_path / "killed/curve.csv").read_bytes() == (tmp_path / "whole/curve.csv").read_bytes()
    assert digest(whole) != digest(models.load(undecided, CPU)[0]), "something was learnt"


def test_parts_of_a_step_give_the_weights_of_the_whole_step(undecided: Path, tmp_path: Path) -> None:
    whole = trained(undecided, tmp_path / "whole")
    parts = trained(undecided, tmp_path / "parts", RL.model_copy(update={"batch_tokens": 700}))
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_under_lora_the_model_without_its_adapter_is_the_reference(undecided: Path, tmp_path: Path) -> None:
    trained(undecided, tmp_path, RL.model_copy(update={"lr": 1e-2, "epochs": 2}), lora=Lora(r=4, alpha=8, dropout=0.1))
    kl = curve(tmp_path)["kl"]
    assert kl[-1] > 1e-3, "the policy has moved away from the reference"


def trainer_of(warm_up: Path, folder: Path, rl: Rl = RL) -> tuple[OpenEndedTrainer, LabelScheme, Rows]:
    network, scheme, both = prepared(warm_up)
    config = configuration(rl, run(folder), scheme, both["train"], cpu=True)
    own = {"scheme": scheme, "rows": both["train"], "rl": rl, "algorithm": "grpo"}
    return OpenEndedTrainer(network, config, measure=lambda model: {}, **own), scheme, both["train"]  # type: ignore[arg-type]


def test_a_rollout_reads_the_prompt_of_sft_and_its_log_probabilities_are_those_of_a_row_alone(undecided: Path, tmp_path: Path) -> None:
    trainer, scheme, train_rows = trainer_of(undecided, tmp_path)
    trainer.model.train()
    inputs = [dict(trainer.train_dataset[i]) for i in (0, 0, 0, 0, 5, 5, 5, 5)]
    batch = trainer._generate_and_score_completions(inputs)
    assert batch["completion_ids"].shape[1] <= LONGEST + 1 + max(map(len, scheme.sequences))
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    width = batch["completion_ids"].shape[1]
    with torch.no_grad():
        found, entropies, _ = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, width, batch_size=3)
        for row, at in enumerate([0] * 4 + [5] * 4):
            written = batch["completion_ids"][row][batch["completion_mask"][row].bool()].tolist()
            whole = [*train_rows.encoded[at].ids, *written]
            log_p = trainer.model(torch.tensor([whole])).logits[0, -len(written) - 1 : -1].log_softmax(-1)
            expected = log_p.gather(1, torch.tensor(written)[:, None])[:, 0]
            torch.testing.assert_close(found[row, : len(written)], expected, atol=1e-4, rtol=0)
            torch.testing.assert_close(entropies[row, : len(written)], -(log_p.exp() * log_p).sum(-1), atol=1e-4, rtol=0)
    assert (batch["advantages"][~batch["completion_mask"].bool()] == 0).all(), "nothing pulls at padding"


def test_what_is_drawn_hangs_on_seed_step_and_place_alone(undecided: Path, tmp_path: Path) -> None:
    trainer, _, train_rows = trainer_of(undecided, tmp_path / "whole")
    prompts = [row.ids for row in train_rows.encoded[:4] for _ in range(4)]
    drawn, _ = trainer._generate_single_turn(prompts)
    parts, _, _ = trainer_of(undecided, tmp_path / "parts", RL.model_copy(update={"batch_tokens": 200}))
    assert parts._generate_single_turn(prompts)[0] == drawn
    assert len(set(map(tuple, drawn[:4]))) > 1, "samples of one prompt differ"
    trainer.state.global_step = 1
    assert trainer._generate_single_turn(prompts)[0] != drawn


def test_a_reasoned_answer_is_rewarded_for_being_right_and_for_its_form() -> None:
    labels, sequences, mark = ["a", "b", "Uncertain"], [[5, 9], [6, 9], [7, 9]], 8

    def reward(ids: list[int], gold: int = 0) -> float:
        return reasoned_reward(parse(ids, mark, sequences), gold, labels, 3, Rl(format=0.25))

    assert reward([1, 2, 8, 5, 9]) == 1.25 and reward([1, 2, 8, 6, 9]) == -0.75
    assert reward([8, 5, 9]) == 1.0, "right without a reasoning"
    assert reward([1, 2, 5, 9]) == reward([1, 2, 8, 5]) == reward([1, 2, 8, 3, 9]) == -1.0, "no marker, no end, no label"
    assert reward([1, 2, 3, 4, 8, 5, 9]) == -1.0, "evaluation cuts a reasoning there, so it never sees that label"
    assert reward([1, 8, 7, 9]) == -0.75
    assert well_formed(Answer([1], ended=True, label=0), 1) and not well_formed(Answer([1], ended=True, label=None), 1)


def test_a_row_s_weight_scales_its_reward(undecided: Path, tmp_path: Path) -> None:
    trainer, scheme, _ = trainer_of(undecided, tmp_path, RL.model_copy(update={"class_weights": "balanced"}))
    answers = [[1, scheme.marker, *scheme.sequences[0]]] * 4
    found = trainer._reward(completion_ids=answers, gold=[0, 0, 1, 1], weight=[2.0, 0.5, 2.0, 0.5])
    assert found == pytest.approx([2.4, 0.6, -1.6, -0.4])


def test_a_reward_that_is_constant_from_the_start_is_said(base_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToLearnError, match=r"the 192 labels drawn in the first 3 steps .* all wrong, 192 .* outside"):
        trained(base_folder, tmp_path)


def test_vllm_is_a_switch(undecided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, scheme, both = prepared(undecided)
    asked = RL.model_copy(update={"vllm": True})
    with pytest.raises(InputError, match=r"rl\.vllm: true needs vLLM, which is not installed"):
        configuration(asked, run(tmp_path), scheme, both["train"], cpu=True)
    monkeypatch.setattr("gencls.rl.open_ended.is_vllm_available", lambda: True)
    assert configuration(asked, run(tmp_path), scheme, both["train"], cpu=True).use_vllm
    assert not configuration(RL, run(tmp_path), scheme, both["train"], cpu=True).use_vllm


TWO_PROCESSES = """
import sys
from pathlib import Path

import torch
import torch.distributed as dist
sys.path.insert(0, sys.argv[1])
from test_open_ended import RL, trained

torch.set_num_threads(1)
model = trained(Path(sys.argv[2]), Path(sys.argv[3]) / "run", RL)
torch.save(model.state_dict(), Path(sys.argv[3]) / f"{dist.get_rank()}.pt")
"""


def test_two_processes_end_with_the_weights_of_one(undecided: Path, tmp_path: Path) -> None:
    """Real gloo: half of the prompts of each step in each process, normalised together."""
    two_processes.run(TWO_PROCESSES, undecided, tmp_path)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert curve(tmp_path / "run")["samples"][-1] == 3 * 16 * 4
    for name, weight in trained(undecided, tmp_path / "alone").state_dict().items():
        torch.testing.assert_close(first[name], weight, atol=1e-5, rtol=0)
