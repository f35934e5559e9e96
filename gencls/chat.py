"""A tokenizer as the classifier needs it: a chat template that is the same every day, a padding token, and the token that ends a turn."""

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message.content }}{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)
"""For base models that come without a chat template: the token that texts begin with, if any, the prompt as it is, then the label."""
NOW = re.compile(r"strftime_now\([^()]*\)")
SOME_DAY = "'26 Jul 2024'"
"""In place of today's date, which some templates name: prompts must not differ from day to day. Llama's own for want of a clock."""
SENTINEL = "\x00"
"""Stands for a content whose place in the template is wanted."""


def complete(tokenizer: Any, ends: Sequence[int]) -> None:
    """Give a tokenizer what it lacks.

    Args:
        ends: tokens that end what the model generates, as its generation config says. Instruct models such as Gemma's end an answer with
            another token than a document; where the one that the template puts after an answer is among them, it becomes the end token.
    """
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = ("{{ bos_token }}" if _begins(tokenizer) else "") + PLAIN_TEMPLATE
    templates = tokenizer.chat_template
    several = isinstance(templates, dict)
    tokenizer.chat_template = {k: NOW.sub(SOME_DAY, t) for k, t in templates.items()} if several else NOW.sub(SOME_DAY, templates)
    if (end := _after_an_answer(tokenizer)) is not None and end in ends:
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)


def _begins(tokenizer: Any) -> bool:
    """Whether it puts a begin token before every text, without which such a model has never seen one."""
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]


def _after_an_answer(tokenizer: Any) -> int | None:
    """The first special token there; None where the template puts none, or shows no answers."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": SENTINEL}]
    try:
        _, found, after = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(SENTINEL)
    except TemplateError:
        return None
    special = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    return next((id for id in tokenizer(after, add_special_tokens=False)["input_ids"] if id in special), None) if found else None
