"""A tokenizer as the classifier needs it: a chat template that is the same every day, a padding token, and the token that ends a turn."""

import re
from typing import Any

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message.content }}{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)
"""For base models that come without a chat template: the token that texts begin with, if any, the prompt as it is, then the label."""
NOW = re.compile(r"strftime_now\([^()]*\)")
SOME_DAY = "'26 Jul 2024'"
"""In place of today's date, which some templates name: prompts must not differ from day to day. Llama's own for want of a clock."""
SENTINEL = "\x00"


def complete(tokenizer: Any) -> None:
    """Give a tokenizer what it lacks. Its end token becomes the one that its template puts after an answer, as instruct models write it:
    with Gemma and Phi-3 that is another one than the end of a document, which they hardly ever write after a label.
    """
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = ("{{ bos_token }}" if _begins(tokenizer) else "") + PLAIN_TEMPLATE
    templates = tokenizer.chat_template
    several = isinstance(templates, dict)
    tokenizer.chat_template = {k: NOW.sub(SOME_DAY, t) for k, t in templates.items()} if several else NOW.sub(SOME_DAY, templates)
    tokenizer.eos_token = _end_of_turn(tokenizer)


def _begins(tokenizer: Any) -> bool:
    """Whether it puts a begin token before every text, without which such a model has never seen one."""
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]


def _end_of_turn(tokenizer: Any) -> str:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": SENTINEL}]
    _, _, after = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(SENTINEL)
    special: dict[int, str] = {id: token.content for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    ends = (special[id] for id in tokenizer(after, add_special_tokens=False)["input_ids"] if id in special)
    return next(ends, str(tokenizer.eos_token))
