"""`gencls export MODEL OUT --to vllm-guided | onnx`: the command line of gencls.export."""

import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gencls.export.question import ExportError

EPILOG = "OUT is a new folder; its README.md says how to use what is in it. --to onnx needs the packages of gencls[onnx]."


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.description, parser.epilog = "Give a finished model the form that another engine reads.", EPILOG
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a bundle, models/bundle/<data set>")
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write, which is not there yet")
    parser.add_argument("--to", required=True, choices=("vllm-guided", "onnx"), help="the label set as vLLM's choices, or one ONNX graph")


def run(given: Namespace) -> None:
    """Do what was said; OUT appears when it is complete.

    Raises:
        InputError: the model cannot be exported, or OUT cannot be written.
    """
    if given.out.exists():
        raise ExportError(f"{given.out}: is there already; name a new folder")
    if not given.out.absolute().parent.is_dir():
        raise ExportError(f"{given.out}: no such folder as {given.out.absolute().parent}")
    if given.to == "onnx":  # torch comes now, so that a wrong name or option is said at once
        from gencls.export import onnx as target
    else:
        from gencls.export import vllm as target  # type: ignore[no-redef]
    unfinished = given.out.with_name(f"{given.out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        target.write(given.model, unfinished)
        unfinished.replace(given.out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    print(f"{given.out}: exported; {given.out / 'README.md'} says how to use it")
