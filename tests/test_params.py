"""params.yaml is checked as a whole, and each message names the key, the value and the choices."""

from pathlib import Path
from typing import Any

import pytest

from gencls import params

GOOD: dict[str, Any] = {"datasets": {"a": {"source": "builtin"}}, "strategies": {"zero_shot": {}, "similar_3": {"shots": 3}}}
FILES = {"source": "files", "files": "a.csv"}
REASONED: dict[str, Any] = {
    "strategies": {"zero_shot": {}, "reasoned": {"reasoning": "written"}},
    "grid": {"train": ["zero_shot", "reasoned"], "infer": ["zero_shot", "reasoned"]},
    "reasoner": {"enabled": True},
}


def test_defaults_fill_what_is_not_said() -> None:
    parsed = params.parse(GOOD)
    assert parsed.sft.epochs == params.Sft().epochs
    assert parsed.grid.train == ["zero_shot", "similar_3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sfft": {}}, "sfft: unknown key; choices: seed, model, datasets"),
        ({"sft": {"epoch": 1}}, "sft.epoch: unknown key; choices: epochs, batch_size"),
        ({"sft": {"epochs": "x"}}, "sft.epochs: got 'x'; input should be a valid integer"),
        ({"sft": {"epochs": 0}}, "sft.epochs: got 0; input should be greater than 0"),
        ({"sft": 3}, "sft: got 3; "),
        ({"model": {"lora": {"rank": 1}}}, "model.lora.rank: unknown key; choices: r, alpha, dropout, targets"),
        ({"model": {"dtype": "bfloat16"}}, "model.dtype: got 'bfloat16' without model.lora; .* choices: float32, or model.lora"),
        ({"validate": {"leak": "warn"}}, "validate.leak: got 'warn'; input should be 'error' or 'warning'"),
        ({"base": {"width": 216, "heads": 8}}, r"base: got .*base.width: 216 is no multiple of twice base.heads: 8; choices: 208, 224$"),
        ({"base": {"width": 8}}, r"base.width: 8 is no multiple of twice base.heads: 6; choices: 12$"),
        ({"grid": {"train": ["nope"]}}, r"grid.train\[0\]: 'nope' is not defined under strategies; choices: zero_shot, similar_3"),
        ({"grid": {"infer": ["zero_shot", "nope"]}}, r"grid.infer\[1\]: 'nope' is not defined under strategies"),
        (
            {"grid": {"decoding": ["beam"]}},
            r"grid.decoding\[0\]: got 'beam'; input should be 'trie', 'likelihood', 'perplexity', 'pmi' or 'generate'",
        ),
        ({"rl": {"warmups": ["nope"]}}, r"rl.warmups\[0\]: 'nope' is not defined under grid.train; choices: zero_shot, similar_3"),
        (
            {"grid": {"train": ["zero_shot", "similar_3"], "infer": ["zero_shot"]}, "rl": {"warmups": ["zero_shot", "similar_3"]}},
            r"rl.warmups\[1\]: 'similar_3' is trained, but grid.infer has no .* add one to grid.infer; choices: similar_3$",
        ),
        (
            {**REASONED, "grid": {"train": ["zero_shot", "reasoned"], "infer": ["zero_shot"]}},
            r"grid.train\[1\]: 'reasoned' is trained, but grid.infer has no .* add one to grid.infer; choices: reasoned$",
        ),
        ({"rl": {"warmups": []}}, r"rl.warmups: got \[\]; list should have at least 1 item"),
        ({"rl": {"algorithms": ["grpo", "grpo"]}}, r"rl.algorithms: got \['grpo', 'grpo'\]; a name stands there twice"),
        (
            {**REASONED, "rl": {"warmups": ["reasoned"], "algorithms": ["expected"]}},
            "rl.algorithms: 'expected' sums over the labels, but the warm-up 'reasoned' .* choices: reinforce_pp, reinforce_pp_b",
        ),
        ({**REASONED, "rl": {"warmups": ["reasoned"], "samples": 1}}, "rl.samples: got 1; answers of 'reasoned' .* are drawn by TRL: 2"),
        (
            {"rl": {"algorithms": ["ppo"]}},
            r"rl.algorithms\[0\]: got 'ppo'; input should be 'reinforce_pp', 'reinforce_pp_baseline', 'grpo'",
        ),
        ({"rl": {"algorithms": ["grpo"], "samples": 1}}, r"rl.samples: got 1; grpo compares the samples of a prompt with each other"),
        ({"rl": {"holdout": 1.0}}, "rl.holdout: got 1.0; input should be less than 1"),
        ({"rl": {"holdout": 0.3, "algorithms": []}}, r"rl.holdout: got 0.3; rl.algorithms is empty, so nothing would learn from"),
        ({"strategies": {"zero_shot": {"shots": 2}}}, "strategies.zero_shot.shots: got 2; input should be 0, 1, 3 or 5"),
        ({"datasets": {}}, "datasets: got {}"),
        ({"datasets": {"a b": FILES}}, "datasets.a b: got 'a b'; string should match pattern"),
        ({"datasets": {"raw": {"source": "builtin"}}}, "datasets.raw: the name is reserved"),
        ({"datasets": {"a": {"source": "cloud"}}}, "datasets.a: got .*'cloud'.* expected tags: 'builtin', 'files', 'git', 'hub'"),
        ({"datasets": {"a": {**FILES, "txt": "x"}}}, "datasets.a.txt: unknown key; choices: language, text, label"),
        ({"datasets": {"a": {"source": "files"}}}, "datasets.a.files: missing"),
    ],
)
def test_a_wrong_key_is_named_with_its_value_and_the_choices(change: dict[str, Any], message: str) -> None:
    with pytest.raises(params.ParamsError, match=message):
        params.parse({**GOOD, **change})


