"""The model card of a bundle: README.md in the hub's format, YAML front matter with the test metrics, then what a user must know.

Made from bundle.json and nothing else. https://huggingface.co/docs/hub/model-cards says which keys the front matter has.
"""

from collections.abc import Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from gencls.bundle import Bundle, Measured, Score
from gencls.calibration import FEWEST, OperatingPoint
from gencls.sources.rows import parse_template

TOP = 10
"""Cells of the grid that are shown; a grid can have hundreds."""
UNTRUSTED = "A row of another language, time or source than the data set's was never measured, and the probabilities were not fitted there."


def render(bundle: Bundle, answered: OperatingPoint | None) -> str:
    """The whole card.

    Args:
        answered: what the threshold gives on test; None where there is none.
    """
    sections = [
        f"---\n{_yaml(_front(bundle))}---",
        f"# {bundle.data_set}: {len(bundle.labels)} labels\n\n{_summary(bundle)}",
        f"## Use\n\n{_use(bundle)}",
        f"## Measured\n\n{_metrics(bundle)}\n\n{_abstention(bundle, answered)}",
        f"## Why this cell\n\nThe best on validation, by accuracy, then macro-F1. "
        f"The test split took no part in the choice.\n\n{cells(bundle.origin.grid)}",
        f"## Labels\n\n{_labels(bundle)}",
        f"## Limits\n\n{_limits(bundle)}",
        f"## Origin\n\n{_origin(bundle)}",
    ]
    return "\n\n".join(sections) + "\n"


def _front(bundle: Bundle) -> dict[str, Any]:
    test, origin = bundle.origin.test, bundle.origin
    scores = [("accuracy", "Accuracy", test.accuracy), ("f1", "Macro-F1", test.macro_f1)]
    result = {
        "task": {"type": "text-classification", "name": "Text classification"},
        "dataset": {"type": bundle.data_set, "name": bundle.data_set, "split": "test"},
        "metrics": [{"type": kind, "name": name, "value": value} for kind, name, value in scores],
    }
    return {
        "language": [bundle.language],
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["gencls", "generative-classification"],
        **({} if origin.base == "builtin" else {"base_model": origin.base}),
        "model-index": [{"name": bundle.data_set, "results": [result]}],
    }


def _yaml(content: Any) -> str:
    text = StringIO()
    writer = YAML()
    writer.width = 200
    writer.dump(content, text)
    return text.getvalue()


def _summary(bundle: Bundle) -> str:
    base = "the builtin base, a small decoder pretrained on the training texts alone" if bundle.origin.base == "builtin" else ""
    base = base or f"`{bundle.origin.base}`" + (f" at `{bundle.origin.base_commit}`" if bundle.origin.base_commit else "")
    return (
        f"A causal language model that writes the label of a text. Cell of the grid (model · prompt strategy · decoding): "
        f"`{bundle.origin.title}`. It started from {base}."
    )


def _use(bundle: Bundle) -> str:
    template = parse_template(bundle.text)
    columns = ", ".join(f"`{column}`" for column in (template.columns if template else [bundle.text]))
    return (
        "```python\nfrom gencls import Classifier\n\n"
        'Classifier.load("this folder").predict(["a text"])  # label, probability per class, abstained or not\n```\n\n'
        f"```bash\ngencls predict THIS_FOLDER in.csv out.csv   # the text: column {columns}, or --text\n```\n\n"
        "`AutoModelForCausalLM.from_pretrained` reads the weights too; the prompt, the label set and the probabilities are gencls's."
    )


def _metrics(bundle: Bundle) -> str:
    lines = ["| split | rows | accuracy | macro-F1 | log-loss | ECE |", "| --- | --: | --: | --: | --: | --: |"]
    for split, found in (("test", bundle.origin.test), ("validation", bundle.origin.validation)):
        lines.append(f"| {split} | {found.rows} | {accuracy(found)} | {macro_f1(found)} | {_losses(found)} |")
    note = (
        "Percent, 95 % bootstrap intervals over rows, exact ones where all or none are right; the last two are those of the probabilities "
        "before the temperature."
    )
    return "\n".join(lines) + f"\n\n{note} Validation chose the cell, so its numbers lean high."


