"""The stages, one module each, run by DVC as `python -m tasks.<stage> <cell…>`; the only code that knows the repository's paths."""

import os

for _name in ("DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "TRL_EXPERIMENTAL_SILENCE"):
    os.environ.setdefault(_name, "1")  # here, because the libraries read them when they are imported
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
