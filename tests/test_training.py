"""Base and SFT on real tiny models: that they learn, that a killed run ends where an undisturbed one does, that bytes repeat."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import LABELS, NAMES, rows

from gencls import base, decoding, models, sft
from gencls.base import pretrain
from gencls.errors import InputError
from gencls.params import Base, Lora, Model, Sft, Strategy
from gencls.prompts import Prompt, Renderer
from gencls.scheme import LabelScheme, Rows
from gencls.scorer import Scorer
from gencls.sft import IGNORED, Reader, TargetCollator, finetune, validate
from gencls.tokenizer import Unmerger
from gencls.training import Run, row_weights

CPU = Model(device="cpu", max_length=96)
SHORT = Sft(epochs=3, batch_size=16, lr=5e-3)
SFT = Sft(epochs=12, batch_size=8, lr=1e-2, unmerge=0.0)


def encode(scheme: LabelScheme, n: int, seed: int) -> Rows:
    renderer = Renderer(Strategy(), NAMES)
    return scheme.encode([Prompt(f"train-{i:05d}", renderer.segments(text), label) for i, (text, label) in enumerate(rows(n, seed))])


def reader(scheme: LabelScheme, unmerge: float) -> Reader:
    return Reader(scheme.tokenizer, Unmerger(scheme.tokenizer, unmerge), scheme.prompt_tokens)


def prepared(base_folder: Path, model: Model = CPU) -> tuple[Any, LabelScheme, dict[str, Rows]]:
    torch.manual_seed(0)
    network, tokenizer = models.load(base_folder, model, trainable=True)
    scheme = LabelScheme.build(tokenizer, NAMES, model.max_length)
    return network, scheme, {"train": encode(scheme, 96, seed=1), "validation": encode(scheme, 30, seed=2)}


def framed(n: int) -> list[Prompt]:
    """Texts in the plain prompt, without their labels."""
    renderer = Renderer(Strategy(), NAMES)
    return [Prompt(f"train-{i:05d}", renderer.segments(text), "") for i, (text, _) in enumerate(rows(n))]


def run(folder: Path) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    return Run(seed=7, scratch=folder / "checkpoints", curve=folder / "curve.csv")


@pytest.fixture(scope="module")
def classifier(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(model folder, learning curve) of a base that SFT has taught the three labels."""
    folder = tmp_path_factory.mktemp("classifier")
    network, scheme, both = prepared(base_folder)
    models.save(finetune(network, scheme, both, SFT, run(folder)), scheme.tokenizer, folder / "model", {"labels": LABELS})
    return folder / "model", folder / "curve.csv"


def digest(network: Any) -> str:
    state = sorted(network.state_dict().items())
    return hashlib.sha256(b"".join(name.encode() + value.numpy().tobytes() for name, value in state)).hexdigest()


def test_pretraining_lowers_the_loss_and_repeats_to_the_byte(tmp_path: Path) -> None:
    texts = framed(64)
    small = Base(vocab_size=320, layers=1, width=32, heads=2, epochs=3, batch_size=16, lr=5e-3)
    first, _ = pretrain(texts, small, max_length=128, device=torch.device("cpu"), run=run(tmp_path / "a"))
    second, _ = pretrain(texts, small, max_length=128, device=torch.device("cpu"), run=run(tmp_path / "b"))
    assert digest(first) == digest(second)
    assert (tmp_path / "a/curve.csv").read_bytes() == (tmp_path / "b/curve.csv").read_bytes()
    losses = [float(line.split(",")[2]) for line in (tmp_path / "a/curve.csv").read_text().splitlines()[1:]]
    assert len(losses) == 3 and losses[-1] < losses[0]


def test_training_that_diverges_ends_with_an_error_that_says_what_to_lower(base_folder: Path, tmp_path: Path) -> None:
    network, scheme, both = prepared(base_folder)
    with pytest.raises(InputError, match=r"training diverged: (loss|eval_score) nan at step \d+; lower its `lr`, which is 1e\+08"):
        finetune(network, scheme, both, Sft(epochs=3, batch_size=16, lr=1e8, optimizer="adamw"), run(tmp_path))


