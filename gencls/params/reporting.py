"""Sections `grid`, `evaluate` and `report`: what is asked, and what is said about the answers."""

from typing import Literal

from pydantic import Field

from gencls.params.section import Name, Positive, Section

Decoding = Literal["trie", "likelihood", "perplexity", "pmi", "generate"]


class Grid(Section):
    """Which strategies are trained, and under which strategies and decodings each model is evaluated."""

    train: list[Name] = Field(default=["zero_shot", "similar_3"], min_length=1)
    infer: list[Name] = Field(default=["zero_shot", "similar_3"], min_length=1)
    decoding: list[Decoding] = Field(default=["trie", "perplexity", "generate"], min_length=1)


class Evaluate(Section):
    """Metrics and their intervals."""

    batch_tokens: Positive = 8192
    """Tokens per scoring batch; changes speed only, so an edit runs nothing again but bundle and report, which hold it."""
    bootstrap: Positive = 1000
    """Resamples of a 95 % interval."""
    bins: Positive = 15
    """Of the expected calibration error."""
    precision: float = Field(default=0.95, gt=0, le=1)
    """Wanted of the answers that a model gives by itself; below the confidence that reaches it on validation it had better abstain."""


class Report(Section):
    """The page."""

    title: str = "Generative text classification"
    study: Name = "strategies"
    """Runs that this one is recorded beside: results/runs/<ds>-<study>-<seed>.json. `strategies`, `rl` and `reasoning` make tables."""
    rows: Positive = 15
    """Rows listed as hardest, and as most confidently wrong."""