def accuracy(found: Measured) -> str:
    """`75.5 [72.6, 78.3]`, percent."""
    return _share(found.accuracy, found.accuracy_ci)


def macro_f1(found: Measured) -> str:
    """The same of macro-F1."""
    return _share(found.macro_f1, found.macro_f1_ci)


def _share(value: float, interval: Sequence[float]) -> str:
    return f"{100 * value:.1f} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def _losses(found: Measured) -> str:
    return " | ".join("–" if value is None else f"{value:.3f}" for value in (found.log_loss, found.ece))


def _abstention(bundle: Bundle, answered: OperatingPoint | None) -> str:
    start = f"Probabilities are scaled by the temperature {bundle.temperature:g}, fitted on validation."
    wanted = f"{100 * bundle.precision:g} %"
    if bundle.origin.validation.rows < FEWEST:
        few = f"{bundle.origin.validation.rows} validation rows are too few for a threshold"
        return f"{start} It never abstains for want of confidence: {few}."
    if bundle.threshold is None or answered is None:
        return f"{start} No threshold makes its answers {wanted} precise on validation, so it never abstains for want of confidence."
    precision = "none is answered" if answered["precision"] is None else f"of those answers {100 * answered['precision']:.1f} % are right"
    return (
        f"{start} It abstains below a confidence of {bundle.threshold:.4f}, chosen on validation for a precision of {wanted}: "
        f"on test it answers {100 * answered['coverage']:.1f} % of the rows, {precision}."
    )


def cells(grid: Sequence[Score]) -> str:
    """The best cells of a grid as a table, the chosen one first."""
    lines = ["| cell | accuracy, % | macro-F1, % |", "| --- | --: | --: |"]
    lines += [f"| {cell.title} | {100 * cell.accuracy:.1f} | {100 * cell.macro_f1:.1f} |" for cell in grid[:TOP]]
    more = len(grid) - TOP
    return "\n".join(lines) + (f"\n\n{more} more cells are in bundle.json." if more > 0 else "")


def _labels(bundle: Bundle) -> str:
    return "\n".join(f"- **{label}**" + (f": {line}" if (line := bundle.definitions.get(label)) else "") for label in bundle.labels)


def _limits(bundle: Bundle) -> str:
    lines = [
        f"It knows these {len(bundle.labels)} labels and no other: a text that fits none of them gets one all the same, "
        "if rarely with much confidence.",
        f"Prompt and label have at most {bundle.max_length} tokens; a longer text loses its middle.",
        UNTRUSTED,
        "The intervals say how far another test set of this size might differ, not another seed of the training.",
    ]
    if bundle.origin.base == "builtin":
        lines.append("The base has seen nothing but the training texts: it knows no word that does not occur there.")
    lines.append("The folder holds the words, in Chinese the pairs of characters, that stand in two or more training texts (known.json).")
    if bundle.retrieves:
        lines.append("The folder holds the training texts, which the prompts show: whoever has the model can read them.")
    if bundle.retrieves and bundle.neighbours.encoder != "tfidf":
        lines.append(
            f"Similar texts are found with the model `{bundle.neighbours.encoder}`, which is not in the folder and must stay the same."
        )
    return "\n".join(f"- {line}" for line in lines)


def _origin(bundle: Bundle) -> str:
    origin = bundle.origin
    lines = [f"- commit of code and parameters: {f'`{origin.commit}`' if origin.commit else 'none, they were not committed'}"]
    lines += [f"- {split} rows: sha256 `{digest}`" for split, digest in origin.data.items()]
    lines += [f"- weights: sha256 `{bundle.weights}`", f"- made with {', '.join(f'{name} {v}' for name, v in origin.versions.items())}"]
    return "\n".join(lines) + f"\n\n```yaml\n{_yaml(origin.parameters)}```"
