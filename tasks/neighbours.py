"""neighbours: data/<ds> → data/neighbours/<ds>/{train,validation,test}.parquet (id, neighbours, similarities).

For each row the ids of the five most similar training rows, the nearest first, and their cosine similarities; fewer where fewer training
rows have another text. Computed once per data set: every strategy and baseline that wants similar rows reads the same.
"""

import pandas as pd
import pyarrow as pa

from gencls.neighbours import Neighbours, encoder
from gencls.params import Params
from gencls.progress import say
from tasks import paths, stage

SCHEMA = pa.schema({"id": pa.string(), "neighbours": pa.list_(pa.string()), "similarities": pa.list_(pa.float32())})


def main(params: Params, ds: str) -> None:
    """Search every split's rows among the training rows."""
    frames = stage.splits(ds)
    language = stage.label_set(ds)["language"]
    chosen = encoder(params.neighbours.encoder, language=language, revision=params.neighbours.revision, device=params.model.device)
    train = frames["train"]["id"].tolist()
    index = Neighbours(frames["train"]["text"].tolist(), chosen)
    with stage.writing(paths.neighbours(ds)) as folder:
        folder.mkdir()
        for split, frame in frames.items():
            say(f"{split}: {len(frame)} rows against {len(train)}")
            found = index.nearest(frame["text"].tolist())
            columns = {
                "id": frame["id"],
                "neighbours": [[train[row] for row, _ in nearest] for nearest in found],
                "similarities": [[similarity for _, similarity in nearest] for nearest in found],
            }
            pd.DataFrame(columns).to_parquet(folder / f"{split}.parquet", index=False, schema=SCHEMA)


if __name__ == "__main__":
    stage.run(main)
