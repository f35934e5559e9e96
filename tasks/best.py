"""Which model won on validation, why, and the commands that predict with it; not a stage. `make best` runs `python -m tasks.best`."""

import sys
from pathlib import Path

from gencls import bundle as bundles
from gencls.errors import InputError
from gencls.model_card import accuracy, cells, macro_f1
from gencls.params import load
from gencls.report.results import best_baseline, read_baselines
from tasks import paths


def main() -> None:
    """Print it for every data set of params.yaml."""
    for ds in load(paths.PARAMS).datasets:
        folder = paths.bundle(ds)
        origin = bundles.read(folder).origin
        print(
            f"{ds}: {origin.title}\n\n"
            f"The best on validation ({origin.validation.rows} rows), by accuracy, then macro-F1:\n\n{cells(origin.grid)}\n\n"
            f"On test ({origin.test.rows} rows), which took no part in the choice: accuracy {accuracy(origin.test)} %, "
            f"macro-F1 {macro_f1(origin.test)} %{baselines(ds)}\n\n"
            f"    gencls predict {folder} in.csv out.csv\n"
            f'    python -c \'from gencls import Classifier; print(Classifier.load("{folder}").predict(["a text"]))\'\n'
        )


def baselines(ds: str) -> str:
    """The best of them on test, the sequence head among them, and majority; the bundle can be there without them."""
    found = {arm.name: arm for arm in read_baselines(*filter(Path.exists, (paths.baseline(ds), paths.head(ds))))}
    if not found:
        return ""
    names = dict.fromkeys((best_baseline(list(found.values())).name, "majority"))
    scores = {name: found[name].test for name in names if name in found}
    return "; " + ", ".join(f"{name} {100 * test['accuracy']:.1f} and {100 * test['macro_f1']:.1f} %" for name, test in scores.items())


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"best: {error}")
