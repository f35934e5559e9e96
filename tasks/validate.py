"""validate: data/<ds> → reports/validate/<ds>.{json,html,passed}; fails on an error, so that nothing downstream runs."""

from gencls.checks import validate
from gencls.checks.page import render, verdict
from gencls.params import Params
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Check a data set, write what was found, and only then fail: the page stays readable."""
    labels = stage.label_set(ds)["labels"]
    validation = validate(stage.splits(ds), labels, rules=params.checks, max_length=params.model.max_length)
    with stage.writing(paths.validation_json(ds)) as file:
        stage.write_json(validation.record(ds), file)
    with stage.writing(paths.validation_page(ds)) as file:
        file.write_text(render(validation, ds), encoding="utf-8")
    findings = "".join(f"\n  {finding.severity} {finding}" for finding in validation.findings)
    summary = f"{verdict(validation, ds)} Page: {paths.validation_page(ds)}{findings}"
    if validation.errors:
        raise stage.StageError(summary)
    with stage.writing(paths.validated(ds)) as file:
        file.touch()
    print(summary)


if __name__ == "__main__":
    stage.run(main)
