"""The one renderer: a row under a strategy becomes a prompt, for SFT, RL and inference alike. No torch here.

A prompt is a list of segments. `fixed` ones (instruction, label list, labels of examples) are never cut; `text` ones (the row's text and
the examples' texts) lose their middle when the model cannot read them whole. What is the same for every row comes first, so that its
keys and values can be computed once. GenCLS++'s own templates are unknown; these are ours.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Segment = tuple[Literal["fixed", "text"], str]
Example = tuple[str, str]
"""Text and label."""


@dataclass(frozen=True)
class Template:
    """Wording of a prompt in one language."""

    instruction: str
    labels: str
    separator: str
    text: str
    label: str


TEMPLATES = {
    "en": Template("Classify the text. Answer with one label.", "Labels: ", ", ", "Text: ", "Label:"),
    "zh": Template("请对文本分类，只回答一个类别。", "类别：", "、", "文本：", "类别："),
}
REWORDED = {
    "en": replace(
        TEMPLATES["en"], instruction="Which label fits the text best? Write it and nothing else.", labels="Choose from: ", label="Answer:"
    ),
    "zh": replace(TEMPLATES["zh"], instruction="下面的文本最符合哪个类别？只写出该类别。", labels="可选类别：", label="答案："),
}
"""The same said differently: where one model has to stand for two (`mine`), what it believes should not hang on a wording."""


@dataclass(frozen=True)
class Prompt:
    """One rendered row."""

    id: str
    segments: list[Segment]
    label: str

    @property
    def content(self) -> str:
        """The user's message."""
        return "".join(text for _, text in self.segments)

    @property
    def text(self) -> str:
        """The row's own text, which stands after the examples."""
        return next(text for kind, text in reversed(self.segments) if kind == "text")


@dataclass(frozen=True)
class Renderer:
    """Turns texts into segments.

    Attributes:
        labels: label names in the order of the label list.
        language: key of `TEMPLATES`.
        reworded: whether the prompt is put in the other words, `REWORDED`.
    """

    labels: Sequence[str]
    language: str = "en"
    reworded: bool = False

    def segments(self, text: str, examples: Iterable[Example] = ()) -> list[Segment]:
        """Segments of one prompt; `examples` stand before the text in the order given."""
        t = (REWORDED if self.reworded else TEMPLATES)[self.language]
        head = f"{t.instruction}\n{t.labels}{t.separator.join(self.labels)}\n\n"
        segments: list[Segment] = [("fixed", head)]
        for example, label in examples:
            segments += [("fixed", t.text), ("text", example), ("fixed", f"\n{t.label} {label}\n\n")]
        return [*segments, ("fixed", t.text), ("text", text), ("fixed", f"\n{t.label}")]


def write(prompts: Iterable[Prompt], path: Path) -> None:
    """One JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for prompt in prompts:
            file.write(json.dumps({"id": prompt.id, "segments": prompt.segments, "label": prompt.label}, ensure_ascii=False) + "\n")


def read(path: Path) -> list[Prompt]:
    """The inverse of `write`."""
    with path.open(encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    return [Prompt(row["id"], [(kind, text) for kind, text in row["segments"]], row["label"]) for row in rows]