@pytest.mark.parametrize("shared", [True, False], ids=["prefix", "no prefix"])
def test_the_pretraining_loss_behind_a_shared_prefix_is_that_of_whole_sequences(base_folder: Path, shared: bool) -> None:
    network, scheme, both = prepared(base_folder)
    network.eval()
    tokenizer = scheme.tokenizer
    prefix, encoded = both["train"].prefix if shared else [], both["train"].encoded[:6]
    collator = base._Collator(tokenizer, prefix, Unmerger(tokenizer, 0.0), max_length=96, seed=0)
    batch = collator([{"row": i, "input_ids": row.ids, "spans": row.spans} for i, row in enumerate(encoded)])
    packed = base._PretrainingTrainer.compute_loss(None, network, batch)  # type: ignore[arg-type]  # uses nothing of the trainer
    total, count = torch.zeros(()), 0
    for row in encoded:
        ids = torch.tensor([row.ids])
        labels = ids.clone()
        labels[:, : len(prefix) + 1] = IGNORED
        n = len(row.ids) - len(prefix) - 1
        total, count = total + network(input_ids=ids, labels=labels).loss * n, count + n
    torch.testing.assert_close(packed, total / count, atol=1e-5, rtol=0)


def test_pretraining_that_was_killed_ends_with_the_same_weights(tmp_path: Path, killed_at: Any) -> None:
    texts = framed(64)
    small = Base(vocab_size=320, layers=1, width=32, heads=2, epochs=3, batch_size=16)
    whole, _ = pretrain(texts, small, max_length=128, device=torch.device("cpu"), run=run(tmp_path / "whole"))
    killed_at(7)
    with pytest.raises(KeyboardInterrupt):
        pretrain(texts, small, max_length=128, device=torch.device("cpu"), run=run(tmp_path / "killed"))
    resumed, _ = pretrain(texts, small, max_length=128, device=torch.device("cpu"), run=run(tmp_path / "killed"))
    assert digest(resumed) == digest(whole)


def test_sft_learns_what_words_decide_and_keeps_the_best_checkpoint(classifier: tuple[Path, Path]) -> None:
    folder, curve = classifier
    network, scheme, both = prepared(folder)
    accuracy = validate(network, both["validation"], scheme.trie)["accuracy"]
    header, *lines = curve.read_text().splitlines()
    assert header == "step,epoch,loss,validation_loss,validation_accuracy"
    assert len(lines) == SFT.epochs
    assert accuracy > 0.9
    assert accuracy == pytest.approx(max(float(line.split(",")[4]) for line in lines), abs=1e-6)


def shortly_tuned(base_folder: Path, folder: Path) -> Any:
    """A short SFT run in `folder`; called again there it goes on from what a kill left."""
    network, scheme, both = prepared(base_folder)
    return finetune(network, scheme, both, SHORT, run(folder))


def test_sft_that_was_killed_ends_with_the_same_weights(base_folder: Path, tmp_path: Path, killed_at: Any) -> None:
    whole = shortly_tuned(base_folder, tmp_path / "whole")
    killed_at(10)
    with pytest.raises(KeyboardInterrupt):
        shortly_tuned(base_folder, tmp_path / "killed")
    assert list((tmp_path / "killed/checkpoints").glob("checkpoint-*")), "an epoch was over when it died"
    assert digest(shortly_tuned(base_folder, tmp_path / "killed")) == digest(whole)
    assert (tmp_path / "killed/curve.csv").read_bytes() == (tmp_path / "whole/curve.csv").read_bytes()


@pytest.mark.parametrize("least_tokens", [1, 10_000])
def test_the_loss_on_label_positions_with_a_shared_prefix_is_the_plain_completion_loss(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch, least_tokens: int
) -> None:
    monkeypatch.setattr(sft, "LEAST_TOKENS", least_tokens)
    monkeypatch.setattr(sft, "FILL", 1.0)
    network, scheme, both = prepared(base_folder)
    network.eval()
    rows_ = both["train"]
    assert len(rows_.prefix) > 10
    features = [
        {"row": i, "input_ids": row.ids, "spans": row.spans, "target": scheme.sequences[rows_.gold[i]], "weight": 1.0}
        for i, row in enumerate(rows_.encoded[:8])
    ]
    batch = TargetCollator(reader(scheme, 0.0), rows_.prefix, seed=0)(features)

    lengths = batch["attention_mask"].sum(dim=1) - len(rows_.prefix)
    assert (len(sft.groups(lengths)) > 1) == (least_tokens == 1)
    packed = sft.TargetTrainer.compute_loss(None, network, dict(batch))  # type: ignore[arg-type]  # uses nothing of the trainer
    total, count = torch.zeros(()), 0
    for feature in features:
        answer = feature["target"]
        ids = torch.tensor([feature["input_ids"] + answer])
        labels = ids.clone()
        labels[:, : len(feature["input_ids"])] = IGNORED
        total = total + network(input_ids=ids, labels=labels).loss * len(answer)
        count += len(answer)
    torch.testing.assert_close(packed, total / count, atol=1e-5, rtol=0)


