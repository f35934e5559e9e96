"""head: data/<ds>, models/base/<ds> → reports/head/<ds>/{metrics.json,sequence_head.csv}, learning curve reports/head/<ds>.csv.

A discriminative baseline that costs a training run: the files are those of the baseline stage.
"""

from gencls.params import Params
from gencls.progress import say
from tasks import paths, stage

NAME = "sequence_head"


def main(params: Params, ds: str) -> None:
    """Fine-tune the base with a classification head, and answer the test split; empty results where it is switched off."""
    if params.head.enabled:
        _train(params, ds)
        return
    with stage.writing(paths.head(ds)) as folder, stage.writing(paths.curve("head", ds)) as curve:
        folder.mkdir()
        stage.write_json({}, folder / "metrics.json")
        curve.write_text("step,epoch,train_loss,validation_loss,validation_accuracy\n", encoding="utf-8")


def _train(params: Params, ds: str) -> None:
    from gencls import metrics, models, predictions
    from gencls.head import Reader, finetune, probabilities
    from gencls.training import Run

    labels, frames = stage.label_set(ds)["labels"], stage.splits(ds)
    model, tokenizer = models.load_classifier(paths.base(ds), params.model, labels=len(labels), seed=params.seed)
    reader = Reader(tokenizer, params.model.max_length)
    rows = {split: reader.rows(frame["text"], [labels.index(label) for label in frame["label"]]) for split, frame in frames.items()}
    say(f"{len(rows['train'].gold)} rows, {rows['train'].cut} of them cut to {params.model.max_length} tokens")
    key = {"head": params.sft.model_dump(), "model": params.model.model_dump(), "seed": params.seed}
    with (
        stage.checkpoints(key, paths.data(ds), paths.base(ds)) as scratch,
        stage.writing(paths.head(ds)) as folder,
        stage.writing(paths.curve("head", ds)) as curve,
    ):
        model = finetune(model, reader, rows, params.sft, Run(params.seed, scratch, curve))
        folder.mkdir()
        p_NL = probabilities(model, reader, rows["test"].ids)
        columns = (list(frames["test"]["label"]), [labels[i] for i in p_NL.argmax(axis=1)], p_NL)
        record = metrics.evaluate(*columns, labels=labels, **stage.measuring(params))
        frame = predictions.frame(list(frames["test"]["id"]), list(frames["test"]["text"]), *columns, labels)
        predictions.write(frame, folder / f"{NAME}.csv")
        stage.write_json({NAME: record}, folder / "metrics.json")
    print(f"{ds} {NAME}: accuracy {record['accuracy']:.3f}, macro-F1 {record['macro_f1']:.3f}")


if __name__ == "__main__":
    stage.run(main)
