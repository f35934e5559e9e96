"""Loading and saving: any causal language model by hub id or folder, with or without LoRA. Safetensors only, remote code off.

A model folder is what transformers writes, with `gencls.json` beside the weights: what the classifier needs to know besides them.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import torch
from huggingface_hub import hf_hub_download
from safetensors import SafetensorError
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    MODEL_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    DynamicCache,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.cache_utils import LinearAttentionCacheLayerMixin
from transformers.modeling_layers import GenericForSequenceClassification
from transformers.utils import logging
from transformers.utils.logging import disable_progress_bar

from gencls.chat import complete
from gencls.errors import InputError
from gencls.onednn import faster
from gencls.params import Lora, Model

POINTER = "pointer.json"
"""In models/base/<ds> of a hub base or a local folder: where the weights are, and at which commit."""
CARD = "gencls.json"
WEIGHTS = (".safetensors",)
READ = (*WEIGHTS, ".json", ".jinja", ".txt", ".model")
"""Endings of what loading reads: tokenizer, template and configuration too."""


class Pointer(TypedDict):
    """Where weights are; `commit` of a hub id, None for a folder."""

    base: str
    commit: str | None
    files: NotRequired[str]
    """Digest of those of a folder."""


class ModelError(InputError):
    """A model cannot be had or cannot be used; the message names it and what to do."""


def device(name: str) -> torch.device:
    """`auto` takes the GPU if there is one.

    Raises:
        ModelError: `cuda` where there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("model.device: got 'cuda', but there is no GPU that torch can use; choices: auto, cpu")
    return torch.device(name)


def load(folder: Path, model: Model, *, trainable: bool = False, seed: int = 0) -> tuple[Any, Any]:
    """(model, tokenizer) from models/base/<ds> or a trained folder, on the device that `model` asks for.

    `trainable` adds LoRA adapters where `model.lora` asks for them, drawn from `seed`.
    """
    return load_pointer(unchanged(folder), model, trainable=trainable, seed=seed)


def load_pointer(pointer: Pointer, model: Model, *, trainable: bool = False, seed: int = 0) -> tuple[Any, Any]:
    """`load`, from where a pointer points.

    Raises:
        ModelError: there is no causal language model, or it is damaged, or of a kind that cannot be scored, or `model.max_length` is more
            than it reads.
    """
    disable_progress_bar()  # a bar redrawn in place is noise in a log
    source, revision = pointer["base"], pointer["commit"]
    tokenizer = load_tokenizer(source, revision)
    with _readable(source):
        network = AutoModelForCausalLM.from_pretrained(
            source, revision=revision, dtype=getattr(torch, model.dtype), use_safetensors=True, trust_remote_code=False
        )
    special = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    network.generation_config = GenerationConfig(**special)
    _check_reading(source, network.config.get_text_config(), model.max_length)
    if trainable and model.lora is not None:
        torch.manual_seed(seed)
        network = add_lora(network, model.lora)
    return faster(network).to(device(model.device)), tokenizer


@contextmanager
def _readable(source: str | Path) -> Iterator[None]:
    """Files that are missing, damaged or of another kind, in one sentence."""
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"{source}: no causal language model with its tokenizer that can be read from safetensors: {error}") from error


def _check_reading(source: str, config: PreTrainedConfig, max_length: int) -> None:
    """Raise `ModelError` where a prompt cannot be read once for all labels, or not to its end."""
    if odd := {type(layer).__name__ for layer in DynamicCache(config=config).layers if isinstance(layer, LinearAttentionCacheLayerMixin)}:
        raise ModelError(
            f"model.base {source}: {config.model_type} has layers that keep a state, not keys and values ({', '.join(sorted(odd))}), so a "
            "prompt cannot be read once for all labels; choose a base of attention layers alone"
        )
    window = getattr(config, "sliding_window", None)
    slides = "sliding_attention" in (getattr(config, "layer_types", None) or ["sliding_attention"])
    if window and slides and max_length > window:
        raise ModelError(f"model.max_length: got {max_length}, but layers of {source} look back {window} tokens only; say at most {window}")
    places = getattr(config, "max_position_embeddings", None)
    if places and max_length > places and not getattr(config, "rope_parameters", None):
        raise ModelError(f"model.max_length: got {max_length}, but {source} has {places} positions; say at most {places}")


def load_classifier(folder: Path, model: Model, *, labels: int, seed: int) -> tuple[Any, Any]:
    """(network with a fresh linear head over `labels` classes, tokenizer) from models/base/<ds>, to be trained as `load` would.

    The head is drawn from `seed`; with LoRA it is trained whole beside the adapters.

    Raises:
        ModelError: the weights of the base are not all found in the classifier, which would leave random ones in their place.
    """
    disable_progress_bar()
    pointer = unchanged(folder)
    source, revision = pointer["base"], pointer["commit"]
    tokenizer = load_tokenizer(source, revision)
    config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    torch.manual_seed(seed)
    with _readable(source), _silence():  # the report of what was not found, which is read here
        network, found = _classifier_class(config).from_pretrained(
            source,
            revision=revision,
            num_labels=labels,
            problem_type="single_label_classification",
            dtype=getattr(torch, model.dtype),
            use_safetensors=True,
            output_loading_info=True,
        )
    if missing := sorted(name for name in found["missing_keys"] if name.startswith(f"{network.base_model_prefix}.")):
        raise ModelError(f"model.base {source}: {type(network).__name__} does not find {', '.join(missing[:3])} in its weights")
    text_config = network.config.get_text_config()
    text_config.pad_token_id, text_config.use_cache = tokenizer.pad_token_id, False
    if model.lora is not None:
        network = add_lora(network, model.lora, "SEQ_CLS")
    return faster(network).to(device(model.device)), tokenizer


