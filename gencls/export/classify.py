"""Labels for the lines of standard input, with onnxruntime and tokenizers alone: `python classify.py < texts`. One JSON object a line."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

FOLDER = Path(__file__).parent
QUESTION = json.loads((FOLDER / "question.json").read_text(encoding="utf-8"))


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of a prompt; what is too long loses the middle of its text."""
    before, after = QUESTION["before"], QUESTION["after"]
    encoding = tokenizer.encode(before + text + after, add_special_tokens=False)
    ids, ends = encoding.ids, (len(before), len(before + text))
    inside = [i for i, (start, end) in enumerate(encoding.offsets) if end > ends[0] and start < ends[1] and end <= ends[1]]
    room = QUESTION["longest"] - len(QUESTION["head"]) - len(QUESTION["tail"]) - (len(ids) - len(inside))
    if len(inside) > room:
        cut = inside[room - room // 2 : len(inside) - room // 2]
        ids = ids[: cut[0]] + ids[cut[-1] + 1 :]
    return [*QUESTION["head"], *ids, *QUESTION["tail"]]


def main() -> None:
    """Read, ask, print."""
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # in a text they are plain characters
    session = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"])
    for line in sys.stdin:
        prompt = np.array([encode(tokenizer, line.rstrip("\n"))], dtype=np.int64)
        _, probabilities, answers = session.run(None, {"input_ids": prompt, "lengths": np.array([prompt.shape[1]])})
        answer = int(answers[0])
        label = QUESTION["labels"][answer] if answer >= 0 else None
        confidence = float(probabilities[0, answer]) if label is not None else 0.0
        abstained = label is None or confidence < (QUESTION["threshold"] or 0.0)
        print(json.dumps({"label": label, "confidence": round(confidence, 6), "abstained": abstained}, ensure_ascii=False))


if __name__ == "__main__":
    main()
