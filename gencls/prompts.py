"""The one renderer: a row under a strategy becomes a prompt, for SFT, RL and inference alike. No torch here.

A prompt is a list of segments. `fixed` ones (instruction, label list, labels of examples) are never cut; `text` ones (the row's text and
the examples' texts) lose their middle when the model cannot read them whole. What is the same for every row comes first (instruction,
labels or their definitions, fixed examples), so that its keys and values can be computed once. GenCLS++'s own templates are unknown;
these are ours.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gencls.params import Strategy

Segment = tuple[Literal["fixed", "text"], str]
Example = tuple[str, str]
"""Text and label name."""


@dataclass(frozen=True)
class Template:
    """Wording of a prompt in one language."""

    instruction: str
    labels: str
    separator: str
    definition: str
    text: str
    label: str
    reasoning: str


TEMPLATES = {
    "en": Template("Classify the text. Answer with one label.", "Labels: ", ", ", "{label}: {meaning}", "Text: ", "Label:", "Reasoning:"),
    "zh": Template("请对文本分类，只回答一个类别。", "类别：", "、", "{label}：{meaning}", "文本：", "类别：", "理由："),
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
    """One rendered row; `label` is the name of the label that is to be written, after `reasoning` if there is one."""

    id: str
    segments: list[Segment]
    label: str
    reasoning: str = ""

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
        strategy: the record; a new field of it takes effect in `head` or `segments` and nowhere else.
        written: label name → what stands in the prompt, in the order of the label list (`gencls.labels.written`).
        template: the wording, of `TEMPLATES` or `REWORDED`.
        definitions: label name → one line; read where the strategy asks for them.
        fixed: examples that every prompt shows.
    """

    strategy: Strategy
    written: Mapping[str, str]
    template: Template = TEMPLATES["en"]
    definitions: Mapping[str, str] = field(default_factory=dict)
    fixed: Sequence[Example] = ()

    def head(self) -> str:
        """What all prompts start with: the task, and the labels or what they mean."""
        t = self.template
        if not self.strategy.definitions:
            return f"{t.instruction}\n{t.labels}{t.separator.join(self.written.values())}\n\n"
        lines = [
            t.definition.format(label=written, meaning=self.definitions[name]) if name in self.definitions else written
            for name, written in self.written.items()
        ]
        return "\n".join([t.instruction, t.labels.rstrip(), *lines]) + "\n\n"

    def segments(self, text: str, examples: Iterable[Example] = ()) -> list[Segment]:
        """Segments of one prompt; `examples` stand before the text in the order given, after the fixed ones."""
        t = self.template
        segments: list[Segment] = [("fixed", self.head())]
        for example, label in (*self.fixed, *examples):
            segments += [("fixed", t.text), ("text", example), ("fixed", f"\n{t.label} {self.written[label]}\n\n")]
        return [*segments, ("fixed", t.text), ("text", text), ("fixed", f"\n{t.reasoning if self.strategy.reasons else t.label}")]


def write(prompts: Iterable[Prompt], path: Path) -> None:
    """One JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for prompt in prompts:
            row = {"id": prompt.id, "segments": prompt.segments, "label": prompt.label}
            taught = {"reasoning": prompt.reasoning} if prompt.reasoning else {}
            file.write(json.dumps(row | taught, ensure_ascii=False) + "\n")


def read(path: Path) -> list[Prompt]:
    """The inverse of `write`."""
    with path.open(encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    return [Prompt(row["id"], [(kind, text) for kind, text in row["segments"]], row["label"], row.get("reasoning", "")) for row in rows]
