import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gencls.params import Params, parse
from gencls.sources.rows import digest
from tasks import ingest
from tasks.stage import StageError

SPLITS = {"train": "train.csv", "validation": "dev.csv", "test": "test.csv"}
GIT_TRAIN = [["x", "pos"], ["y", "neg"], ["", "neg"]]
"""Of the commit before the last."""
ROWS = {"train": "text,label\nx,pos\ny,neg\n,neg\n", "dev": "text,label\nz,pos\n", "test": "text,label\nw,new\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENCLS_DATA", raising=False)
    (tmp_path / "data/raw/ds").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A plain git repository with the files in a folder, and the commit that has them; its last commit has other rows."""
    folder = tmp_path_factory.mktemp("repository")
    write_files(folder / "data")
    git(folder, "init", "--quiet")
    commit = save(folder)
    (folder / "data/train.csv").write_text("text,label\nchanged,pos\n")
    save(folder)
    return folder, commit


def git(folder: Path, *arguments: str) -> str:
    identity = {f"GIT_{role}_{what}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **identity}, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def save(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "rows")
    return git(folder, "rev-parse", "HEAD")


def write_files(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ROWS.items():
        (folder / f"{name}.csv").write_text(content)


def write_copies(folder: Path) -> None:
    """What GENCLS_DATA may name, with rows that no other source of these tests has."""
    (folder / "ds").mkdir(parents=True)
    for split in SPLITS:
        (folder / f"ds/{split}.jsonl").write_text('{"text": "copied", "label": "pos"}\n')


def params(**keys: Any) -> Params:
    return parse({"datasets": {"ds": keys}, "strategies": {"zero_shot": {}, "similar_3": {"shots": 3}}})


def files_params() -> Params:
    return params(source="files", files=SPLITS)


def git_params(repository: tuple[Path, str], **keys: Any) -> Params:
    names = {split: f"data/{name}" for split, name in SPLITS.items()}
    return params(**{"source": "git", "repo": str(repository[0]), "rev": repository[1], "files": names, **keys})


def texts(split: str) -> list[str | None]:
    column = pd.read_parquet(f"data/ds/{split}.parquet")["text"].astype(object)
    return list(column.where(column.notna(), None))


def output() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("data/ds").iterdir()}


def test_files_become_parquet_and_labels(root: Path) -> None:
    write_files(root / "data/raw/ds")
    ingest.main(files_params(), "ds")
    assert sorted(output()) == ["labels.json", "test.parquet", "train.parquet", "validation.parquet"]
    assert texts("train") == ["x", "y", None]
    assert pd.read_parquet("data/ds/validation.parquet").to_dict("records") == [{"id": "validation-00000", "text": "z", "label": "pos"}]
    assert json.loads(Path("data/ds/labels.json").read_text()) == {"language": "en", "labels": ["neg", "pos"], "definitions": {}}


def test_the_same_source_gives_the_same_bytes(root: Path) -> None:
    write_files(root / "data/raw/ds")
    ingest.main(files_params(), "ds")
    first = output()
    ingest.main(files_params(), "ds")
    assert output() == first


def test_definitions_come_from_the_file_in_the_order_of_the_labels(root: Path) -> None:
    write_files(root / "data/raw/ds")
    (root / "data/raw/ds/definitions.json").write_text('{"pos": "Glad.", "neg": "Not glad."}')
    ingest.main(files_params(), "ds")
    assert list(json.loads(Path("data/ds/labels.json").read_text())["definitions"].items()) == [("neg", "Not glad."), ("pos", "Glad.")]


def test_a_defined_label_without_rows_belongs_to_the_label_set_so_that_validate_finds_it(root: Path) -> None:
    write_files(root / "data/raw/ds")
    (root / "data/raw/ds/definitions.json").write_text('{"posi": "Glad."}')
    ingest.main(files_params(), "ds")
    assert json.loads(Path("data/ds/labels.json").read_text())["labels"] == ["neg", "pos", "posi"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[1]", "one line of text per label"),
        ("{", "not a JSON"),
    ],
)
def test_wrong_definitions_are_one_error_and_leave_no_output(root: Path, content: str, expected: str) -> None:
    write_files(root / "data/raw/ds")
    (root / "data/raw/ds/definitions.json").write_text(content)
    with pytest.raises(StageError, match=expected):
        ingest.main(files_params(), "ds")
    assert not Path("data/ds").exists()


def test_rows_that_cannot_be_read_are_one_error_that_names_the_data_set(root: Path) -> None:
    with pytest.raises(StageError, match=r"data set ds: data/raw/ds/train.csv: no such file"):
        ingest.main(files_params(), "ds")


def test_generated_rows_have_a_clean_label_and_the_generators_definitions(root: Path) -> None:
    builtin = params(source="builtin", rows={"train": 300, "validation": 100, "test": 100}, noise=0.1)
    ingest.main(builtin, "ds")
    train = pd.read_parquet("data/ds/train.parquet")
    labels = json.loads(Path("data/ds/labels.json").read_text())
    assert list(train.columns) == ["id", "text", "label", "clean_label"]
    assert (train["label"] != train["clean_label"]).mean() == pytest.approx(0.1, abs=0.02)
    assert sorted(labels["definitions"]) == labels["labels"]
    first = output()
    ingest.main(builtin, "ds")
    assert output() == first


def test_a_git_repository_is_read_at_its_commit(root: Path, repository: tuple[Path, str]) -> None:
    ingest.main(git_params(repository), "ds")
    assert texts("train") == ["x", "y", None]
    ingest.main(git_params(repository, rev="HEAD"), "ds")
    assert texts("train") == ["changed"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [({"rev": "f" * 40}, "f" * 40), ({"repo": "no/such/repository"}, "no/such/repository"), ({"files": "data/no.csv"}, "data/no.csv")],
)
def test_a_source_out_of_reach_is_one_error_that_names_both_ways(
    root: Path, repository: tuple[Path, str], keys: dict[str, str], expected: str
) -> None:
    with pytest.raises(StageError) as caught:
        ingest.main(git_params(repository, **keys), "ds")
    for part in (expected, "1. source git", "2. copies: set GENCLS_DATA to a folder that holds ds/train.jsonl, ds/validation.jsonl"):
        assert part in str(caught.value)


def test_the_error_says_what_the_variable_lacks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENCLS_DATA", str(root / "elsewhere"))
    with pytest.raises(StageError, match=r"set GENCLS_DATA \(now .*elsewhere, which has no folder ds\)"):
        ingest.main(params(source="hub", id="owner/name", revision="a" * 40), "ds")


def test_copies_stand_in_for_git_and_hub_and_the_log_says_so(
    root: Path, repository: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_copies(root / "copies")
    monkeypatch.setenv("GENCLS_DATA", "copies")
    for source in (git_params(repository), params(source="hub", id="owner/name", revision="a" * 40, text="sentence")):
        ingest.main(source, "ds")
        assert texts("train") == ["copied"]
        assert "the rows of ds come from copies/ds, not from source" in capsys.readouterr().out


def test_copies_never_stand_in_for_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_copies(root / "copies")
    write_files(root / "data/raw/ds")
    monkeypatch.setenv("GENCLS_DATA", "copies")
    ingest.main(files_params(), "ds")
    assert texts("train") == ["x", "y", None]


def test_copies_with_other_rows_are_refused(root: Path, repository: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    write_copies(root / "copies")
    monkeypatch.setenv("GENCLS_DATA", "copies")
    with pytest.raises(StageError, match="the rows are not those that sha256 names"):
        ingest.main(git_params(repository, sha256={"test": "0" * 64}), "ds")


def test_numbers_get_names_from_the_parameters_or_from_a_file(root: Path) -> None:
    (root / "data/raw/ds/x.csv").write_text("text,label\n" + "a,0\nb,1\nc,2\nd,\n" * 10)
    (root / "data/raw/ds/names.json").write_text('{"0": "neg", "1": "pos", "2": "pos"}')
    found = []
    for labels in ({0: "neg", 1: "pos", 2: "pos"}, {"0": "neg", "1": "pos", "2": "pos"}, "names.json"):
        ingest.main(params(source="files", files="x.csv", labels=labels), "ds")
        found.append({split: digest(pd.read_parquet(root / f"data/ds/{split}.parquet")) for split in ("train", "validation", "test")})
    assert found[0] == found[1] == found[2]
    train = pd.read_parquet(root / "data/ds/train.parquet")
    assert set(train["label"].dropna()) == {"neg", "pos"} and train["label"].isna().any()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({0: "neg"}, r"labels has no name for '1' \(\d+ rows\); named are 0"),
        ("absent.json", "absent.json: no such file"),
        ("list.json", "expected an object with a name per label"),
    ],
)
def test_a_label_without_a_name_is_one_error(root: Path, labels: Any, message: str) -> None:
    (root / "data/raw/ds/x.csv").write_text("text,label\n" + "a,0\nb,1\n" * 10)
    (root / "data/raw/ds/list.json").write_text('["neg"]')
    with pytest.raises(StageError, match=message):
        ingest.main(params(source="files", files="x.csv", labels=labels), "ds")


def test_a_git_repository_and_a_folder_in_the_hubs_format_give_the_same_rows_by_digest(
    root: Path, repository: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    folder, commit = repository
    hub = tmp_path_factory.mktemp("hub")
    names = ["neg", "new", "pos"]
    for split, file in SPLITS.items():
        rows = [line.split(",") for line in (folder / "data" / file).read_text().splitlines()[1:]] if split != "train" else GIT_TRAIN
        features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
        content = {"text": [text or None for text, _ in rows], "label": [names.index(label) for _, label in rows]}
        (hub / "data").mkdir(exist_ok=True)
        datasets.Dataset.from_dict(content, features=features).to_parquet(hub / "data" / f"{split}-00000-of-00001.parquet")
    git_files = {split: f"data/{file}" for split, file in SPLITS.items()}
    digests = []
    for spec in ({"source": "git", "repo": str(folder), "rev": commit, "files": git_files}, {"source": "hub", "id": str(hub)}):
        ingest.main(params(**spec), "ds")
        digests.append({split: digest(pd.read_parquet(root / f"data/ds/{split}.parquet")) for split in SPLITS})
    assert digests[0] == digests[1]
    ingest.main(params(source="hub", id=str(hub), sha256=digests[0]), "ds")  # and params.yaml can insist on them
