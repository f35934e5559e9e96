"""A finished model to predict with: the builtin base's shape over the default data set, with random weights."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def data(rows: int) -> Any:
    """Splits of the default data set, with so many test rows."""
    from gencls.params import SplitRows
    from gencls.sources.intents import generate

    return generate(SplitRows(train=1000, validation=100, test=rows), noise=0.0, seed=0)


def make(folder: Path, splits: Any, *, smoke: bool) -> Path:
    """Write it below `folder`."""
    import torch

    from gencls import base, models
    from gencls import bundle as bundles
    from gencls.labels import written
    from gencls.params import Base, Strategy

    shape = Base(layers=1, width=32, heads=2) if smoke else Base()
    train = splits["train"]
    labels = sorted(train["label"].unique())
    names = written(labels, Strategy(), language="en", seed=0)
    tokenizer = tokenizer_of(train["text"], names, shape.vocab_size)
    torch.manual_seed(0)
    models.save(base.build(tokenizer, shape, max_length=512), tokenizer, folder / "model", {"base": "builtin"})
    manifest = _manifest(labels, names, models.digest(folder / "model"))
    bundles.write(manifest, folder / "model", bundles.TrainingRows([], [], []), "A model for benchmarks.\n", folder / "bundle")
    return folder / "bundle"


def tokenizer_of(texts: Iterable[str], names: Mapping[str, str], vocab_size: int) -> Any:
    """As the base stage trains it: on the prompts of the texts, in which the labels stand too."""
    from gencls.params import Strategy
    from gencls.prompts import Prompt, Renderer
    from gencls.tokenizer import train_tokenizer

    renderer = Renderer(Strategy(), names)
    return train_tokenizer([Prompt("", renderer.segments(text), next(iter(names))).content for text in texts], vocab_size)


def _manifest(labels: list[str], names: dict[str, str], weights: str) -> Any:
    from gencls.bundle import Bundle, Measured, Origin
    from gencls.params import Neighbours, Strategy

    nothing = Measured(rows=0, accuracy=0, accuracy_ci=(0, 0), macro_f1=0, macro_f1_ci=(0, 0), log_loss=None, ece=None)
    return Bundle(
        data_set="intents",
        language="en",
        labels=labels,
        definitions={},
        strategy=Strategy(),
        written=names,
        fixed=[],
        decoding="trie",
        temperature=1.0,
        threshold=None,
        precision=0.95,
        text="text",
        max_length=512,
        max_reasoning=0,
        batch_tokens=8192,
        dtype="float32",
        neighbours=Neighbours(),
        seed=0,
        weights=weights,
        origin=Origin(
            title="none",
            grid=[],
            validation=nothing,
            test=nothing,
            base="builtin",
            base_commit=None,
            commit=None,
            data={},
            parameters={},
            versions={},
        ),
    )


def prompts(folder: Path, texts: list[str]) -> list[str]:
    """What the model is asked about each text, as plain text: the peers get the same."""
    from gencls import bundle as bundles
    from gencls.prompts import TEMPLATES, Prompt, Renderer

    bundle = bundles.read(folder)
    renderer = Renderer(bundle.strategy, bundle.written, TEMPLATES[bundle.language], bundle.definitions, bundle.fixed)
    return [Prompt("", renderer.segments(text, []), bundle.labels[0]).content for text in texts]
