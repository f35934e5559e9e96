"""What `benchmarks.serving` compares with: a bundle's model behind FastAPI, one forward pass a request."""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Asked(BaseModel):
    """The body of a request."""

    texts: list[str]


def build(folder: Path) -> FastAPI:
    """The application."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from benchmarks.bundles import prompts
    from gencls.bundle import read

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    labels = list(read(folder).written)
    first = torch.tensor([tokenizer(label)["input_ids"][0] for label in labels])
    app = FastAPI()

    @app.get("/readyz")
    def ready() -> str:
        return "yes"

    @app.post("/predict")
    def predict(asked: Asked) -> dict[str, Any]:
        [prompt] = prompts(folder, asked.texts)
        with torch.inference_mode():
            logits = model(**tokenizer(prompt, return_tensors="pt", return_token_type_ids=False), logits_to_keep=1).logits[0, -1]
        p = logits[first].softmax(dim=0).tolist()
        return {"label": labels[max(range(len(p)), key=p.__getitem__)], "probabilities": dict(zip(labels, p, strict=True))}

    return app


if __name__ == "__main__":
    uvicorn.run(build(Path(sys.argv[1])), port=int(sys.argv[2]), access_log=False, log_level="warning")
