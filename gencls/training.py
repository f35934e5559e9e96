"""What the training loops (base, head, sft, rl) share around transformers' Trainer: quiet settings, progress, curves, resuming."""

import csv
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils.logging import disable_progress_bar

from gencls.errors import InputError
from gencls.params import ClassWeights, Train
from gencls.progress import Ticker, say

TIE_BREAK = 1e-6
"""Weight of the validation loss among checkpoints of one accuracy: far below one row in any validation split."""


@dataclass(frozen=True)
class Run:
    """Where a training run draws its random numbers from and leaves its traces.

    Attributes:
        scratch: folder for checkpoints; a killed run goes on from the last one there.
        curve: csv of the learning curve, written at the end.
    """

    seed: int
    scratch: Path
    curve: Path


def row_weights(gold: Sequence[int], class_weights: ClassWeights) -> list[float]:
    """Weight of each row's loss, mean 1: equal, or by the inverse frequency of its class, so that each class weighs the same."""
    if class_weights == "none":
        return [1.0] * len(gold)
    counts = Counter(gold)
    return [len(gold) / (len(counts) * counts[label]) for label in gold]


def settings(run: Run, *, cpu: bool) -> dict[str, Any]:
    """Arguments that every run has: one seed, checkpoints per epoch in the scratch folder, no tracker, no bar."""
    return {
        "output_dir": str(run.scratch),
        "seed": run.seed,
        "data_seed": run.seed,
        "use_cpu": cpu,
        "bf16": False,
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "logging_strategy": "epoch",
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": "none",
        "remove_unused_columns": False,
        "activation_checkpointing": False,
        "dataloader_pin_memory": not cpu,
    }


def optimisation(section: Train) -> dict[str, Any]:
    """Arguments that a section of params.yaml decides; the checkpoint kept is the one with the best `score` on validation."""
    return {
        "num_train_epochs": section.epochs,
        "per_device_train_batch_size": section.batch_size,
        "learning_rate": section.lr,
        "weight_decay": section.weight_decay,
        "lr_scheduler_type": "cosine",
        "warmup_steps": section.warmup,
        "eval_strategy": "epoch",
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_score",
        "greater_is_better": True,
    }


class Validated:
    """Mixin before a Trainer: evaluating is `measure(model)`, of which `score` decides which checkpoint is the best."""

    def __init__(self, *args: Any, measure: Callable[[Any], dict[str, float]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._measure = measure

    def evaluate(self: Any, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """What `measure` gives, logged; the arguments are Trainer's and play no part."""
        metrics = {f"eval_{name}": value for name, value in self._measure(self.model).items()}
        self.model.train()
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def train(trainer: Trainer, run: Run) -> None:
    """Train to the end, from the last checkpoint if a run was killed.

    Raises:
        InputError: training diverged.
    """
    disable_progress_bar()
    trainer.args._n_gpu = min(trainer.args.n_gpu, 1)  # several would be wrapped in DataParallel, which hides the model's config
    trainer.model._keys_to_ignore_on_save = _tied(trainer.model)  # else Trainer warns that a checkpoint lacks what tying makes again
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Progress())
    trainer.add_callback(Divergence())
    trainer.train(resume_from_checkpoint=_last_whole_checkpoint(run.scratch))


def _last_whole_checkpoint(scratch: Path) -> str | None:
    """The newest checkpoint whose last file was written; what a kill left half written is removed."""
    for folder in scratch.glob("checkpoint-*"):
        if not (folder / "trainer_state.json").exists():
            shutil.rmtree(folder)
    return get_last_checkpoint(str(scratch)) if scratch.is_dir() else None


def _tied(model: Any) -> list[str]:
    """Weights that are another weight's alias and so stand in no checkpoint."""
    return list(model._tied_weights_keys or []) if model.config.tie_word_embeddings else []


class Progress(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """A plain line now and then: `step 120/500, epoch 1.2, 1:20 left`."""

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Counts from here, also after a resume."""
        self._ticker = Ticker("step", state.max_steps, state.global_step)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """A step is done."""
        self._ticker.at(state.global_step, f", epoch {state.epoch or 0:.1f}")

    def on_log(self, args: Any, state: TrainerState, control: TrainerControl, logs: Any = None, **kwargs: Any) -> None:
        """What the trainer measured."""
        shown = {
            key: value
            for key, value in (logs or {}).items()
            if isinstance(value, float) and not key.startswith(("eval_runtime", "eval_score", "train_"))
        }
        if shown:
            say(", ".join(f"{key} {value:.4g}" for key, value in shown.items()))


class Divergence(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Ends a run whose numbers are none any more: it would go on to its end, and its answers would all be the first label."""

    def on_log(self, args: Any, state: TrainerState, control: TrainerControl, logs: Any = None, **kwargs: Any) -> None:
        """What the trainer measured."""
        for key in ("loss", "eval_score"):
            if not math.isfinite(value := (logs or {}).get(key, 0.0)):
                raise InputError(
                    f"training diverged: {key} {value} at step {state.global_step}; lower its `lr`, which is {args.learning_rate:g}"
                )


class EpochCounter(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells a collator which epoch it is in, also after a resume."""

    def __init__(self, collator: Any) -> None:
        self._collator = collator

    def on_epoch_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """`state.epoch` is a whole number here up to rounding."""
        self._collator.epoch = round(state.epoch or 0)


class EvaluateAtEnd(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Trainer saves after the last step; this measures what it saves, whatever `eval_steps` is."""

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """A step is done."""
        if state.global_step >= state.max_steps:
            control.should_log = control.should_evaluate = True


class Patience(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Stops after `evaluations` in a row that are no better than the best before them, the one at the start included.

    It reads the log, which checkpoints hold, so a resumed run stops where the undisturbed one would; a resumed run evaluates once more
    at the step it goes on from, hence the steps and not the entries are counted.
    """

    def __init__(self, evaluations: int) -> None:
        self._evaluations = evaluations

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """A measure was taken."""
        scores = {entry["step"]: entry["eval_score"] for entry in state.log_history if "eval_score" in entry}
        best = max(scores, key=lambda step: (scores[step], -step))
        if sum(step > best for step in scores) >= self._evaluations:
            say(f"no better on validation than at step {best} for {self._evaluations} evaluations: stopped early")
            control.should_training_stop = True


def write_curve(history: Iterable[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    """A Trainer's log history as a csv, one row a step that has all columns; six digits, stable bytes.

    `columns` are keys of the log; `eval_` becomes `validation_` and a plain `loss` `train_loss`.
    """
    steps: dict[int, dict[str, Any]] = {}
    for entry in history:
        steps.setdefault(entry["step"], {}).update(entry)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.replace("eval_", "validation_") for column in columns])
        for _, entry in sorted(steps.items()):
            if all(column in entry for column in columns):
                writer.writerow([f"{entry[c]:.6g}" for c in columns])
