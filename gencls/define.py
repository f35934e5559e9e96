"""Definitions of the categories, one line per label, where a data set brings none.

GenCLS++ asked an LLM (GPT-4o) to explain each class label; what it was asked is unknown. An instruct base is asked here with a few training
texts of the class. The builtin base can explain nothing, so for it the definition is the class's most telling words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

QUESTION = {
    "en": 'These texts carry the label "{label}":\n{texts}\n\nExplain in one short sentence what the label "{label}" means.',
    "zh": "以下文本的类别是“{label}”：\n{texts}\n\n请用一句话说明类别“{label}”的含义。",
}
SHOWN = 5
"""Training texts of a class that the model sees."""
CUT = 200
"""Characters of each."""
THINKS = "<think>"
"""What reasoning models begin with."""


def telling_words(texts: Sequence[str], labels: Sequence[str], *, words: int, language: str) -> dict[str, str]:
    """Label → its `words` most telling words, most telling first, for every label that occurs in texts with words.

    A word's weight is its log-odds in the class against the rest, with the informative Dirichlet prior of Monroe et al. 2008 ("Fightin'
    Words", eq. 22), so that a rare word does not win by chance. In Chinese pairs of characters stand for words.
    """
    vectorizer = (
        CountVectorizer(analyzer="char", ngram_range=(2, 2)) if language == "zh" else CountVectorizer(token_pattern=r"[^\W\d_]{2,}")
    )
    tokens = vectorizer.build_analyzer()
    if not any(map(tokens, texts)):  # numbers, or symbols alone: scikit-learn calls that an error
        return {}
    counts = vectorizer.fit_transform(texts)
    vocabulary = vectorizer.get_feature_names_out()
    prior = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    names = np.asarray(labels, dtype=object)
    found = {}
    for label in sorted(set(labels)):
        inside = np.asarray(counts[names == label].sum(axis=0), dtype=np.float64).ravel()
        score = _log_odds(inside, prior - inside, prior)
        order = [i for i in np.argsort(-score, kind="stable")[:words] if inside[i] > 0]
        if order:
            found[label] = ("、" if language == "zh" else ", ").join(vocabulary[order])
    return found


def _log_odds(inside: np.ndarray, outside: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """z-scores; the prior has the weight of a tenth of the corpus."""
    alpha = prior / 10
    total = alpha.sum()
    a, b = inside + alpha, outside + alpha
    odds = np.log(a / np.maximum(inside.sum() + total - a, 1e-9)) - np.log(b / np.maximum(outside.sum() + total - b, 1e-9))
    z: np.ndarray = odds / np.sqrt(1 / a + 1 / b)
    return z


def ask(model: Any, tokenizer: Any, shown: Mapping[str, Sequence[str]], *, language: str, max_new_tokens: int = 60) -> dict[str, str]:
    """Label → the first line of what an instruct model answers, greedily, when it is shown training texts of the label (`shown`).

    It is to answer without thinking aloud first.
    """
    import torch  # the words above need none

    answers = {}
    for label, texts in shown.items():
        listed = "\n".join(f"- {' '.join(text.split())[:CUT]}" for text in texts[:SHOWN])
        turn = [{"role": "user", "content": QUESTION[language].format(label=label, texts=listed)}]
        inputs = tokenizer.apply_chat_template(
            turn, add_generation_prompt=True, enable_thinking=False, return_dict=True, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            out = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        if tokenizer.decode(inputs["input_ids"][0]).rstrip().endswith(THINKS):
            answers[label] = label
            continue
        answers[label] = first_line(tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True), label)
    return answers


def first_line(answer: str, label: str) -> str:
    """Of an answer; the label where it says nothing, or thinks aloud all the same."""
    said = answer.strip()
    return said.splitlines()[0].strip() if said and not said.startswith(THINKS) else label
