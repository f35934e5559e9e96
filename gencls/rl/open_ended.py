"""RL over reasoned answers: what is written before the label is open, so rollouts are generated, by TRL.

    prompt → reasoning, marker, label, end token      reward = correctness + form, parsed by the function that evaluation uses

TRL's GRPOTrainer with six things changed: prompts are token ids, so that they are the very ones that SFT and evaluation read; the writer
that reasons at evaluation draws the rollouts, from random numbers that hang on seed, step and place alone; the estimators are those of the
closed set (gencls/rl/advantages.py), KL and dead groups included; what all prompts begin with is read once a pass, positions count from a
prompt's first token, and the language-model head runs on the completion only; dropout is off, as it is when the model answers; the
checkpoint kept is the best on validation, measured after the model's own reasoning.

Sampling is from the whole policy, at temperature 1: special tokens, which evaluation never lets a reasoning hold, count as part of it
here. An epoch's last rows that do not fill a step are left out. Samples of a prompt stay in one process.

Legend of axes: P prompts, G samples of a prompt, B = P * G, S tokens that all prompts share, W of the longest prompt, T of the longest
completion, V vocabulary.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from trl import GRPOConfig, GRPOTrainer, SFTConfig
from trl.import_utils import is_vllm_available
from trl.trainer.utils import disable_dropout_in_model

from gencls.errors import InputError
from gencls.generation import Sampling, Writer, reason
from gencls.kv_cache import prefix_cache, repeated
from gencls.optimizer import optimizer
from gencls.params import Algorithm, Rl
from gencls.reasoning import Answer, parse
from gencls.rl.advantages import ESTIMATORS, k3
from gencls.rl.objectives import PolicyGradient
from gencls.rl.rewards import reasoned_reward, seen, well_formed
from gencls.rl.warm_up import CURVE, FromWarmUp, Unwrapped, arguments, callbacks, processes, rewardable
from gencls.scheme import LabelScheme, Rows
from gencls.sft import PREPARED, Reader, TargetCollator, Targets, TargetTrainer, validate
from gencls.tokenizer import Unmerger
from gencls.training import Run, row_weights, train, write_curve

WATCHED = ("reward", "kl", "entropy", "dead_groups", "invalid", "completions/mean_length", "completions/clipped_ratio")
CONTROLLED = ("step", "samples", "eval_loss", "eval_accuracy")
"""Columns of the control's learning curve: it has no reward."""


