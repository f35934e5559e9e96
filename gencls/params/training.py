"""Sections of the training runs on labels: `sft`, `head` and `rl`."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from gencls.params.section import Name, Positive, Section, Share

Algorithm = Literal["reinforce_pp", "reinforce_pp_baseline", "grpo", "expected", "sft"]
ClassWeights = Literal["none", "balanced"]
OptimizerName = Literal["muon", "adamw"]


class Head(Section):
    """The discriminative baseline: a classification head on the same base, trained as `sft` says."""

    enabled: bool = True
    """It costs a training run."""


class Train(Section):
    """One supervised or RL training run."""

    epochs: Positive
    batch_size: Positive
    optimizer: OptimizerName = "adamw"
    """`muon` for a small base trained from nothing; `adamw` for one that was pretrained with it."""
    lr: float = Field(gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    warmup: Share = 0.05
    """Share of the steps over which the learning rate rises."""


class Sft(Train):
    """Supervised fine-tuning on the completion."""

    epochs: Positive = 6
    batch_size: Positive = 32
    optimizer: OptimizerName = "muon"
    lr: float = Field(default=1e-3, gt=0)
    unmerge: Share = 0.1
    """Seeded BPE-dropout of the texts, as in `base`; serves any base whose tokenizer is a BPE."""
    class_weights: ClassWeights = "none"
    """`balanced` weighs a row's loss by the inverse frequency of its class."""


class Rl(Train):
    """Reinforcement learning after the SFT warm-up."""

    algorithms: list[Algorithm] = Field(default=["reinforce_pp"])
    """`expected` is the exact gradient of the expected reward, without sampling; `sft` the control: as many steps of plain SFT."""
    warmups: list[Name] = Field(default=["zero_shot"], min_length=1)
    """Strategies whose SFT models are the starting policies and the KL references; every algorithm runs from each. From one that reasons
    the rollouts are whole answers, written token by token (TRL), for which `expected` has no sum to take."""
    holdout: Share = 0.0
    """Share of the training rows, stratified, that SFT leaves out and RL learns from; 0: both see all rows."""
    epochs: Positive = 1
    batch_size: Positive = 64
    """Prompts per optimiser step."""
    batch_tokens: Positive = 16384
    """Tokens per pass; a larger step is computed in parts, for about a third more time. Changes speed and memory only."""
    samples: Positive = 8
    """Rollouts per prompt."""
    evaluations: Positive = 4
    """Times that validation accuracy is measured, evenly and the last at the end, so fewer where the steps do not divide; the best
    checkpoint is kept."""
    patience: Positive | None = None
    """Evaluations in a row without a better one after which training stops; null trains to the end."""
    lr: float = Field(default=5e-5, gt=0)
    kl: float = Field(default=0.01, ge=0)
    """Coefficient of the KL to the warm-up."""
    kl_form: Literal["paper", "k1_reward", "k2_loss", "k3_loss"] = "paper"
    """Estimate and place of the KL: `paper` is k3 in the loss for grpo, k1 in the reward for the others (for reinforce_pp_baseline as in
    OpenRLHF of April 2025; later versions of its paper: k2_loss); `expected` has the exact KL."""
    wrong: Literal[0, -1] = -1
    """Reward of a wrong answer; a right one gets 1 (REINFORCE++ section 5.1 advises symmetric rewards)."""
    format: float = Field(default=0.2, ge=0)
    """Added to the reward of a reasoned answer that has a reasoning, the marker and a label, right or wrong."""
    class_weights: ClassWeights = "none"
    """`balanced`, for macro-F1, scales a row's rewards by the inverse frequency of its class; without effect on grpo, which divides by
    the scale. For `sft` as under `sft`."""
    drop_dead_groups: bool = True
    """grpo and reinforce_pp_baseline: prompts whose samples all have one reward leave the normalisation and the denominators."""
    vllm: bool = False
    """Reasoned answers are drawn by vLLM, which must be installed; without effect on direct ones, which are drawn from the trie."""

    @field_validator("algorithms", "warmups")
    @classmethod
    def _cells_differ(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a name stands there twice; each is a cell of its own")
        return names

    @field_validator("samples")
    @classmethod
    def _groups_have_others(cls, samples: int, info: ValidationInfo) -> int:
        grouped = [name for name in info.data.get("algorithms", []) if name in ("grpo", "reinforce_pp_baseline")]
        if grouped and samples < 2:
            raise ValueError(f"{grouped[0]} compares the samples of a prompt with each other, so it needs 2 or more")
        return samples

    @field_validator("holdout")
    @classmethod
    def _held_out_rows_are_learnt_from(cls, holdout: float, info: ValidationInfo) -> float:
        if holdout and info.data.get("algorithms") == []:
            raise ValueError("rl.algorithms is empty, so nothing would learn from the rows that SFT leaves out; set it to 0")
        return holdout

    @property
    def starts(self) -> list[str]:
        """The warm-ups that RL goes on from: none without an algorithm."""
        return self.warmups if self.algorithms else []
