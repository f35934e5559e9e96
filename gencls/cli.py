"""The command `gencls`, also `python -m gencls`. A command is a module with `add_arguments(parser)` and `run(arguments)`."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from gencls.errors import InputError
from gencls.export import command as export
from gencls.predict import command as predict
from gencls.serve import command as serve

COMMANDS = {
    "predict": (predict, "predict the label of every row of a file"),
    "serve": (serve, "predict over HTTP on this machine, with a page to try it"),
    "export": (export, "the model for another engine: vLLM or ONNX"),
}


def main() -> None:
    """Run one command; leave with 1 and one clear message for an error that the user can mend, with 130 when stopped by Ctrl-C."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = ArgumentParser("gencls", description="Use a finished text classifier.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for name, (module, line) in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=line, formatter_class=RawDescriptionHelpFormatter))
    given = parser.parse_args()
    try:
        COMMANDS[given.command][0].run(given)
    except InputError as error:
        sys.exit(f"gencls {given.command}: {error}")
    except BrokenPipeError:  # who read standard output has enough, as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
