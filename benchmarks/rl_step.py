"""One optimiser step of GRPO: our closed-set trainer against TRL's stock GRPOTrainer, on the same model, rows and group size.

Both take 8 prompts with 8 samples each, a KL to the starting weights and AdamW; TRL's completions end at the longest label. Its defaults
for GPUs are off (bfloat16, activation checkpointing), which on a CPU only cost time. Weights are random, which changes nothing in what is
computed but that no completion of TRL's ends early; labels are three tokens or so apart from that.

Each measurement is a process of its own. Seconds are medians over all its steps but the first, which allocates: of four steps with the
builtin base, and one of the larger model, a step of which takes TRL twenty seconds.
Memory is a process's peak above that of one which makes the same model and rows and trains nothing.
"""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bundles import tokenizer_of
from benchmarks.harness import Result, in_child, main, process_peak_mb
from benchmarks.shapes import transformers_own

FLOOR = 10.0
"""Times faster than TRL that is asked for."""
SAMPLES = 8
KL = 0.04
LEARNING_RATE = 1e-5
DROPPED = 1
"""First steps of a process, which allocate."""
IMPORTED = ["gencls.base", "gencls.rl.closed_set", "gencls.sources", "trl.trainer.grpo_trainer"]


@dataclass(frozen=True)
class Shape:
    """A model and how long it is measured."""

    name: str
    prompts: int = 8
    steps: int = 5


SHAPES = [Shape("builtin base"), Shape("Qwen2-like, 10 M parameters, vocabulary of 32,000", steps=2)]
SMOKE = [Shape("smoke", prompts=2, steps=2)]


@dataclass(frozen=True)
class Task:
    """What both sides train: texts as messages for TRL, as token ids for ours."""

    model: Any
    scheme: Any
    rendered: list[Any]


def task(shape: Shape) -> Task:
    """The same for every process: everything is drawn from one seed."""
    import torch

    from gencls.params import BuiltinDataSet, Strategy
    from gencls.prompts import Prompt, Renderer
    from gencls.scheme import LabelScheme
    from gencls.sources import read

    frame = read(BuiltinDataSet(source="builtin"), Path(), seed=7)["train"]
    labels = sorted(set(frame["label"]))
    written = {label: label for label in labels}
    tokenizer = tokenizer_of(frame["text"], written, 2000)
    scheme = LabelScheme.build(tokenizer, written, 384)
    renderer = Renderer(Strategy(), written)
    rows = frame.head(shape.prompts * shape.steps).itertuples()
    torch.manual_seed(0)
    return Task(network(shape, tokenizer), scheme, [Prompt(row.id, renderer.segments(row.text), row.label) for row in rows])


def network(shape: Shape, tokenizer: Any) -> Any:
    """Random weights."""
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    from gencls.base import build
    from gencls.params import Base

    if shape.name.startswith("Qwen2"):
        ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
        sizes = {"hidden_size": 192, "intermediate_size": 768, "num_hidden_layers": 7, "num_attention_heads": 6, "num_key_value_heads": 2}
        model = Qwen2ForCausalLM(Qwen2Config(vocab_size=32_000, **sizes, **ids, tie_word_embeddings=True))
    else:
        model = build(tokenizer, Base(dropout=0.0, **({"width": 48} if shape.name == "smoke" else {})), max_length=384)
    model = transformers_own(model)
    model.generation_config = GenerationConfig(pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id)
    return model


def common(folder: str, batch: int) -> dict[str, Any]:
    """Arguments of both trainers."""
    return {
        "output_dir": folder,
        "num_train_epochs": 1,
        "per_device_train_batch_size": batch,
        "learning_rate": LEARNING_RATE,
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
        "report_to": "none",
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "seed": 7,
    }


def ours(shape: Shape, work: Task, folder: str) -> Any:
    """Our trainer, ready to train."""
    from transformers import TrainingArguments

    from gencls.onednn import faster
    from gencls.params import Rl
    from gencls.rl.closed_set import ClosedSetTrainer

    return ClosedSetTrainer(
        faster(work.model),
        TrainingArguments(**common(folder, shape.prompts), eval_strategy="no", eval_steps=1),
        measure=lambda model: {},
        scheme=work.scheme,
        rows=work.scheme.encode(work.rendered),
        rl=Rl(samples=SAMPLES, kl=KL, batch_size=shape.prompts),
        algorithm="grpo",
    )


def peer(shape: Shape, work: Task, folder: str) -> Any:
    """TRL's, ready to train."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from gencls.metrics import correct

    def reward(completions: list[Any], label: list[str], **_: Any) -> list[float]:
        return [1.0 if correct(message[0]["content"].strip(), gold) else -1.0 for message, gold in zip(completions, label, strict=True)]

    work.model.save_pretrained(f"{folder}/start")
    work.model.config._name_or_path = f"{folder}/start"  # from where TRL loads its reference
    messages = [[{"role": "user", "content": prompt.content}] for prompt in work.rendered]
    config = GRPOConfig(
        **common(folder, shape.prompts * SAMPLES),
        num_generations=SAMPLES,
        max_completion_length=max(len(sequence) for sequence in work.scheme.sequences),
        beta=KL,
        loss_type="grpo",
        activation_checkpointing=False,
    )
    dataset = Dataset.from_dict({"prompt": messages, "label": [prompt.label for prompt in work.rendered]})
    return GRPOTrainer(work.model, reward, config, dataset, processing_class=work.scheme.tokenizer)


def measure(side: str, shape: Shape) -> tuple[float, float]:
    """Runs in a process of its own: (median seconds of a counted step, MB at its peak); of `nothing`, only the latter."""
    from transformers import PrinterCallback, TrainerCallback
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    took: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            self.start = time.perf_counter()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            took.append(time.perf_counter() - self.start)

    work = task(shape)
    if side != "nothing":
        with tempfile.TemporaryDirectory() as folder:
            trainer = {"ours": ours, "peer": peer}[side](shape, work, folder)
            trainer.remove_callback(PrinterCallback)
            trainer.add_callback(Clock())
            trainer.train()
    return statistics.median(took[DROPPED:] or [0.0]), process_peak_mb()


def compare(shape: Shape) -> Result:
    """Both sides, and a process that trains nothing, which is what their memory is measured from."""
    measured = {side: in_child(measure, side, shape, imported=IMPORTED) for side in ("nothing", "ours", "peer")}
    (ours_s, ours_mb), (peer_s, peer_mb) = measured["ours"], measured["peer"]
    at_rest = measured["nothing"][1]
    name = f"{shape.name}, {shape.prompts} prompts x {SAMPLES} samples"
    memory = (ours_mb - at_rest, peer_mb - at_rest)
    return Result("RL step", name, ours_s, "TRL's GRPOTrainer", peer_s, FLOOR, f"{FLOOR:g}x faster", *memory, memory_floor=1)


def run(smoke: bool) -> list[Result]:
    """Two shapes."""
    return [compare(shape) for shape in (SMOKE if smoke else SHAPES)]


if __name__ == "__main__":
    main(run)
