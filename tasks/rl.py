"""rl: prompts of a warm-up's strategy, models/sft/<ds>/<warm-up> → models/rl/<ds>/<warm-up>/<algorithm>, reports/rl/<ds>/….csv."""

from gencls import holdout, models, prompts
from gencls.params import Params
from gencls.rl import closed_set, open_ended
from gencls.scheme import LabelScheme
from gencls.training import Run
from tasks import paths, stage


def main(params: Params, ds: str, warmup: str, algorithm: str) -> None:
    """Go on from an SFT warm-up with a rule reward."""
    rendered, started, name = paths.prompts(ds, warmup), paths.model("sft", ds, warmup), f"{warmup}/{algorithm}"
    card = models.card(started)
    model, tokenizer = models.load(started, params.model, trainable=True, seed=params.seed)
    scheme = LabelScheme.build(tokenizer, card["written"], params.model.max_length, card["max_reasoning"])
    reinforce = open_ended.reinforce if scheme.reasoning else closed_set.reinforce
    read = {split: prompts.read(rendered / f"{split}.jsonl") for split in ("train", "validation")}
    _, read["train"] = holdout.split(read["train"], params.rl.holdout, params.seed)
    rows = {split: scheme.encode(rendered_rows) for split, rendered_rows in read.items()}
    key = {
        "rl": params.rl.model_dump(exclude={"algorithms", "warmups"}),
        "algorithm": algorithm,
        "model": params.model.model_dump(),
        "seed": params.seed,
    }
    with (
        stage.checkpoints(key, rendered, started) as scratch,
        stage.writing(paths.model("rl", ds, name)) as folder,
        stage.writing(paths.curve("rl", ds, name)) as curve,
    ):
        model = reinforce(model, scheme, rows, params.rl, algorithm=algorithm, run=Run(params.seed, scratch, curve))
        models.save(model, tokenizer, folder, {**card, "trainer": "rl", "name": name})


if __name__ == "__main__":
    stage.run(main)
