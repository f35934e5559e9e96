"""For onnxruntime: one graph from token ids to labels (gencls/export/graph.py), checked against the torch scorer before it is kept.

    model.onnx       input_ids (rows, tokens), padded on the left with anything, and lengths (rows,) → edges, probabilities, answers
    tokenizer.json   for the package `tokenizers`
    question.json    token ids before and after the message, its segments and which of them is the row's text, the labels, the threshold
    classify.py      what turns texts into answers with these three, without torch
    README.md        what it is

The shared prefix of the prompts is read anew for every row, for a graph keeps no keys and values: gencls is faster where that is long.
"""

import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gencls import bundle as bundles
from gencls import calibration, decoding, models
from gencls.arrays import Floats
from gencls.bundle import Bundle
from gencls.export.graph import Answer, TrieGraph
from gencls.export.question import ExportError, Question, question
from gencls.params import Model
from gencls.prompts import Prompt
from gencls.scheme import LabelScheme
from gencls.scorer import Scorer, Scores

TOLERANCE = 1e-4
"""Largest difference of a log-probability between onnxruntime and torch."""
TEXTS = ("", "a", "where is my parcel? 我的包裹在哪里？", "late " * 40)
"""What both are asked: of different lengths, so that padding is tested too."""


def write(model: Path, folder: Path) -> None:
    """Export the bundle `model` into `folder`, which is made here.

    Raises:
        InputError: it is no bundle, its prompts need gencls (`question`), the packages are not installed, torch cannot export the
            architecture, or the graph answers otherwise than torch.
    """
    bundle = bundles.read(model)
    asked = question(bundle)
    onnxruntime = _runtime()
    network, tokenizer = models.load(model, Model(max_length=bundle.max_length, dtype="float32", device="cpu"))
    scheme = LabelScheme.build(tokenizer, bundle.written, bundle.max_length)
    prompts = [row.ids for row in scheme.encode([asked.about(text, scheme.labels[0]) for text in TEXTS]).encoded]
    expected = Scorer(network, scheme.trie).read(prompts)
    graph = _graph(bundle, network, scheme, expected.edges[:1])
    folder.mkdir()
    _export(graph, prompts, folder / "model.onnx")
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    _check(session.run(None, feed(prompts)), expected, bundle, scheme)
    _write_rest(model, folder, asked, bundle, scheme)


def _runtime() -> Any:
    try:
        import onnx  # noqa: F401  # of the exporter, asked for here so that its absence is said before any work
        import onnxruntime
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise ExportError(f"--to onnx needs the package {error.name}: install gencls[onnx]") from None
    return onnxruntime


def _graph(bundle: Bundle, network: Any, scheme: LabelScheme, empty: Floats) -> TrieGraph:
    network.set_attn_implementation("eager")
    scores = decoding.label_log_probabilities(empty, scheme.trie)[0].astype(np.float32)
    answer = Answer(bundle.decoding, bundle.temperature, torch.from_numpy(scores))
    return TrieGraph(network, scheme.trie, labels=len(bundle.labels), answer=answer).eval()


def feed(prompts: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """Inputs of the graph."""
    longest = max(map(len, prompts))
    ids = np.array([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], dtype=np.int64)
    return {"input_ids": ids, "lengths": np.array([len(prompt) for prompt in prompts], dtype=np.int64)}


def _export(graph: TrieGraph, prompts: Sequence[Sequence[int]], file: Path) -> None:
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    given = {name: torch.from_numpy(array) for name, array in feed(prompts[-2:]).items()}
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                graph,
                tuple(given.values()),
                dynamo=True,
                verbose=False,
                input_names=list(given),
                output_names=["edges", "probabilities", "answers"],
                dynamic_shapes={"input_ids": {0: rows, 1: tokens}, "lengths": {0: rows}},
            )
    except torch.onnx.errors.OnnxExporterError as error:
        architecture = type(graph.model).__name__
        raise ExportError(
            f"torch cannot export {architecture} to ONNX: {_first_line(error)}; use gencls serve, or --to vllm-guided"
        ) from error
    assert program is not None
    program.save(file)


def _first_line(error: BaseException) -> str:
    """Of the cause, which is what the architecture's author would want to know."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {str(cause).strip().splitlines()[0]}" if str(cause).strip() else type(cause).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of torchvision, which is not installed, and of its own use of torch."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _check(found: Sequence[Any], expected: Scores, bundle: Bundle, scheme: LabelScheme) -> None:
    """Raise `ExportError` where onnxruntime and torch differ; the first of the texts is the empty one."""
    edges, probabilities, answers = found
    labels = decoding.label_log_probabilities(expected.edges, scheme.trie)[:, : probabilities.shape[1]]
    wanted = calibration.apply_temperature(labels, bundle.temperature)
    difference = max(float(np.abs(edges - expected.edges).max()), float(np.abs(probabilities - wanted).max()))
    if not difference <= TOLERANCE:
        raise ExportError(f"the ONNX graph scores labels differently (by {difference:.2g}, allowed {TOLERANCE:g}); use gencls serve")
    empty = expected.edges[:1]
    right = decoding.answers(bundle.decoding, scheme.trie, edges=expected.edges, empty=empty, written=expected.written).tolist()
    if (given := answers.tolist()) != right:
        wrong = f"labels number {given} where torch gives {right}"
        raise ExportError(f"the ONNX graph answers otherwise by {bundle.decoding} ({wrong}); use gencls serve")


def _write_rest(model: Path, folder: Path, asked: Question, bundle: Bundle, scheme: LabelScheme) -> None:
    """The tokenizer, and all that a program must know beside the graph."""
    shutil.copy2(model / "tokenizer.json", folder)
    framed = scheme.encode([Prompt("frame", [("text", "a")], scheme.labels[0])]).encoded[0]
    (start, end), *_ = framed.spans
    content = {
        "head": framed.ids[:start],
        "segments": asked.segments,
        "row": asked.row,
        "tail": framed.ids[end:],
        "longest": scheme.prompt_tokens,
        "labels": [label if label in bundle.labels else None for label in scheme.labels],
        "threshold": bundle.threshold,
    }
    (folder / "question.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    script = resources.files("gencls.export").joinpath("classify.py").read_text(encoding="utf-8")
    (folder / "classify.py").write_text(script, encoding="utf-8", newline="\n")
    (folder / bundles.CARD).write_text(README.format(name=bundle.data_set, title=bundle.origin.title), encoding="utf-8", newline="\n")


README = """\
# {name} as an ONNX graph

Exported from a bundle of gencls ({title}): prompt and label trie in one pass, checked against torch to 1e-4.

```bash
pip install numpy onnxruntime tokenizers
echo "where is my parcel?" | python classify.py
```

`classify.py` is all that is needed beside the files here: it asks with the prompt of `question.json` and prints label, confidence and
whether the model abstains. What does not fit is cut in the middle, as gencls does.
"""
