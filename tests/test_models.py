"""Loading and saving models, on local folders of the hub's format."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    FalconH1Config,
    Gemma3nTextConfig,
    GenerationConfig,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
)

from gencls import models
from gencls.encode import PromptEncoder
from gencls.errors import InputError
from gencls.params import Lora, Model
from gencls.prompts import Prompt


def test_a_saved_model_opens_in_plain_transformers_and_repeats_to_the_byte(base_folder: Path, tmp_path: Path) -> None:
    network, tokenizer = models.load(base_folder, Model(device="cpu"))
    for name in ("a", "b"):
        models.save(network, tokenizer, tmp_path / name, {"labels": ["x"]})
    files = sorted(f.name for f in (tmp_path / "a").iterdir())
    assert {"model.safetensors", "tokenizer.json", "config.json", "gencls.json"} <= set(files)
    assert not [f for f in files if f.endswith((".bin", ".pt", ".pkl"))]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    ids = AutoTokenizer.from_pretrained(tmp_path / "a")("money back", return_tensors="pt")["input_ids"]
    torch.testing.assert_close(plain(input_ids=ids).logits, network(input_ids=ids).logits)


def test_a_local_folder_serves_as_base_by_pointer(base_folder: Path, tmp_path: Path) -> None:
    pointer = models.resolve(Model(base=str(base_folder)))
    assert pointer == {"base": str(base_folder), "commit": None, "files": models.digest(base_folder, models.READ)}
    (tmp_path / models.POINTER).write_text(json.dumps(pointer))
    network, tokenizer = models.load(tmp_path, Model(device="cpu"))
    assert network.num_parameters() > 0 and tokenizer.padding_side == "left"


def test_a_local_base_whose_weights_were_replaced_is_refused_with_what_to_do(base_folder: Path, tmp_path: Path) -> None:
    base, folder = shutil.copytree(base_folder, tmp_path / "own"), tmp_path / "toy"
    folder.mkdir()
    (folder / models.POINTER).write_text(json.dumps(models.resolve(Model(base=str(base)))))
    (base / "model.safetensors").touch()
    assert models.unchanged(folder)["base"] == str(base), "another time of modification is no other model"
    with (base / "model.safetensors").open("ab") as file:
        file.write(b"x")
    for load in (models.load, lambda *given: models.load_classifier(*given, labels=3, seed=7)):
        with pytest.raises(models.ModelError, match=r"changed since the stage base ran; `dvc repro -f base@toy` takes the new ones"):
            load(folder, Model(device="cpu"))


def test_a_hub_cache_of_a_pinned_revision_records_its_commit(base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layout the hub's client leaves on disk; with the network off, a revision resolves from there."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repo = tmp_path / "hub/models--someone--tiny"
    shutil.copytree(base_folder, repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs/v1").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert models.resolve(Model(base="someone/tiny", revision="v1")) == {"base": "someone/tiny", "commit": commit}


def test_a_model_that_is_not_there_is_an_error_that_names_the_key() -> None:
    with pytest.raises(models.ModelError, match=r"model.base 'nobody/nothing' .* is neither a folder nor a hub id"):
        models.resolve(Model(base="nobody/nothing"))


def test_weights_that_are_not_safetensors_are_refused(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "pickled")
    weights = tmp_path / "pickled/model.safetensors"
    torch.save({}, weights.with_name("pytorch_model.bin"))
    weights.unlink()
    with pytest.raises(models.ModelError, match=r"holds no \*.safetensors file"):
        models.resolve(Model(base=str(tmp_path / "pickled")))


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
@pytest.mark.parametrize("left", [0, 100, None])
def test_a_model_folder_that_was_copied_in_part_is_one_error(file: str, left: int | None, base_folder: Path, tmp_path: Path) -> None:
    part = shutil.copytree(base_folder, tmp_path / "part") / file
    if left is None:
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:left])
    with pytest.raises(models.ModelError, match=r"part: no causal language model with its tokenizer that can be read"):
        models.load(tmp_path / "part", Model(device="cpu"))


def test_a_local_base_with_another_template_or_that_is_gone_is_another_base(base_folder: Path, tmp_path: Path) -> None:
    base, folder = shutil.copytree(base_folder, tmp_path / "own"), tmp_path / "toy"
    folder.mkdir()
    (folder / models.POINTER).write_text(json.dumps(models.resolve(Model(base=str(base)))))
    with (base / "chat_template.jinja").open("a") as file:
        file.write(" ")
    with pytest.raises(models.ModelError, match=r"its files have changed since the stage base ran"):
        models.load(folder, Model(device="cpu"))
    shutil.rmtree(base)
    with pytest.raises(models.ModelError, match=r"its files have changed since the stage base ran"):
        models.load(folder, Model(device="cpu"))


def test_a_model_that_reads_every_text_behind_a_begin_token_gets_one_before_a_prompt(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "begins")
    (tmp_path / "begins/chat_template.jinja").unlink()
    tokenizer = models.load_tokenizer(tmp_path / "begins")
    tokenizer.bos_token = tokenizer.eos_token
    token = (tokenizer.bos_token, tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{token[0]} $A", special_tokens=[token])
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path / "begins")
    tokenizer = models.load_tokenizer(tmp_path / "begins")
    (row,) = PromptEncoder(tokenizer, 20)([Prompt("1", [(True, "money back")], "refund")])
    assert row.ids == tokenizer("money back")["input_ids"] and row.ids[0] == tokenizer.bos_token_id


def test_a_tokenizer_without_a_chat_template_gets_a_plain_one(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "plain")
    (tmp_path / "plain/chat_template.jinja").unlink()
    tokenizer = models.load_tokenizer(tmp_path / "plain")
    turn = [{"role": "user", "content": "Label:"}]
    assert tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) == "Label:"


def test_an_answer_ends_with_the_token_that_ends_a_turn_not_a_document(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "turns")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "turns")
    tokenizer.add_special_tokens({"extra_special_tokens": ["<|assistant|>", "<|document|>"]})
    tokenizer.eos_token = "<|document|>"
    end, document = tokenizer.convert_tokens_to_ids("<|end|>"), tokenizer.eos_token_id
    tokenizer.chat_template += "{% if not add_generation_prompt %}\n{{ eos_token }}{% endif %}"  # as Phi-3's does
    tokenizer.save_pretrained(tmp_path / "turns")

    def loaded(ends: int | list[int]) -> str:
        GenerationConfig(eos_token_id=ends).save_pretrained(tmp_path / "turns")
        return str(models.load_tokenizer(tmp_path / "turns").eos_token)

    assert loaded([document, end]) == "<|end|>"
    assert loaded(document) == "<|document|>", "a base that was never instructed, or a model that learnt to end with that"
    for template in ("{{ messages[0].content }}<|end|>", "{{ raise_exception('no answers') if messages | length > 1 }}<|end|>"):
        tokenizer.chat_template = template
        tokenizer.save_pretrained(tmp_path / "turns")
        assert loaded([document, end]) == "<|document|>", "a template that shows no answers"
    (tmp_path / "turns/generation_config.json").unlink()
    assert models.load_tokenizer(tmp_path / "turns").eos_token == "<|document|>", "a folder that says nothing of it"


def test_a_tokenizer_without_an_end_token_is_refused(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "endless")
    file = tmp_path / "endless/tokenizer_config.json"
    config = json.loads(file.read_text())
    del config["eos_token"]
    file.write_text(json.dumps(config))
    with pytest.raises(models.ModelError, match="has no end token"):
        models.load_tokenizer(tmp_path / "endless")


def test_other_architectures_load_by_the_same_call(tmp_path: Path, tokenizer) -> None:
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    network, _ = models.load(tmp_path, Model(device="cpu", dtype="bfloat16"))
    assert type(network).__name__ == "LlamaForCausalLM" and network.dtype == torch.bfloat16


def test_adapters_of_a_bfloat16_model_are_kept_in_float32(base_folder: Path) -> None:
    network, _ = models.load(base_folder, Model(device="cpu", dtype="bfloat16", lora=Lora(r=4)), trainable=True)
    assert {weight.dtype for weight in network.parameters() if weight.requires_grad} == {torch.float32}
    assert {weight.dtype for weight in network.parameters() if not weight.requires_grad} == {torch.bfloat16}


def test_a_template_that_names_today_makes_the_same_prompt_every_day(base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "dated")
    made = AutoTokenizer.from_pretrained(base_folder)
    made.chat_template = "Today is {{ strftime_now('%d %b %Y') }}. " + made.chat_template
    made.save_pretrained(tmp_path / "dated")
    turn = [{"role": "user", "content": "x"}]
    assert models.load_tokenizer(tmp_path / "dated").apply_chat_template(turn, tokenize=False).startswith("Today is 26 Jul 2024. ")


def test_prompts_that_some_layers_would_not_see_whole_are_refused(tmp_path: Path, tokenizer) -> None:
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = MistralConfig(vocab_size=len(tokenizer), sliding_window=32, **small)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"model\.max_length: got 48, but layers of .* look back 32 tokens only; say at most 32"):
        models.load(tmp_path, Model(device="cpu", max_length=48))
    models.load(tmp_path, Model(device="cpu", max_length=32))


def test_prompts_longer_than_a_table_of_positions_are_refused(tmp_path: Path, tokenizer) -> None:
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=32)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"model\.max_length: got 48, but .* has 32 positions; say at most 32"):
        models.load(tmp_path, Model(device="cpu", max_length=48))
    models.load(tmp_path, Model(device="cpu", max_length=32))


SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("mamba", MambaConfig(hidden_size=16, num_hidden_layers=1, state_size=4)),
        ("falcon_h1", FalconH1Config(**SMALL, mamba_d_ssm=16, mamba_n_heads=2, mamba_d_head=8, mamba_d_state=4, head_dim=8)),
    ],
)
def test_a_base_with_states_in_place_of_keys_and_values_is_refused(name: str, config: Any, tmp_path: Path, tokenizer) -> None:
    config.vocab_size = len(tokenizer)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=rf"{name} has layers that keep a state, .*LinearAttention.* attention layers alone"):
        models.load(tmp_path, Model(device="cpu", max_length=32))


def test_a_base_whose_layers_share_keys_and_values_is_none_of_these() -> None:
    models._check_reading("shared", Gemma3nTextConfig(num_hidden_layers=4, num_kv_shared_layers=2, layer_types=["full_attention"] * 4), 32)
