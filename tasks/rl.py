"""rl: prompts of the warm-up strategy, models/sft/<ds>/<warm-up> → models/rl/<ds>/<algorithm>, reports/rl/<ds>/<algorithm>.csv."""

from gencls import holdout, models, prompts
from gencls.params import Params
from gencls.rl.closed_set import reinforce
from gencls.scheme import LabelScheme
from gencls.training import Run
from tasks import paths, stage


def main(params: Params, ds: str, algorithm: str) -> None:
    """Go on from the SFT warm-up with a rule reward."""
    strategy = params.rl.warmup_strategy
    rendered, warmup = paths.prompts(ds, strategy), paths.model("sft", ds, strategy)
    card = models.card(warmup)
    model, tokenizer = models.load(warmup, params.model, trainable=True, seed=params.seed)
    scheme = LabelScheme.build(tokenizer, card["written"], params.model.max_length)
    read = {split: prompts.read(rendered / f"{split}.jsonl") for split in ("train", "validation")}
    _, read["train"] = holdout.split(read["train"], params.rl.holdout, params.seed)
    rows = {split: scheme.encode(rendered_rows) for split, rendered_rows in read.items()}
    key = {
        "rl": params.rl.model_dump(exclude={"algorithms"}),
        "algorithm": algorithm,
        "model": params.model.model_dump(),
        "seed": params.seed,
    }
    with (
        stage.checkpoints(key, rendered, warmup) as scratch,
        stage.writing(paths.model("rl", ds, algorithm)) as folder,
        stage.writing(paths.curve("rl", ds, algorithm)) as curve,
    ):
        model = reinforce(model, scheme, rows, params.rl, algorithm=algorithm, run=Run(params.seed, scratch, curve))
        models.save(model, tokenizer, folder, {**card, "trainer": "rl", "name": algorithm})


if __name__ == "__main__":
    stage.run(main)
