"""Sections `model` and `base`: the network and its tokenizer."""

from typing import Literal

from pydantic import Field, model_validator

from gencls.params.section import Positive, Section, Share
from gencls.params.training import OptimizerName


class Lora(Section):
    """Low-rank adapters (peft)."""

    r: Positive = 16
    alpha: Positive = 32
    dropout: Share = 0.05
    targets: str | list[str] = "all-linear"


class Model(Section):
    """The base model and how it is loaded."""

    base: str = "builtin"
    """`builtin`, a hub id, or a local folder; safetensors only, remote code off."""
    revision: str | None = None
    """Commit of a hub id; the resolved one is recorded either way."""
    max_length: Positive = 512
    """Tokens of prompt and answer together; longer texts lose their middle."""
    max_reasoning: Positive = 48
    """Tokens of a reasoning written before the label; of `max_length` they are kept free where a strategy reasons."""
    lora: Lora | None = None
    """null trains all weights."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of the weights as they are loaded; adapters are kept in float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"


class Base(Section):
    """The builtin base: a byte-level BPE and a decoder, trained as a language model on the data set's training texts."""

    vocab_size: Positive = 4000
    layers: Positive = 3
    width: Positive = 192
    heads: Positive = 6
    dropout: Share = 0.1
    """On residual connections, here and in SFT."""
    unmerge: Share = 0.1
    """Probability with which a token is split into the two it was merged from (seeded BPE-dropout)."""
    epochs: Positive = 4
    batch_size: Positive = 32
    optimizer: OptimizerName = "muon"
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> "Base":
        """Rotary positions turn pairs of numbers, so each head has an even number of them."""
        step = 2 * self.heads
        if self.width % step:
            near = [str(width) for width in (self.width // step * step, (self.width // step + 1) * step) if width]
            raise ValueError(f"base.width: {self.width} is no multiple of twice base.heads: {self.heads}; choices: {', '.join(near)}")
        return self