def test_a_step_is_cut_into_groups_of_like_length_and_none_is_tiny() -> None:
    lengths = torch.tensor([100] * 8 + [50] * 8 + [10] * 8)
    assert sft.groups(lengths) == [slice(0, 8), slice(8, 24)], "80 tokens of short rows are not worth a pass of their own"
    assert sft.groups(torch.tensor([30, 29, 28])) == [slice(0, 3)]


def test_balanced_weights_give_every_class_the_same_say_and_rows_a_mean_of_one() -> None:
    weights = row_weights([0, 0, 0, 1], "balanced")
    assert weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0]) and sum(weights) == pytest.approx(4)
    assert row_weights([0, 1, 1], "none") == [1.0] * 3


def test_segmenting_anew_touches_the_text_only_and_differs_between_epochs(base_folder: Path) -> None:
    _, scheme, both = prepared(base_folder)
    rows_ = both["train"]
    collator = TargetCollator(reader(scheme, 0.5), rows_.prefix, seed=3)
    row, target = rows_.encoded[0], scheme.sequences[0]
    feature = {"row": 0, "input_ids": row.ids, "spans": row.spans, "target": target, "weight": 1.0}
    seen = set()
    for epoch in range(4):
        collator.epoch = epoch
        ids = collator([feature])["input_ids"][0].tolist()
        seen.add(tuple(ids))
        whole = scheme.tokenizer.decode(rows_.prefix + ids)
        assert whole == scheme.tokenizer.decode(rows_.encoded[0].ids + scheme.sequences[0][:-1])
    assert len(seen) > 1


def test_lora_trains_adapters_only_and_saves_a_whole_model(base_folder: Path, tmp_path: Path) -> None:
    lora = CPU.model_copy(update={"lora": Lora(r=4, alpha=8, dropout=0.0)})
    network, scheme, both = prepared(base_folder, lora)
    trainable = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trainable and all("lora" in name for name in trainable)
    trained = finetune(network, scheme, both, Sft(epochs=1, batch_size=16, lr=1e-2), run(tmp_path / "run"))
    measured = validate(trained, both["validation"], scheme.trie)
    models.save(trained, scheme.tokenizer, tmp_path / "saved", {"labels": LABELS})
    loaded, _ = models.load(tmp_path / "saved", CPU)
    assert not [name for name, _ in loaded.named_parameters() if "lora" in name]
    assert validate(loaded, both["validation"], scheme.trie) == pytest.approx(measured, abs=1e-4)


def test_what_a_trained_classifier_would_write_freely_is_mostly_a_label(classifier: tuple[Path, Path]) -> None:
    network, scheme, both = prepared(classifier[0])
    validation = both["validation"]
    scores = Scorer(network, scheme.trie).read([row.ids for row in validation.encoded], validation.prefix)
    assert (decoding.free(scores.written, scheme.trie) == np.array(validation.gold)).mean() > 0.9


def test_a_checkpoint_that_a_kill_left_half_written_is_not_resumed_from(base_folder: Path, tmp_path: Path, killed_at: Any) -> None:
    whole = shortly_tuned(base_folder, tmp_path / "whole")
    killed_at(14)
    with pytest.raises(KeyboardInterrupt):
        shortly_tuned(base_folder, tmp_path / "killed")
    newest = max((tmp_path / "killed/checkpoints").glob("checkpoint-*"), key=lambda folder: int(folder.name.split("-")[1]))
    (newest / "trainer_state.json").unlink()
    assert digest(shortly_tuned(base_folder, tmp_path / "killed")) == digest(whole)


def test_the_loss_of_a_step_is_divided_by_the_number_of_its_target_tokens(base_folder: Path, tmp_path: Path) -> None:
    network, scheme, both = prepared(base_folder)
    one = Rows(both["train"].encoded[:8], [0] * 8, both["train"].prefix)  # one step, all of whose targets have as many tokens
    with torch.no_grad():
        edges = Scorer(network.eval(), scheme.trie)([row.ids for row in one.encoded], one.prefix)
    finetune(network, scheme, {**both, "train": one}, Sft(epochs=1, batch_size=8, unmerge=0.0), run(tmp_path))
    with (tmp_path / "curve.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file) if row["loss"]]
    assert losses == pytest.approx([-edges[:, scheme.trie.paths[0]].mean()], abs=1e-3)