def test_rl_goes_on_from_a_warm_up_that_reasons() -> None:
    rl = params.parse({**REASONED, "datasets": GOOD["datasets"], "rl": {"warmups": ["zero_shot", "reasoned"], "vllm": True}}).rl
    assert rl.warmups == ["zero_shot", "reasoned"] and rl.vllm and not params.Rl().vllm


def test_a_strategy_that_nothing_is_compared_with_may_be_trained_and_not_asked() -> None:
    grid = {"train": ["zero_shot", "similar_3"], "infer": ["zero_shot"]}
    assert params.parse({**GOOD, "grid": grid, "rl": {"algorithms": [], "warmups": ["similar_3"]}}).grid.infer == ["zero_shot"]
    assert params.parse({**GOOD, "grid": {"train": ["similar_3"], "infer": ["similar_3"]}, "rl": {"algorithms": []}}).rl.warmups == [
        "zero_shot"
    ]


def test_without_algorithms_nothing_is_asked_of_the_warm_ups() -> None:
    other = {"strategies": {"short": {}}, "grid": {"train": ["short"], "infer": ["short"]}, "rl": {"algorithms": []}}
    assert params.parse({**GOOD, **other}).rl.starts == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(params.ParamsError) as error:
        params.parse({**GOOD, "sft": {"epochs": 0}, "rl": {"samples": 0}})
    assert "sft.epochs" in str(error.value) and "rl.samples" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not a YAML file"),
        ("- 1\n", "expected a mapping of sections, got list"),
        ("", "expected a mapping of sections, got NoneType"),
    ],
)
def test_a_file_that_is_no_mapping_is_an_error_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(params.ParamsError, match=f"{file}.*{message}"):
        params.load(file)


def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(params.ParamsError, match="no such file; copy one of presets"):
        params.load(tmp_path / "params.yaml")


def test_numbers_are_read_as_dvc_writes_them(tmp_path: Path) -> None:
    """`dvc exp run -S rl.lr=1e-5` writes `1e-05`, which YAML 1.1 readers take for a string."""
    file = tmp_path / "params.yaml"
    file.write_text("rl:\n  lr: 1e-05\ndatasets:\n  a:\n    source: builtin\nstrategies:\n  zero_shot: {}\n  similar_3: {shots: 3}\n")
    assert params.load(file).rl.lr == 1e-5


def test_a_corpus_of_another_source_needs_its_own_keys_and_leaves_the_others() -> None:
    """As `dvc exp run -S reasoner.corpus.source=files` on a file that names the builtin corpus, and back."""

    def corpus(**keys: object) -> object:
        return params.parse({**GOOD, "reasoner": {"corpus": keys}}).reasoner.corpus

    with pytest.raises(params.ParamsError) as error:
        corpus(source="files", rows=6000)
    assert str(error.value).count("\n") == 1
    assert "source files needs name and sha256 (dvc exp run -S +reasoner.corpus.name=… -S +reasoner.corpus.sha256=…)" in str(error.value)
    assert corpus(source="files", rows=6000, name="c", sha256="0") == params.FilesCorpus(source="files", name="c", sha256="0")
    assert corpus(source="builtin", name="c", sha256="0") == params.BuiltinCorpus(source="builtin")
    with pytest.raises(params.ParamsError, match=r"reasoner\.corpus\.row: unknown key; choices: source, rows"):
        corpus(source="builtin", row=1)
    with pytest.raises(params.ParamsError, match=r"'nope' found using 'source' does not match any of the expected tags"):
        corpus(source="nope")
