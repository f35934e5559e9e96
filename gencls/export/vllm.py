"""For vLLM: the folder that `vllm serve` reads, and the label set as the choice list of its structured outputs.

    config.json, model.safetensors, tokenizer…   as in the bundle; adapters were merged when the model was saved
    request.json     what a request to /v1/chat/completions holds beside the message: structured_outputs.choice, temperature 0, max_tokens
    question.json    the text before and after the row's own, and written label → label name, null for Uncertain
    README.md        how to start and query it

Greedy decoding within the choices is the decoding `trie`. Under another one the answers of the bundle may differ, and README.md says so.
https://docs.vllm.ai/en/latest/features/structured_outputs/ describes the request; older servers than 0.12 call the field guided_choice.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from gencls import bundle as bundles
from gencls import models
from gencls.drift.reference import KNOWN, VALIDATION
from gencls.export.question import ExportError, question
from gencls.scheme import LabelScheme

OWN = (bundles.MANIFEST, bundles.TRAINING, bundles.CARD, KNOWN, VALIDATION)
"""Files of a bundle that vLLM has no use for."""
EXACT = ("trie", "generate")
"""Decodings that greedy decoding within the choices is, the second one where it would not have left the label set."""

DECLINED = "\n- `classify` answers None where the model writes `{written}`: it is offered that as a way out, and it is no label."
README = """\
# {name} for vLLM

Exported from a bundle of gencls ({title}). The weights are the bundle's; `request.json` holds the label set as `structured_outputs.choice`,
so that vLLM writes one of the labels and nothing else, and `question.json` the prompt. Here in this folder:

```bash
vllm serve . --served-model-name {name} --max-model-len {max_length}
```

```python
import json, urllib.request

request = json.load(open("request.json", encoding="utf-8"))
question = json.load(open("question.json", encoding="utf-8"))

def classify(text, server="http://127.0.0.1:8000"):
    message = {{"role": "user", "content": question["before"] + text + question["after"]}}
    body = json.dumps({{**request, "messages": [message]}}).encode()
    call = urllib.request.Request(server + "/v1/chat/completions", body, {{"Content-Type": "application/json"}})
    written = json.load(urllib.request.urlopen(call))["choices"][0]["message"]["content"]
    return question["labels"][written]
```

- {decoding}
- Probabilities at the fitted temperature, abstention and the cutting of texts that are longer than {max_length} tokens are gencls's.
- Special tokens that stand in a text are read as such by vLLM; gencls reads them as plain characters.
"""


def write(model: Path, folder: Path) -> None:
    """Export the bundle `model` into `folder`, which is made here.

    Raises:
        InputError: it is no bundle, or its prompts need gencls (`question`), or are too long even for an empty text.
    """
    bundle = bundles.read(model)
    asked = question(bundle)
    scheme = LabelScheme.build(models.load_tokenizer(model), bundle.written, bundle.max_length)
    if scheme.encode([asked.about("", scheme.labels[0])]).cut:
        raise ExportError(f"the model's examples are cut to fit in {bundle.max_length} tokens, which vLLM does not do; use gencls serve")
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns(*OWN))
    request = {
        "model": bundle.data_set,
        "structured_outputs": {"choice": list(bundle.written.values())},
        "temperature": 0,
        "max_tokens": max(map(len, scheme.sequences)),
    }
    names = {written: label if label in bundle.labels else None for label, written in bundle.written.items()}
    _json(request, folder / "request.json")
    _json({"before": asked.before, "after": asked.after, "labels": names}, folder / "question.json")
    exact = "Greedy decoding within the choices is how the bundle answers."
    other = f"The bundle answers by `{bundle.decoding}`, vLLM by greedy decoding within the choices: some answers will differ."
    declined = "".join(DECLINED.format(written=written) for written, label in names.items() if label is None)
    text = README.format(
        name=bundle.data_set,
        title=bundle.origin.title,
        max_length=bundle.max_length,
        decoding=(exact if bundle.decoding in EXACT else other) + declined,
    )
    (folder / bundles.CARD).write_text(text, encoding="utf-8", newline="\n")


def _json(content: Any, file: Path) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
