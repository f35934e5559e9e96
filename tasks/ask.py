"""ask: data/prompts/<ds> → data/asked/<ds>.json: digests of the prompts that `grid.infer` names.

`evaluate` and `final` depend on this file in place of the whole folder, so that a strategy which is only trained under does not make every
other model be evaluated again. DVC cannot expand a list of parameters into a list of dependencies.
"""

import hashlib

from gencls.params import Params
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Digest the prompts of every inference strategy."""
    folders = {infer: paths.prompts(ds, infer) for infer in params.grid.infer}
    digests = {
        infer: {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.iterdir())
            if file.stem not in ("train", "mixed")
        }
        for infer, folder in folders.items()
    }
    with stage.writing(paths.asked(ds)) as file:
        stage.write_json(digests, file)


if __name__ == "__main__":
    stage.run(main)
