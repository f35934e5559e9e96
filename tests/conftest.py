"""Tiny real parts, built offline: a tokenizer, a decoder, rows that a classifier can learn."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models are slower on more threads, and equal bytes need equal threads
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded, and an attempt fails at once

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LABELS = ["refund", "refund status", "shipping"]
"""One is the beginning of another."""
NAMES = {label: label for label in LABELS}
"""Labels written as they are called."""
COPIES = Path(os.environ.get("GENCLS_DATA") or Path(__file__).parents[2] / "shared/data").absolute()
"""Rows of public data sets, `<data set>/<split>.jsonl`: where GENCLS_DATA says, or beside the checkout."""
WORDS = {
    "refund": ["money", "back", "please"],
    "refund status": ["money", "when", "arrives"],
    "shipping": ["parcel", "where", "late"],
}


def rows(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, label) pairs that words decide."""
    rng = random.Random(seed)
    labels = [LABELS[i % len(LABELS)] for i in range(n)]
    return [(" ".join(rng.choices(WORDS[label], k=3) + rng.choices(["hello", "the", "my", "order"], k=2)), label) for label in labels]


def copy_of(ds: str) -> Path:
    """The folder of a public data set; a test that asks for one that is not there is skipped."""
    if not (COPIES / ds).is_dir():
        pytest.skip(f"no copy of {ds} in {COPIES}; GENCLS_DATA names a folder that has one")
    return COPIES / ds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole DAG takes longest: begun first, it does not keep one core busy when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("smoke") is None)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from gencls.tokenizer import train_tokenizer

    return train_tokenizer([text for text, _ in rows(200)] + LABELS, 330)


@pytest.fixture(scope="session")
def base_folder(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained builtin base on disk."""
    import torch

    from gencls import models
    from gencls.base import build
    from gencls.params import Base

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("base")
    network = build(tokenizer, Base(layers=2, width=48, heads=2, vocab_size=330, dropout=0.0), max_length=96)
    models.save(network, tokenizer, folder, {"base": "builtin"})
    return folder


@pytest.fixture(scope="session")
def bundle(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zero-shot bundle of it, for tests that only read."""
    import bundles

    return bundles.make(base_folder, tmp_path_factory.mktemp("bundles") / "zero")


@pytest.fixture(scope="session")
def classifier(bundle: Path) -> Any:
    """The bundle, loaded."""
    from gencls import Classifier

    return Classifier.load(bundle, device="cpu")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy DVC project in which everything has run."""
    import toy_project

    root = toy_project.make(tmp_path_factory.mktemp("toy") / "built")
    toy_project.dvc(root, "repro", "--quiet")
    toy_project.run(root, "git", "add", "--all")
    toy_project.run(root, "git", "commit", "--quiet", "--message", "built")
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return shutil.copytree(built, tmp_path / "project", symlinks=True)


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`killed_at(step)` makes the next training run die at that step, and none after it."""
    from gencls import training

    real = training.Progress

    def arm(step: int) -> None:
        class Dying(real):
            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step == step:
                    monkeypatch.setattr(training, "Progress", real)
                    raise KeyboardInterrupt

        monkeypatch.setattr(training, "Progress", Dying)

    return arm


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets how many threads torch has, until the test is over."""
    import torch

    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def shell(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`gencls predict <bundle> …` in this process; `bundle` is the module's."""

    def call(*arguments: object) -> None:
        from gencls import cli

        monkeypatch.setattr("sys.argv", ["gencls", "predict", str(bundle), *map(str, arguments)])
        cli.main()

    return call
