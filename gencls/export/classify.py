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
    """Token ids of a prompt; texts that are too long, the row's or an example's, lose their middle."""
    segments = [(kind, text if i == QUESTION["row"] else own) for i, (kind, own) in enumerate(QUESTION["segments"])]
    content = "".join(own for _, own in segments)
    encoding, texts, end = tokenizer.encode(content, add_special_tokens=False), [], 0
    for kind, own in segments:
        start, end = end, end + len(own)
        if kind == "text":
            texts.append([i for i, place in enumerate(encoding.offsets) if inside(place, content, start, end)])
    room = QUESTION["longest"] - len(QUESTION["head"]) - len(QUESTION["tail"]) - len(encoding.ids) + sum(map(len, texts))
    cut: set[int] = set()
    for tokens, kept in zip(texts, shares(list(map(len, texts)), room), strict=True):
        cut.update(tokens[kept - kept // 2 : len(tokens) - kept // 2])
    return [*QUESTION["head"], *(id for i, id in enumerate(encoding.ids) if i not in cut), *QUESTION["tail"]]


def inside(place: tuple[int, int], content: str, start: int, end: int) -> bool:
    """Whether a token belongs to the text from `start` to `end`; of what stands before it, it may take white space."""
    first, last = place
    return first < end and last <= end and (first >= start or (last > start and content[first:start].isspace()))


def shares(lengths: list[int], room: int) -> list[int]:
    """Tokens that each text may keep: short ones whole, the long ones an equal share of what is left."""
    if sum(lengths) <= room:
        return lengths
    cap, left = 0, room
    for i, length in enumerate(sorted(lengths)):
        cap = left // (len(lengths) - i)
        if length > cap:
            break
        left -= length
    return [min(length, cap) for length in lengths]


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
