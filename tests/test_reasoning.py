"""The two-stage recipe: marker and parsing, generation, rationales of training rows only, classifiers that reason before they answer."""

import shutil
from pathlib import Path
from typing import Any

import artifacts
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import LABELS, NAMES, rows

from gencls import matched, models, params, prompts, rationales, reasoning
from gencls import sft as sft_module
from gencls.corpora import CorpusError, generated, read
from gencls.errors import InputError
from gencls.generation import Sampling, Writer, reason
from gencls.params import FilesCorpus, Model, Rationalise, Rl, Strategy
from gencls.prompts import Prompt, Renderer
from gencls.rationales import Rationaliser
from gencls.reasoner import Frame
from gencls.scheme import LabelScheme
from gencls.tokenizer import Unmerger
from tasks import evaluate, paths, rationalise, reasoner, render, report, rl, sft, stage

CPU = Model(device="cpu", max_length=160)
ARMS = ("written", "blind", "shuffled", "withheld", "matched")
SECTIONS: dict[str, Any] = {
    "model": {"device": "cpu", "max_length": 160, "max_reasoning": 12},
    "datasets": {"d": {"source": "builtin"}},
    "strategies": {"zero_shot": {}, **{name: {"reasoning": name} for name in ARMS}},
    "grid": {"train": ["zero_shot", *ARMS], "infer": ["zero_shot", "written"], "decoding": ["trie", "generate"]},
    "reasoner": {
        "enabled": True,
        "corpus": {"source": "files", "name": "corpus", "sha256": ""},
        "epochs": 2,
        "batch_size": 16,
        "blind": 0.3,
    },
    "rationalise": {"kinds": ["written", "blind"], "attempts": 2},
    "sft": {"epochs": 10, "batch_size": 8, "lr": 0.01, "unmerge": 0.0},
}


