"""The stages, one module each, run by DVC as `python -m tasks.<stage> <cell…>`; the only code that knows the repository's paths."""