class OpenEndedTrainer(Unwrapped, FromWarmUp, GRPOTrainer):  # type: ignore[misc]  # trl is untyped here
    """GRPOTrainer whose advantages hold all of an estimator: normalisation, KL, and each token's weight in the global batch."""

    def __init__(
        self, model: Any, args: GRPOConfig, *, scheme: LabelScheme, rows: Rows, rl: Rl, algorithm: Algorithm, **kwargs: Any
    ) -> None:
        self._scheme, self._rl, self._prefix = scheme, rl, rows.prefix
        estimator = ESTIMATORS[algorithm]
        form = estimator.kl if rl.kl_form == "paper" else rl.kl_form
        self._objective = PolicyGradient(estimator, form, rl.kl, rl.drop_dead_groups)
        weights = row_weights(rows.gold, rl.class_weights)
        dataset = datasets.Dataset.from_dict({"prompt": [row.ids for row in rows.encoded], "gold": rows.gold, "weight": weights})
        processing = {"processing_class": scheme.tokenizer, "train_dataset": dataset, "eval_dataset": dataset.select(range(1))}
        super().__init__(model, self._reward, args, **processing, **kwargs)
        if self._warm_up is not None:
            disable_dropout_in_model(self._warm_up)

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """They are token ids already."""
        return prompts, None, {}

    def _generate_single_turn(self, prompt_ids: list[list[int]], *args: Any, **kwargs: Any) -> tuple[list[list[int]], Any]:
        """A completion of each prompt, which stands there once a sample."""
        if self.use_vllm:
            drawn: tuple[list[list[int]], Any] = super()._generate_single_turn(prompt_ids, *args, **kwargs)
            return drawn
        longest, first = self.args.max_completion_length, self.accelerator.process_index * len(prompt_ids)

        def draws(row: int) -> NDArray[np.float64]:
            numbers: NDArray[np.float64] = np.random.default_rng([self.args.seed, self.state.global_step, first + row]).random(longest)
            return numbers

        tokenizer, budget = self._scheme.tokenizer, self._rl.batch_tokens
        writer = Writer(self.model, tokenizer, end=tokenizer.eos_token_id, longest=longest, batch_tokens=budget)
        written = writer(prompt_ids, self._prefix, Sampling(temperature=1.0, top_p=1.0, draws=draws, special=True))
        self.model.train()
        return written, None

    def _reward(self, completion_ids: list[list[int]], gold: list[int], weight: list[float], **_: Any) -> list[float]:
        """(B,) of this process's completions, kept for the advantages."""
        scheme, rl = self._scheme, self._rl
        answers = [parse(ids, scheme.marker, scheme.sequences) for ids in completion_ids]
        rewards = [
            reasoned_reward(answer, label, scheme.labels, scheme.reasoning, rl) * w
            for answer, label, w in zip(answers, gold, weight, strict=True)
        ]
        self._rewards = torch.tensor(rewards, device=self.model.device).view(-1, self.num_generations)
        self._count(answers, gold)
        return rewards

    def _count(self, answers: Sequence[Answer], gold: Sequence[int]) -> None:
        longest, device = self._scheme.reasoning, self.model.device
        labels = [seen(answer, longest) for answer in answers]
        outside = torch.tensor([label is None for label in labels], device=device)
        right = torch.tensor([label == wanted for label, wanted in zip(labels, gold, strict=True)], device=device)
        formed = torch.tensor([well_formed(answer, longest) for answer in answers], device=device)
        self._tally.add(self.state.global_step, right, outside, formed if self._rl.format else None)
        self._watch("invalid", outside.float())

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """TRL's batch, its advantages replaced by the pull on each token (B, T), which is a share of the whole: the denominator is 1."""
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
        read = (ids, mask, batch["completion_ids"].shape[1], self.args.per_device_train_batch_size)
        with torch.no_grad():
            log_p = self._get_per_token_logps_and_entropies(self.model, *read)[0]
            with self._reference() as reference:
                difference = log_p - self._get_per_token_logps_and_entropies(reference, *read)[0]
        written = batch["completion_mask"].to(log_p.dtype)
        groups = (*self._rewards.shape, -1)
        pull = self._objective.pull(self._rewards, difference.view(groups), written.view(groups), self._total)
        self._watch("kl", (k3(difference) * written).sum(dim=1))
        self._watch("dead_groups", (self._rewards.amax(dim=1) == self._rewards.amin(dim=1)).float())
        return {**batch, "advantages": pull.flatten(0, 1), "num_items_in_batch": torch.ones((), device=ids.device)}

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, attention_mask: Tensor, logits_to_keep: int, batch_size: int | None = None, **_: Any
    ) -> tuple[Tensor, Tensor, None]:
        """(B, T) log-probabilities of the completions' tokens, and the entropies where they were drawn; `input_ids` (B, W + T)."""
        model, shared = self.accelerator.unwrap_model(model), len(self._prefix)
        beginning = prefix_cache(model, self._prefix)
        log_probabilities, entropies = [], []
        for ids, mask in zip(*(torch.split(both, batch_size or len(both)) for both in (input_ids, attention_mask)), strict=True):
            places = mask.cumsum(dim=1) - 1
            own = (mask * (places >= shared))[:, shared:]  # prompts are padded on the left, so the cut leaves short ones some of the prefix
            logits = model(
                input_ids=ids[:, shared:],
                attention_mask=torch.cat([own.new_ones(len(ids), shared), own], dim=1),
                position_ids=places[:, shared:].clamp(min=0),
                past_key_values=repeated(beginning, len(ids)),
                use_cache=True,
                logits_to_keep=logits_to_keep + 1,
            ).logits[:, :-1]
            log_p = logits.float().log_softmax(dim=-1)
            log_probabilities.append(log_p.gather(2, ids[:, -logits_to_keep:, None])[..., 0])
            entropies.append(-(log_p.detach().exp() * log_p.detach()).sum(dim=-1))
        return torch.cat(log_probabilities), torch.cat(entropies), None

    def _watch(self, name: str, values: Tensor) -> None:
        """Into the log, as the mean over all processes."""
        self._metrics["train"][name].append(self.accelerator.reduce(values.mean(), "mean").item())

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the samples drawn so far and, of all that TRL measures, what says how RL goes."""
        if "loss" in logs:
            logs = {**logs, "samples": self.state.global_step * self.args.generation_batch_size}
        measured = self._metrics["train"]
        for name in set(measured) - set(WATCHED):
            del measured[name]
        super().log(logs, start_time)


class ContinuedTrainer(FromWarmUp, TargetTrainer):
    """The control: plain SFT from the warm-up on, on text → reasoning, marker, label."""

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Nothing is drawn."""
        super().log({**logs, "samples": 0} if "loss" in logs else logs, start_time)


