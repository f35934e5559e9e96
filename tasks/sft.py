"""sft: data/prompts/<ds>/<strategy>, models/base/<ds> → models/sft/<ds>/<strategy>, reports/sft/<ds>/<strategy>.csv."""

from gencls import holdout, matched, models, prompts
from gencls.params import Params
from gencls.progress import say
from gencls.scheme import LabelScheme
from gencls.sft import finetune
from gencls.training import Run
from tasks import paths, stage


def main(params: Params, ds: str, strategy: str) -> None:
    """Fine-tune the base on one strategy's prompts."""
    rendered = paths.prompts(ds, strategy)
    card = stage.read_json(rendered / "prompts.json")
    model, tokenizer = models.load(paths.base(ds), params.model, trainable=True, seed=params.seed)
    scheme = LabelScheme.build(tokenizer, card["written"], params.model.max_length, card["max_reasoning"])
    read = {split: prompts.read(rendered / f"{split}.jsonl") for split in ("train", "validation")}
    mixed = prompts.read(rendered / "mixed.jsonl") if card["strategy"]["mixed"] else []
    held = params.rl.holdout
    read["train"], _ = holdout.split(read["train"], held, params.seed)
    if card["strategy"]["reasoning"] == "matched":
        longest = params.model.max_reasoning
        read["train"] = matched.repeated(read["train"], scheme, card["language"], longest, seed=params.seed)
    rows = {"train": scheme.encode([*read["train"], *mixed]), "validation": scheme.encode(read["validation"])}
    cut = sum(row.cut for row in rows["train"].encoded[: len(read["train"])])
    say(
        f"{len(read['train'])} rows, {cut} of them cut to {params.model.max_length} tokens"
        + (f"; {len(mixed)} mixed ones" if mixed else "")
    )
    key = {"sft": params.sft.model_dump(), "holdout": held, "model": params.model.model_dump(), "seed": params.seed}
    with (
        stage.checkpoints(key, rendered, paths.base(ds)) as scratch,
        stage.writing(paths.model("sft", ds, strategy)) as folder,
        stage.writing(paths.curve("sft", ds, strategy)) as curve,
    ):
        model = finetune(model, scheme, rows, params.sft, Run(params.seed, scratch, curve), once=len(mixed))
        models.save(model, tokenizer, folder, {"data_set": ds, "trainer": "sft", "name": strategy, "cut_rows": cut, **card})


if __name__ == "__main__":
    stage.run(main)