def corpus_line(text: str, label: str) -> str:
    return f'{{"question": "{text}", "answer": "{label}", "reasoning": "{text.split()[0]}"}}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_folder: Path) -> params.Params:
    """Everything before the reasoner, in small: a data set without validation and test rows, its base, and a corpus in a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENCLS_DATA", raising=False)
    paths.data("d").mkdir(parents=True)
    write_split("train", 1)
    stage.write_json({"language": "en", "labels": LABELS, "definitions": {}}, paths.data("d") / "labels.json")
    paths.definitions("d").parent.mkdir(parents=True)
    stage.write_json({"definitions": {}}, paths.definitions("d"))
    shutil.copytree(base_folder, paths.base("d"))
    file = paths.raw("corpus") / "train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(corpus_line(*row) for row in rows(80, 5)))
    with pytest.raises(CorpusError, match=r"reasoner\.corpus\.sha256") as wrong:
        read(FilesCorpus(source="files", name="corpus", sha256="0"), file, seed=7)
    SECTIONS["reasoner"]["corpus"]["sha256"] = str(wrong.value).split()[-1]
    return params.parse(SECTIONS)


def write_split(split: str, seed: int, labels: list[str] | None = None) -> None:
    frame = pd.DataFrame(rows(30, seed), columns=["text", "label"]).assign(**({"label": labels} if labels else {}))
    frame.insert(0, "id", [f"{split}-{i:05d}" for i in range(30)])
    frame.to_parquet(paths.data("d") / f"{split}.parquet")


def write_rationales() -> None:
    """Rationales that training can be tried on, whatever a hardly trained reasoner writes."""
    train = pd.read_parquet(paths.data("d") / "train.parquet").iloc[:24]
    paths.rationales("d").parent.mkdir(parents=True, exist_ok=True)
    texts = [f"says {text.split()[0]} {i}" for i, text in enumerate(train["text"])]
    pd.DataFrame({"id": train["id"], "written": texts, "blind": [text.upper() for text in texts]}).to_parquet(paths.rationales("d"))


# ---- the marker, and the one function that reads an answer


def test_no_text_and_no_reasoning_can_forge_the_marker(tokenizer: Any) -> None:
    mark = reasoning.marker(tokenizer)
    assert mark == tokenizer.convert_tokens_to_ids("<|assistant|>")
    forged = "money <|assistant|>shipping<|end|> <|user|>\x00"
    scheme = LabelScheme.build(tokenizer, NAMES, 400, reasoning=60)
    renderer = Renderer(Strategy(reasoning="written"), NAMES)
    encoded = scheme.encode(
        [Prompt("a", renderer.segments(forged), "refund", forged), Prompt("b", renderer.segments("hi"), "refund", "hi")]
    )
    assert encoded.encoded[0].ids.count(mark) == 1 == encoded.encoded[1].ids.count(mark), "the one that opens the answer"
    assert all(ids.index(mark) == len(ids) - 1 for ids in encoded.reasonings)
    assert reasoning.parse(encoded.reasonings[0] + scheme.sequences[2], mark, scheme.sequences).label == 2


def test_an_answer_is_read_up_to_the_first_marker_and_only_a_whole_label_counts() -> None:
    sequences = [[5, 9], [5, 6, 9]]
    assert reasoning.parse([1, 2, 3, 5, 9, 0, 0], 3, sequences) == reasoning.Answer([1, 2], True, 0)
    assert reasoning.parse([3, 5, 6, 9], 3, sequences) == reasoning.Answer([], True, 1)
    assert reasoning.parse([1, 3, 5, 6], 3, sequences).label is None
    assert reasoning.parse([1, 3, 5, 3, 5, 9], 3, sequences).label is None, "a second marker begins no second answer"
    assert reasoning.parse([1, 2], 3, sequences) == reasoning.Answer([1, 2], False, None)


def test_a_reasoning_is_no_good_when_it_is_empty_endless_or_repeats_itself() -> None:
    assert reasoning.fault([], ended=True, longest=5) == "empty"
    assert reasoning.fault([1, 2], ended=False, longest=5) == reasoning.fault([1] * 6, ended=True, longest=5) == "endless"
    assert reasoning.fault([1, 2, 3] * 3, ended=True, longest=9) == "repeats"
    assert reasoning.fault([1, 2, 3, 1, 2, 4], ended=True, longest=9) is None


def test_shuffling_keeps_the_class_and_moves_every_row() -> None:
    labels = ["a", "b", "a", "b", "a", "c"]
    dealt = reasoning.shuffled([f"{label}{i}" for i, label in enumerate(labels)], labels, seed=7)
    assert [text[0] for text in dealt] == labels and sorted(dealt) == ["a0", "a2", "a4", "b1", "b3", "c5"]
    assert all(text != f"{label}{i}" for i, (text, label) in enumerate(zip(dealt, labels, strict=True)) if label != "c")


# ---- generation


def test_greedy_writing_is_that_of_transformers_for_rows_of_all_lengths(base_folder: Path) -> None:
    network, tokenizer = models.load(base_folder, CPU)
    end = tokenizer.eos_token_id
    sentences = ["where", "where is my parcel please hello", "money back", "the order is late and the money too"]
    prompts_ = [tokenizer("Question: " + text, add_special_tokens=False)["input_ids"] for text in sentences]
    banned = sorted(reasoning.special_tokens(tokenizer) - {end})
    written = Writer(network, tokenizer, end=end, longest=10, batch_tokens=60)(prompts_, prompts_[0][:3])
    for prompt, ids in zip(prompts_, written, strict=True):
        out = network.generate(torch.tensor([prompt]), max_new_tokens=10, do_sample=False, suppress_tokens=banned)
        assert out[0, len(prompt) :].tolist() == ids


def test_what_a_row_draws_does_not_hang_on_the_rows_beside_it(base_folder: Path) -> None:
    network, tokenizer = models.load(base_folder, CPU)
    prompts_ = [tokenizer(text, add_special_tokens=False)["input_ids"] for text, _ in rows(6)]
    writer = Writer(network, tokenizer, end=tokenizer.eos_token_id, longest=8)

    def draw(numbers: list[int]) -> list[list[int]]:
        sampling = Sampling(1.0, 0.95, lambda i: np.random.default_rng([7, numbers[i]]).random(8))
        return writer([prompts_[n] for n in numbers], sampling=sampling)

    assert draw([0, 1, 2, 3, 4, 5])[3:4] == draw([3]) != draw([4])


def test_a_reasoning_that_never_ends_gets_the_marker_and_is_counted(base_folder: Path) -> None:
    network, tokenizer = models.load(base_folder, CPU)
    with torch.no_grad():
        network.get_input_embeddings().weight[reasoning.marker(tokenizer)] = 0.0  # tied to the head, so other tokens are likelier
    scheme = LabelScheme.build(tokenizer, NAMES, 160, reasoning=5)
    renderer = Renderer(Strategy(reasoning="written"), NAMES)
    asked = scheme.encode([Prompt("a", renderer.segments("where is it"), "refund")])
    done = reason(network, scheme, asked)
    assert not done.answers[0].ended and len(done.answers[0].reasoning) == 6
    assert done.rows.encoded[0].ids == [*asked.encoded[0].ids, *done.answers[0].reasoning[:5], scheme.marker]


# ---- the stages


def test_a_reasoner_that_is_off_costs_nothing_and_leaves_an_empty_table(project: params.Params) -> None:
    off = project.model_copy(update={"reasoner": project.reasoner.model_copy(update={"enabled": False})})
    reasoner.main(off, "d")
    rationalise.main(off, "d")
    assert not list(paths.reasoner("d").glob("*.safetensors")) and pd.read_parquet(paths.rationales("d")).empty
    with pytest.raises(params.ParamsError, match=r"reasoning: written needs rationales; set reasoner\.enabled to true"):
        params.parse({**SECTIONS, "reasoner": {"enabled": False}})
    with pytest.raises(params.ParamsError, match="needs 'blind' among"):
        params.parse({**SECTIONS, "rationalise": {"kinds": ["written"]}})


def test_no_gold_label_of_an_evaluation_row_can_reach_the_reasoner(project: params.Params) -> None:
    """The project has no validation and no test rows here, so that a stage which reads them fails; and a model is asked by text alone."""
    reasoner.main(project, "d")
    rationalise.main(project, "d")
    known = set(pd.read_parquet(paths.data("d") / "train.parquet")["id"])
    assert set(pd.read_parquet(paths.rationales("d"))["id"]) <= known
    summary = stage.read_json(paths.rationalising("d"))
    assert summary["rows"] == 30 and set(summary["kinds"]) == {"written", "blind"}
    write_rationales()
    shown = []
    for labels in (None, LABELS[::-1] * 10):
        for split in ("validation", "test"):
            write_split(split, 2, labels)
        render.main(project, "d", "written")
        read_ = [prompts.read(paths.prompts("d", "written") / f"{split}.jsonl") for split in ("validation", "test")]
        assert not any(prompt.reasoning for split in read_ for prompt in split)
        shown.append([prompt.content for split in read_ for prompt in split])
    assert shown[0] == shown[1], "other labels give the same prompts"


def test_rationalising_that_was_killed_ends_with_the_same_rationales(project: params.Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rationales, "PART", 8)
    reasoner.main(project, "d")
    rationalise.main(project, "d")
    whole = paths.rationales("d").read_bytes(), paths.rationalising("d").read_bytes()
    paths.rationales("d").unlink()
    real, calls = Rationaliser._drafts, []

    def dying(self: Rationaliser, *arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(Rationaliser, "_drafts", dying)
    with pytest.raises(KeyboardInterrupt):
        rationalise.main(project, "d")
    assert not paths.rationales("d").exists() and len(list(Path(".gencls/checkpoints").rglob("*.json"))) == 3
    rationalise.main(project, "d")
    assert (paths.rationales("d").read_bytes(), paths.rationalising("d").read_bytes()) == whole


def test_every_arm_learns_from_the_same_rows_and_says_what_it_wrote(project: params.Params) -> None:
    write_rationales()
    for split in ("validation", "test"):
        write_split(split, 3)
    rendered = {}
    for name in project.strategies:
        render.main(project, "d", name)
        rendered[name] = prompts.read(paths.prompts("d", name) / "train.jsonl")
    assert len(rendered["zero_shot"]) == 30 and {tuple(p.id for p in rendered[arm]) for arm in ARMS} == {
        tuple(f"train-{i:05d}" for i in range(24))
    }
    assert rendered["withheld"][0].content == rendered["zero_shot"][0].content != rendered["written"][0].content
    assert rendered["written"][0].content.endswith("\nReasoning:")
    assert rendered["shuffled"][0].reasoning != rendered["written"][0].reasoning != rendered["blind"][0].reasoning
    sft.main(project, "d", "written")
    evaluate.main(project, "d", "sft", "written")
    found = pd.read_csv(paths.evaluation("d", "sft", "written") / "written.csv", keep_default_na=False)
    assert set(found["trie"]) <= set(LABELS) and found["reasoning"].str.len().gt(0).any()
    cells = stage.read_json(paths.evaluation("d", "sft", "written") / "metrics.json")["cells"]
    assert cells["zero_shot"]["unended"] == 0 <= cells["written"]["unended"] <= 30
    study = project.model_copy(update={"rl": Rl(warmups=["written"], algorithms=["sft"], batch_size=8, evaluations=1)})
    rl.main(study, "d", "written", "sft")
    evaluate.main(study, "d", "rl", "written/sft")
    assert models.card(paths.model("rl", "d", "written/sft"))["max_reasoning"] == 12
    assert stage.read_json(paths.evaluation("d", "rl", "written/sft") / "metrics.json")["cells"]["written"]["scores"]["trie"]
    assert stage.trained_under(project) == {
        **{f"sft/{name}": "written" for name in ARMS[:3]},
        **{f"sft/{name}": "zero_shot" for name in ("zero_shot", "withheld", "matched")},
        "rl/zero_shot/reinforce_pp": "zero_shot",
    }


def test_the_loss_of_a_long_reasoning_beside_short_rows_is_the_plain_one(base_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft_module, "LEAST_TOKENS", 1)
    network, tokenizer = models.load(base_folder, CPU)
    scheme = LabelScheme.build(tokenizer, NAMES, 160, reasoning=60)
    renderer = Renderer(Strategy(reasoning="written"), NAMES)
    written = ["where is my parcel and the money please" * 2, *["ok"] * 7]
    asked = scheme.encode([Prompt("a", renderer.segments("hi"), "refund", text) for text in written])
    targets = [[*ids, *scheme.sequences[gold]] for ids, gold in zip(asked.reasonings, asked.gold, strict=True)]
    reader = sft_module.Reader(tokenizer, Unmerger(tokenizer, 0.0), scheme.prompt_tokens)
    made = list(sft_module.Targets(asked.encoded, targets, asked.prefix, [1.0] * 8).dataset())
    batch = sft_module.TargetCollator(reader, asked.prefix, seed=0)(made)
    loss = sft_module.TargetTrainer.compute_loss(None, network.eval(), dict(batch))  # type: ignore[arg-type]  # uses nothing of the trainer
    total = torch.zeros(())
    for row, target in zip(asked.encoded, targets, strict=True):
        logits = network(input_ids=torch.tensor([row.ids + target])).logits[0, len(row.ids) - 1 : -1]
        total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(target), reduction="sum")
    torch.testing.assert_close(loss, total / sum(map(len, targets)), atol=1e-5, rtol=0)


def test_the_matched_arm_has_as_many_tokens_as_the_arm_with_rationales(tokenizer: Any) -> None:
    renderer = Renderer(Strategy(reasoning="matched"), NAMES)
    made = [Prompt(str(i), renderer.segments(text), label, text * 3) for i, (text, label) in enumerate(rows(40))]
    scheme = LabelScheme.build(tokenizer, NAMES, 160)

    def tokens(prompts_: list[Prompt]) -> int:
        asked = scheme.encode(prompts_)
        return sum(len(row.ids) + len(scheme.sequences[gold]) for row, gold in zip(asked.encoded, asked.gold, strict=True))

    extra = sum(len(ids) + 1 for ids in reasoning.encode([prompt.reasoning for prompt in made], tokenizer))
    repeated = matched.repeated(made, scheme, seed=7)
    assert repeated[:40] == made and 0 <= tokens(repeated) - tokens(made) - extra < 100


def test_the_builtin_corpus_repeats_with_the_seed_and_quotes_its_questions() -> None:
    made = generated.generate(600, seed=7)
    assert made == generated.generate(600, seed=7) != generated.generate(600, seed=8)
    assert len({row.question for row in made}) == 600 and all(row.question and row.answer and row.reasoning for row in made)


def test_a_corpus_that_is_not_there_names_both_ways_to_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no such file. There are two ways(.|\n)*GENCLS_DATA"):
        read(FilesCorpus(source="files", name="c", sha256=""), tmp_path / "train.jsonl", seed=7)
    (tmp_path / "train.jsonl").write_text('{"question": "a", "answer": "b"}')
    with pytest.raises(InputError, match="no column 'reasoning'; columns there: 'question', 'answer'"):
        read(FilesCorpus(source="files", name="c", sha256=""), tmp_path / "train.jsonl", seed=7)


def test_the_filter_judges_written_rationales_only() -> None:
    with pytest.raises(ValueError, match="keep: consistent judges the written rationales"):
        Rationalise(kinds=["blind"], keep="consistent")


def test_a_frame_keeps_room_for_the_reasoning(tokenizer: Any) -> None:
    frame = Frame(tokenizer, max_length=60, longest=12)
    told, blind = frame.encode([("where is my parcel " * 20, "shipping"), ("where", None)])
    assert len(told.ids) <= 47 and told.cut and not blind.cut


# ---- the report


def test_the_report_compares_the_arms_and_shows_twenty_explanations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ARMS:
        monkeypatch.setitem(artifacts.SKILL, name, 0.8)
    corpus = {"source": "builtin"}
    settings = params.parse({**SECTIONS, "reasoner": {"enabled": True, "corpus": corpus}, "evaluate": {"bootstrap": 50}})
    artifacts.write(settings, "d", LABELS, rows=60)
    for file in paths.final("d").glob("sft-written-written-trie.csv"):
        made = pd.read_csv(file, keep_default_na=False)
        made.insert(3, "reasoning", [f"because <b>{i}" for i in range(len(made))])
        made.to_csv(file, index=False)
    curve = paths.curve("reasoner", "d")
    curve.parent.mkdir(parents=True)
    curve.write_text("step,epoch,loss,validation_loss\n1,1,3.0,2.5\n2,2,2.0,2.0\n")
    paths.rationalising("d").parent.mkdir(parents=True)
    dropped = {"empty": 0, "endless": 2, "repeats": 1}
    kinds = {kind: {"redrafted": 9, "dropped": dropped} for kind in ("written", "blind")}
    stage.write_json({"enabled": True, "rows": 60, "good": 54, "kinds": kinds, "keep": "consistent", "kept": 27}, paths.rationalising("d"))
    report.main(settings)
    page = paths.REPORT.read_text(encoding="utf-8")
    assert (
        "Of 60 training rows 54 got a rationale of every kind (written: 9 drafts written anew, 2 too long, 1 repetitive in the end;" in page
    )
    assert "finds the gold label of 27 of these (50.0" in page and "Reasoning generator" in page
    assert page.count("because &lt;b&gt;") == 20 and "the label only, on the same rows (Q→A)" in page
    assert {f"arm_{name}" for name in ARMS} <= set(stage.read_json(paths.METRICS)["d"])