def reinforce(model: Any, scheme: LabelScheme, rows: Mapping[str, Rows], rl: Rl, *, algorithm: Algorithm, run: Run) -> Any:
    """The policy after RL on `rows["train"]`, at its best accuracy after its own reasoning on `rows["validation"]`; `model` is the warm-up.

    `sft` is the control: as many steps of plain SFT on the same rows.

    Raises:
        NothingToLearnError: all draws were wrong from the start.
        InputError: `rl.vllm` where vLLM is not installed.
    """
    train_rows = rewardable(rows, scheme.labels)

    def measure(model: Any) -> dict[str, float]:
        return validate(model, reason(model, scheme, rows["validation"]).rows, scheme.trie)

    shared = {"callbacks": callbacks(rl), "optimizers": (optimizer(model, rl), None), "measure": measure}
    if algorithm == "sft":
        trainer = _continued(model, scheme, train_rows, rl, run, **shared)
    else:
        config = configuration(rl, run, scheme, train_rows, cpu=model.device.type == "cpu")
        trainer = OpenEndedTrainer(model, config, scheme=scheme, rows=train_rows, rl=rl, algorithm=algorithm, **shared)
    train(trainer, run)
    if trainer.is_world_process_zero():
        write_curve(trainer.state.log_history, [c for c in CURVE if algorithm != "sft" or c in CONTROLLED], run.curve)
    return trainer.best()


def configuration(rl: Rl, run: Run, scheme: LabelScheme, rows: Rows, *, cpu: bool) -> GRPOConfig:
    """One update follows each rollout, whole or in parts of at most `rl.batch_tokens`; KL and normalisation are not TRL's.

    Raises:
        InputError: `rl.vllm` where vLLM is not installed.
    """
    if rl.vllm and not is_vllm_available():
        raise InputError("rl.vllm: true needs vLLM, which is not installed; pip install vllm, or choose false")
    longest = scheme.reasoning + 1 + max(map(len, scheme.sequences))
    prompts = _prompts(rl, rows)
    share = prompts // processes() * rl.samples
    fitting = max(rl.batch_tokens // (max(len(row.ids) for row in rows.encoded) + longest), 1)
    part = max(size for size in range(1, share + 1) if share % size == 0 and size <= fitting)
    ours = {
        "per_device_train_batch_size": part,
        "per_device_eval_batch_size": rl.samples,
        "gradient_accumulation_steps": share // part,
        "num_generations": rl.samples,
        "max_completion_length": longest,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "loss_type": "dapo",
        "beta": 0.0,
        "disable_dropout": True,
        "use_vllm": rl.vllm,
    }
    config = GRPOConfig(**arguments(rl, run, _steps(rl, rows), cpu=cpu) | ours)
    config._n_gpu = min(config.n_gpu, 1)  # several would be wrapped in DataParallel, which TRL refuses
    return config


def _continued(model: Any, scheme: LabelScheme, rows: Rows, rl: Rl, run: Run, **kwargs: Any) -> ContinuedTrainer:
    disable_dropout_in_model(model)
    collator = TargetCollator(Reader(scheme.tokenizer, Unmerger(scheme.tokenizer, 0.0), scheme.prompt_tokens), rows.prefix, seed=run.seed)
    share = {"per_device_train_batch_size": _prompts(rl, rows) // processes(), "dataloader_drop_last": True}
    dataset = Targets.of(scheme, rows, rl.class_weights).dataset()
    return ContinuedTrainer(
        model,
        SFTConfig(**PREPARED, **arguments(rl, run, _steps(rl, rows), cpu=model.device.type == "cpu") | share),
        train_dataset=dataset,
        eval_dataset=dataset.select(range(1)),
        processing_class=scheme.tokenizer,
        data_collator=collator,
        **kwargs,
    )


def _prompts(rl: Rl, rows: Rows) -> int:
    """Of a step, a multiple of the processes."""
    return max(min(rl.batch_size, len(rows.gold)) // processes(), 1) * processes()


def _steps(rl: Rl, rows: Rows) -> int:
    return rl.epochs * (len(rows.gold) // _prompts(rl, rows))
