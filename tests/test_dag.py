"""dvc.yaml, params.yaml, the stage modules and the paths they name agree: one DAG, said once, checked here."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gencls import params
from tasks import paths

ROOT = Path(__file__).parents[1]
STAGES: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
CELLS = {"ds": "DS", "strategy": "ST", "name": "NM", "warmup": "WARM", "algorithm": "AL"}
NOT_WATCHED = {
    "gencls/arrays.py",
    "gencls/errors.py",
    "gencls/params",
    "gencls/__init__.py",
    "tasks/__init__.py",
    "tasks/stage.py",
    "tasks/paths.py",
}
"""Plumbing: what it decides reaches a stage as tracked parameters and paths, or is only types."""


def module_of(stage: str) -> str:
    found = re.match(r"python -m (tasks\.\w+)", STAGES[stage]["cmd"])
    assert found, f"{stage}: {STAGES[stage]['cmd']}"
    return found[1]


def imports(file: Path) -> set[Path]:
    """Files of this repository that a file imports, anywhere in it but for type checkers."""
    found: set[str] = set()
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    for_types = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    never_run = {below for node in for_types for below in ast.walk(node)}
    for node in (node for node in nodes if node not in never_run):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    candidates = [ROOT / name.replace(".", "/") for name in found if name.split(".")[0] in ("gencls", "tasks")]
    return {file for c in candidates for file in (c.with_suffix(".py"), c / "__init__.py") if file.exists()}


def closure(file: Path) -> set[str]:
    todo, seen = [file], set()
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += imports(here)
    return {str(f.relative_to(ROOT)) for f in seen}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_watches_all_code_that_it_runs(stage: str) -> None:
    code = closure(ROOT / (module_of(stage).replace(".", "/") + ".py"))
    code -= {f for f in code if any(f == plumbing or f.startswith(plumbing + "/") for plumbing in NOT_WATCHED)}
    deps = [dep for dep in STAGES[stage]["deps"] if dep.startswith(("gencls", "tasks"))]
    missing = sorted(f for f in code if not any(f == dep or f.startswith(dep + "/") for dep in deps))
    assert not missing, f"add to the deps of {stage} in dvc.yaml: {missing}"
    assert all((ROOT / dep).exists() for dep in deps)
    superfluous = [dep for dep in deps if not any(f == dep or f.startswith(dep + "/") for f in code)]
    assert not superfluous, f"{stage} does not run {superfluous}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_takes_the_names_that_its_command_passes(stage: str) -> None:
    main = import_module(module_of(stage)).main
    wanted = list(inspect.signature(main).parameters)[1:]
    given = STAGES[stage]["cmd"].split()[3:]
    assert len(given) == len(wanted)
    for parameter, argument in zip(wanted, given, strict=True):
        assert argument in (f"${{item.{parameter}}}", "sft", "rl", "${item.warmup}/${item.algorithm}")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_parameters_that_exist(stage: str) -> None:
    content = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    cell = {"ds": next(iter(content["datasets"])), "strategy": next(iter(content["strategies"]))}
    for key in STAGES[stage]["params"]:
        value: Any = content
        for part in re.sub(r"\$\{item\.(\w+)\}", lambda m: cell[m[1]], key).split("."):
            assert part in value, f"{stage}: params.yaml has no {key}; dvc would refuse the stage"
            value = value[part]


def test_another_algorithm_or_warm_up_trains_none_of_those_that_are_there() -> None:
    cells = {"algorithms", "warmups"}
    watched = params.Rl.model_fields.keys() - cells - {"batch_tokens"}
    assert set(STAGES["rl"]["params"]) == {"seed", "model"} | {f"rl.{key}" for key in watched}
    assert {key for key in STAGES["sft"]["params"] if key.startswith("rl")} == {"rl.holdout"}


def test_what_changes_speed_alone_makes_nothing_run_again() -> None:
    """But the bundle, which holds it, and the report, which shows it."""
    sections = {"rl": params.Rl, "rationalise": params.Rationalise, "evaluate": params.Evaluate}
    for stage in STAGES.keys() - {"bundle", "report"}:
        assert not sections.keys() & set(STAGES[stage]["params"]), f"{stage} watches a whole section, batch_tokens included"
        assert not {f"{section}.batch_tokens" for section in sections} & set(STAGES[stage]["params"]), stage
    named = {key for stage in STAGES.values() for key in stage["params"]}
    for section, record in sections.items():
        assert {f"{section}.{key}" for key in record.model_fields if key != "batch_tokens"} <= named, section


def declared(stage: str) -> set[str]:
    """Data paths of a stage with the cell's names filled in."""
    text = [*STAGES[stage].get("deps", []), *STAGES[stage].get("outs", [])]
    filled = [re.sub(r"\$\{item\.(\w+)\}", lambda m: CELLS[m[1]], path) for path in text]
    return {path for path in filled if path.startswith(("data", "models", "reports"))}


