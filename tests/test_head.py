"""The classification head: that it learns, goes on where it was killed, and fits any base."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import LABELS, rows
from transformers import AutoModelForCausalLM, GPTNeoXJapaneseConfig, GraniteConfig, LlamaConfig

from gencls import models, params, predictions
from gencls.head import Reader, Rows, finetune, probabilities
from gencls.params import Lora, Model, Sft
from gencls.training import Run
from tasks import head, paths

CPU = Model(device="cpu", max_length=96)
LONG = Sft(epochs=10, batch_size=8, lr=3e-3, unmerge=0.1)
SHORT = Sft(epochs=3, batch_size=16, lr=5e-3)


def split(reader: Reader, n: int, seed: int) -> Rows:
    texts, labels = zip(*rows(n, seed), strict=True)
    return reader.rows(texts, [LABELS.index(label) for label in labels])


def trained(base: Path, folder: Path, sft: Sft, model: Model = CPU) -> tuple[Any, Reader, dict[str, Rows]]:
    """A run in `folder`; called again there it goes on from what a kill left."""
    folder.mkdir(parents=True, exist_ok=True)
    network, tokenizer = models.load_classifier(base, model, labels=len(LABELS), seed=7)
    reader = Reader(tokenizer, model.max_length)
    both = {"train": split(reader, 96, seed=1), "validation": split(reader, 30, seed=2)}
    run = Run(seed=7, scratch=folder / "checkpoints", curve=folder / "curve.csv")
    return finetune(network, reader, both, sft, run), reader, both


def accuracy(network: Any, reader: Reader, measured: Rows) -> float:
    return float((probabilities(network, reader, measured.ids).argmax(axis=1) == measured.gold).mean())


def same(a: Any, b: Any) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_it_learns_what_words_decide_and_keeps_the_best_checkpoint(base_folder: Path, tmp_path: Path) -> None:
    network, reader, both = trained(base_folder, tmp_path, LONG)
    assert type(network).__name__ == "Phi3ForSequenceClassification"
    header, *lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert header == "step,epoch,loss,validation_loss,validation_accuracy" and len(lines) == LONG.epochs
    reached = accuracy(network, reader, both["validation"])
    assert reached > 0.9
    assert reached == pytest.approx(max(float(line.split(",")[4]) for line in lines), abs=1e-6)
    assert accuracy(network, reader, split(reader, 60, seed=3)) > 0.9


def test_a_killed_run_ends_with_the_same_weights(base_folder: Path, tmp_path: Path, killed_at: Any) -> None:
    whole, *_ = trained(base_folder, tmp_path / "whole", SHORT)
    killed_at(10)
    with pytest.raises(KeyboardInterrupt):
        trained(base_folder, tmp_path / "killed", SHORT)
    assert list((tmp_path / "killed/checkpoints").glob("checkpoint-*")), "an epoch was over when it died"
    assert same(trained(base_folder, tmp_path / "killed", SHORT)[0], whole)
    assert (tmp_path / "killed/curve.csv").read_bytes() == (tmp_path / "whole/curve.csv").read_bytes()


def test_a_text_is_read_between_begin_and_end_and_a_long_one_loses_its_middle(tokenizer: Any) -> None:
    reader = Reader(tokenizer, max_length=7)
    read = reader.rows(["abcdefgh", "ab", "<|end|>"], [0, 0, 0])
    assert [tokenizer.decode(ids) for ids in read.ids[:2]] == ["abcgh", "ab"] and read.cut == 2
    assert tokenizer.eos_token_id not in read.ids[2], "an end token in a text is plain characters"
    batch = reader.batch(read.ids[:2])
    assert batch["input_ids"][0, 0] == batch["input_ids"][1, 0] == tokenizer.bos_token_id
    assert batch["input_ids"][0, 6] == batch["input_ids"][1, 3] == tokenizer.eos_token_id
    assert batch["attention_mask"].sum(dim=1).tolist() == [7, 4]


def test_answers_do_not_depend_on_the_batch_and_stand_in_the_order_of_the_texts(base_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, tokenizer = models.load_classifier(base_folder, CPU, labels=3, seed=7)
    reader = Reader(tokenizer, 96)
    ids = split(reader, 20, seed=4).ids
    whole = probabilities(network, reader, ids)
    monkeypatch.setattr("gencls.head.BATCH_TOKENS", 1)
    np.testing.assert_allclose(probabilities(network, reader, ids), whole, atol=1e-5)
    np.testing.assert_allclose(whole.sum(axis=1), 1)


def test_lora_trains_adapters_and_the_head(base_folder: Path, tmp_path: Path) -> None:
    lora = CPU.model_copy(update={"lora": Lora(r=4, alpha=8, dropout=0.0)})
    network, _ = models.load_classifier(base_folder, lora, labels=3, seed=7)
    learnt = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert learnt and all("lora" in name or "score" in name for name in learnt)
    assert any("score" in name for name in learnt)
    fitted, reader, both = trained(base_folder, tmp_path, Sft(epochs=6, batch_size=8, lr=2e-2), lora)
    assert accuracy(fitted, reader, both["validation"]) > 0.6


def test_balanced_classes_have_the_same_say_in_a_text_that_may_be_either(base_folder: Path, tmp_path: Path) -> None:
    found = {}
    for weights in ("none", "balanced"):
        network, tokenizer = models.load_classifier(base_folder, CPU, labels=2, seed=7)
        reader = Reader(tokenizer, 96)
        one = reader.rows(["money"] * 800, [0] * 720 + [1] * 80)
        sft = Sft(epochs=1, batch_size=40, lr=5e-3, unmerge=0.0, class_weights=weights)
        run = Run(seed=7, scratch=tmp_path / weights, curve=tmp_path / f"{weights}.csv")
        fitted = finetune(network, reader, {"train": one, "validation": one}, sft, run)
        found[weights] = probabilities(fitted, reader, one.ids[:1])[0, 1]
    assert found["none"] == pytest.approx(0.1, abs=0.07) and found["balanced"] == pytest.approx(0.5, abs=0.15)


SIZES = {"hidden_size": 32, "num_hidden_layers": 1}
HEADS = {"num_attention_heads": 2}
BLOCK = {**HEADS, "num_key_value_heads": 2, "intermediate_size": 32}


@pytest.mark.parametrize(
    ("config", "classifier"),
    [
        (lambda size: LlamaConfig(vocab_size=size, **SIZES, **BLOCK), "LlamaForSequenceClassification"),
        (lambda size: GraniteConfig(vocab_size=size, **SIZES, **BLOCK), "BodyForSequenceClassification"),
        (lambda size: GPTNeoXJapaneseConfig(vocab_size=size, **SIZES, **HEADS), "BodyForSequenceClassification"),
    ],
    ids=["with a class of its own", "without", "without, its body under another name"],
)
def test_any_architecture_gets_a_head_on_its_own_weights(config: Any, classifier: str, tmp_path: Path, tokenizer: Any) -> None:
    causal = AutoModelForCausalLM.from_config(config(len(tokenizer)))
    causal.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    network, _ = models.load_classifier(tmp_path, CPU, labels=3, seed=7)
    assert type(network).__name__ == classifier
    assert torch.equal(network.get_input_embeddings().weight, causal.get_input_embeddings().weight)
    reader = Reader(tokenizer, 96)
    assert probabilities(network, reader, reader.rows(["money back", "late"], [0, 0]).ids).shape == (2, 3)


def test_weights_that_the_classifier_does_not_find_are_an_error(base_folder: Path, tmp_path: Path) -> None:
    network, tokenizer = models.load(base_folder, CPU)
    state = {name: weight for name, weight in network.state_dict().items() if "norm" not in name}
    network.save_pretrained(tmp_path, state_dict=state)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match=r"Phi3ForSequenceClassification does not find model\.layers\.0\.input_layernorm\.weight"):
        models.load_classifier(tmp_path, CPU, labels=3, seed=7)


def test_the_stage_writes_what_the_baseline_stage_writes(base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths.data("tiny").mkdir(parents=True)
    for seed, name in enumerate(params.SPLITS):
        texts, labels = zip(*rows(30, seed), strict=True)
        frame = pd.DataFrame({"id": [f"{name}-{i:05}" for i in range(30)], "text": texts, "label": labels})
        frame.to_parquet(paths.data("tiny") / f"{name}.parquet")
    (paths.data("tiny") / "labels.json").write_text(json.dumps({"language": "en", "labels": LABELS, "definitions": {}}))
    paths.base("tiny").mkdir(parents=True)
    (paths.base("tiny") / models.POINTER).write_text(json.dumps({"base": str(base_folder), "commit": None}))
    content = {"datasets": {"tiny": {"source": "builtin"}}, "strategies": {"zero_shot": {}}, "grid": {"train": ["zero_shot"]}}
    content["grid"]["infer"] = ["zero_shot"]
    settings = params.parse({**content, "model": CPU.model_dump(), "sft": {"epochs": 1, "batch_size": 16}})
    head.main(settings, "tiny")
    written = {file.name: file.read_bytes() for file in paths.head("tiny").iterdir()}
    assert sorted(written) == ["metrics.json", "sequence_head.csv"] and paths.curve("head", "tiny").exists()
    record = json.loads(written["metrics.json"])["sequence_head"]
    answers = predictions.read(paths.head("tiny") / "sequence_head.csv")
    assert (answers["predicted"] == answers["label"]).mean() == pytest.approx(record["accuracy"], abs=1e-6)
    assert record["log_loss"] is not None and not list((paths.SCRATCH / "checkpoints").iterdir())
    head.main(settings, "tiny")
    assert written == {file.name: file.read_bytes() for file in paths.head("tiny").iterdir()}