def _classifier_class(config: PreTrainedConfig) -> Any:
    """transformers' own class where the architecture has one; else the same head on the architecture's body.

    Raises:
        ModelError: transformers does not know the body apart from its language-model head.
    """
    if type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        return MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
    if type(config) not in MODEL_MAPPING:
        raise ModelError(f"model.base: transformers has no body to put a classification head on for {type(config).__name__}")
    pretrained = MODEL_MAPPING[type(config)].__base__
    bases = (GenericForSequenceClassification, pretrained)
    return type("BodyForSequenceClassification", bases, {"base_model_prefix": pretrained.base_model_prefix})


@contextmanager
def _silence() -> Iterator[None]:
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def load_tokenizer(source: str | Path, revision: str | None = None) -> Any:
    """A fast tokenizer that pads on the left, `complete`.

    Raises:
        ModelError: there is none that can be read, or it has no end token.
    """
    with _readable(source):
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision, padding_side="left", trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        raise ModelError(f"model.base {source}: its tokenizer has no end token (eos_token), so no answer could ever end")
    ends = None
    with suppress(OSError):  # a folder need not have one
        ends = GenerationConfig.from_pretrained(source, revision=revision).eos_token_id
    complete(tokenizer, ends if isinstance(ends, list) else [] if ends is None else [ends])
    return tokenizer


def pointer_of(folder: Path) -> Pointer:
    """Where the weights of models/base/<ds> or of a trained folder are: there, unless it holds a pointer."""
    file = folder / POINTER
    if not file.exists():
        return {"base": str(folder), "commit": None}
    content: Pointer = json.loads(file.read_text(encoding="utf-8"))
    return content


def unchanged(folder: Path) -> Pointer:
    """`pointer_of`, for loading: DVC does not watch the folder of a local base.

    By content, as long as that takes: times differ between copies of the same weights, and DVC shares the pointer between machines.

    Raises:
        ModelError: they are others than those that the stage base found.
    """
    pointer = pointer_of(folder)
    if "files" in pointer and digest(Path(pointer["base"]), READ) != pointer["files"]:
        raise ModelError(
            f"model.base {pointer['base']!r}: its files have changed since the stage base ran; `dvc repro -f base@{folder.name}` takes "
            "the new ones, and `dvc repro` then trains again what was trained on the old ones"
        )
    return pointer


def resolve(model: Model, *, key: str = "model.base") -> Pointer:
    """The pointer to a local folder, or to a hub id with the commit that `revision` means now; fetches the configuration only.

    `key` is where `model.base` stands in params.yaml.

    Raises:
        ModelError: there is no such model, or the folder has no safetensors weights; whether a hub id has any is seen when it is loaded.
    """
    if Path(model.base).is_dir():
        if not list(Path(model.base).glob("*.safetensors")):
            raise ModelError(f"{key} {model.base!r} holds no *.safetensors file; other weight formats can run code and are not read")
        return {"base": model.base, "commit": None, "files": digest(Path(model.base), READ)}
    try:
        config = hf_hub_download(model.base, "config.json", revision=model.revision)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{key} {model.base!r} (revision {model.revision}) is neither a folder nor a hub id that can be had: {error}"
        ) from error
    return {"base": model.base, "commit": Path(config).parent.name}  # the client keeps files under snapshots/<commit>/


def add_lora(network: PreTrainedModel, lora: Lora, task: str = "CAUSAL_LM") -> Any:
    """Wrap in peft's LoRA; `task` is peft's name of what the network does."""
    from peft import LoraConfig, get_peft_model

    return get_peft_model(
        network,
        LoraConfig(r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=lora.targets, task_type=task),
    )


def save(network: Any, tokenizer: Any, folder: Path, card: dict[str, Any]) -> None:
    """Write weights (adapters merged), tokenizer and card; the same model gives the same bytes."""
    from peft import PeftModel

    whole = network.merge_and_unload() if isinstance(network, PeftModel) else network
    whole.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / CARD).write_text(json.dumps({"version": 1, **card}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def digest(folder: Path, endings: Sequence[str] = WEIGHTS) -> str:
    """sha256 of a saved model's files with these endings, read piece by piece: one may be larger than memory."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.glob("*") if path.suffix in endings):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def card(folder: Path) -> dict[str, Any]:
    """What `save` wrote beside the weights."""
    content: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return content