def test_dvc_and_the_stages_mean_the_same_paths() -> None:
    assert declared("ingest") == {str(p) for p in (paths.raw("DS"), paths.corrections("DS").parent, paths.data("DS"))}
    validated = (paths.data, paths.validation_json, paths.validation_page, paths.validated)
    assert declared("validate") == {str(of("DS")) for of in validated}
    waiting = {stage for stage in STAGES if str(paths.validated("DS")) in declared(stage)}
    assert waiting == {"validate", "base", "mine", "define", "neighbours", "rationalise", "render", "baseline"}
    assert {str(paths.base("DS")), str(paths.curve("base", "DS"))} <= declared("base")
    mined = {str(of("DS")) for of in (paths.mined, paths.mining, paths.mining_page, paths.mining_csv)}
    assert mined | {str(paths.base("DS"))} <= declared("mine")
    assert str(paths.neighbours("DS")) in declared("neighbours") & declared("render") & declared("baseline")
    assert str(paths.prompts("DS", "ST")) in declared("render")
    assert str(paths.baseline("DS")) in declared("baseline")
    assert declared("head") == {str(p) for p in (paths.data("DS"), paths.base("DS"), paths.head("DS"), paths.curve("head", "DS"))}
    assert declared("sft") == {
        str(p) for p in (paths.prompts("DS", "ST"), paths.base("DS"), paths.model("sft", "DS", "ST"), paths.curve("sft", "DS", "ST"))
    }
    started = {str(paths.prompts("DS", "WARM")), str(paths.model("sft", "DS", "WARM"))}
    assert declared("rl") == started | {str(of("rl", "DS", "WARM/AL")) for of in (paths.model, paths.curve)}
    assert str(paths.definitions("DS")) in declared("define") & declared("render")
    assert declared("reasoner") == {str(paths.base("DS")), str(paths.reasoner("DS")), str(paths.curve("reasoner", "DS"))}, "no row of DS"
    explained = {str(of("DS")) for of in (paths.reasoner, paths.rationales, paths.rationalising, paths.validated)}
    assert declared("rationalise") == explained | {str(paths.data("DS") / "train.parquet")}, "training rows only"
    assert str(paths.rationales("DS")) in declared("render")
    assert declared("ask") == {str(paths.prompts("DS", "ST").parent), str(paths.asked("DS"))}
    for stage, trainer, name in (("evaluate", "sft", "NM"), ("evaluate_rl", "rl", "WARM/AL")):
        wanted = (paths.asked("DS"), paths.model(trainer, "DS", name), paths.evaluation("DS", trainer, name))
        assert declared(stage) == {str(p) for p in wanted}
    rows = (paths.model("sft", "DS", "NM").parent, paths.evaluation("DS", "sft", "NM").parents[1])
    assert declared("final") == {str(p) for p in (paths.asked("DS"), *rows, paths.final("DS"))}
    shown = (paths.data("DS"), paths.asked("DS"), paths.definitions("DS"), paths.mined("DS"), paths.base("DS"), paths.final("DS"))
    assert declared("bundle") == {str(p) for p in (*shown, *rows, paths.bundle("DS"))}
    read = (paths.definitions("DS"), paths.curve("base", "DS"), paths.baseline("DS"), rows[1], paths.final("DS"), paths.mining("DS"))
    read = (*read, paths.head("DS"), paths.curve("sft", "DS", "ST").parent, paths.validation_json("DS"))
    read = (*read, paths.curve("reasoner", "DS"), paths.rationalising("DS"))
    assert declared("report") == {str(p.parent) for p in read} | {str(p) for p in (paths.REPORT, paths.CONFUSION, paths.RESULTS)}


def test_every_stage_module_is_in_the_dag_and_every_section_is_known() -> None:
    stage_modules = {f.stem for f in (ROOT / "tasks").glob("*.py") if f.stem != "stage" and "stage.run(main)" in f.read_text()}
    assert {module_of(stage).removeprefix("tasks.") for stage in STAGES} == stage_modules
    sections = {info.alias or name for name, info in params.Params.model_fields.items()}
    used = {key.split(".")[0] for stage in STAGES.values() for key in stage["params"]}
    assert sections - used <= {"strategies", "score"}, "a section no stage depends on would be an edit that does nothing"


NETWORKS = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
UNUSED = {
    "tasks.ingest": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),
    "tasks.validate": (*NETWORKS, "dvc", "sklearn"),
    "tasks.base": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),  # a base from the hub is only looked up
    "tasks.mine": (*NETWORKS, "dvc", "great_expectations"),
    "tasks.reasoner": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),  # it is off by default, and ends at once
    "tasks.rationalise": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),
    "tasks.render": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),
    "gencls.cli": (*NETWORKS, "dvc", "great_expectations", "scipy", "sklearn"),  # a wrong option is said before torch is loaded
    "gencls.neighbours": NETWORKS,
    "tasks.baseline": (*NETWORKS, "dvc", "great_expectations"),
    "tasks.evaluate": ("trl", "datasets", "dvc", "great_expectations", "sklearn", "scipy.stats"),
    "tasks.report": (*NETWORKS, "dvc", "great_expectations", "sklearn"),
}
"""What a stage need not import, by module: start-up is paid by every cell of the grid."""


@pytest.mark.parametrize("module", UNUSED)
def test_a_stage_starts_without_what_it_does_not_use(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {UNUSED[module]!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_readme_lists_every_stage_and_only_commands_that_exist() -> None:
    readme, makefile = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\w+) \|", readme, flags=re.MULTILINE))
    assert {module_of(stage).removeprefix("tasks.") for stage in STAGES} <= listed
    targets = set(re.findall(r"^(\w+):.*##", makefile, flags=re.MULTILINE))
    code = re.findall(r"```bash\n.*?```|`[^`\n]+`", readme, flags=re.DOTALL)
    assert {name for part in code for name in re.findall(r"\bmake (\w+)", part)} <= targets
    assert {"run", "test"} <= targets
    for file in re.findall(r"\]\(([\w/.]+)\)", readme):
        assert (ROOT / file).exists(), f"README links to {file}"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text() and "make test" in (ROOT / "README.md").read_text()


def test_the_lock_knows_no_stage_that_the_dag_does_not() -> None:
    locked = YAML(typ="safe").load((ROOT / "dvc.lock").read_text())["stages"]
    for name, entry in locked.items():
        words = r"\S+".join(map(re.escape, re.split(r"\$\{.*?\}", STAGES[name.partition("@")[0]]["cmd"])))
        assert re.fullmatch(words, entry["cmd"]), f"{name}: {entry['cmd']}"
