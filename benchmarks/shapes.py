"""Models of the benchmarks' shapes, with random weights, and prompts of random tokens: what is measured is arithmetic, not accuracy."""

from typing import Any

import numpy as np

END = 1
"""Token that ends a turn; 0 pads, and no prompt or label holds either."""
WIDTHS = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size")
SHAPES = {
    "10 M": (32_000, 256, 3, 4, 2, 688),
    "100 M": (32_000, 768, 12, 12, 6, 2048),
    "tiny": (500, 32, 2, 4, 2, 48),
}
"""Qwen2-like decoders by their number of parameters, of which the tied embedding is 8 and 25 M. `tiny` is for smoke runs."""
BUILTIN = "builtin"


def build(shape: str, *, plain: bool = False) -> Any:
    """A decoder of that shape in eval mode, float32, on the GPU if there is one; the same weights each time.

    It multiplies as what `gencls.models.load` loads; `plain` as what transformers loads, for the peers.
    """
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    from gencls.onednn import faster

    torch.manual_seed(0)
    if shape == BUILTIN:
        model = _builtin()
    else:
        widths = dict(zip(WIDTHS, SHAPES[shape], strict=True))
        config = Qwen2Config(
            **widths, tie_word_embeddings=True, max_position_embeddings=4096, pad_token_id=0, bos_token_id=None, eos_token_id=END
        )
        model = AutoModelForCausalLM.from_config(config)
    made = transformers_own(model) if plain else faster(model)
    return made.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def transformers_own(model: Any) -> Any:
    """The same model with torch's own products, as it is without gencls."""
    from torch import nn

    from gencls.onednn import OneDnnLinear

    for module in model.modules():
        if type(module) is OneDnnLinear:
            module.__class__ = nn.Linear
    return model


def _builtin() -> Any:
    """gencls' own base; its tokenizer is trained on nothing, for only the number of its tokens counts."""
    from gencls import base
    from gencls.params import Base

    class Tokens:
        pad_token_id, bos_token_id, eos_token_id = 0, None, END

        def __len__(self) -> int:
            return vocabulary(BUILTIN)

    return base.build(Tokens(), Base(), max_length=2048)


def vocabulary(shape: str) -> int:
    """Tokens that a shape knows."""
    from gencls.params import Base

    return Base().vocab_size if shape == BUILTIN else SHAPES[shape][0]


def word_tokenizer(vocabulary: int) -> Any:
    """A tokenizer for which token i is the word `<i>`."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({f"<{i}>": i for i in range(vocabulary)}, unk_token="<0>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<0>", eos_token=f"<{END}>", padding_side="left")


def tokens(rng: np.random.Generator, count: int, vocabulary: int) -> list[int]:
    """Random ids, none of them special."""
    return [int(token) for token in rng.integers(2, vocabulary, size=count)]
