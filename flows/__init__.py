"""WHEN: the whole DAG as one Prefect flow, and the server with its two deployments."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # here, because Prefect reads it, and reports, when it is imported
