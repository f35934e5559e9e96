"""`make ui`: the Prefect server on 127.0.0.1 with two deployments, to run from a form, watch, cancel and schedule.

    python -m flows.serve        Ctrl-C ends the server, the runs it started and their stages

`gencls/pipeline` is the DAG, `gencls-score/score` new rows through a finished model. One run of each at a time: the next waits.
With PREFECT_API_URL set they are served to that server, and none is started.
"""

import signal
import sys
from pathlib import Path
from typing import Any

from prefect import Flow, serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Schedule
from prefect.settings import get_current_settings

from flows import server, zombies
from flows.child import CommandError
from flows.pipeline import pipeline
from flows.score import score

DESCRIPTIONS = {
    "pipeline": "The stages of dvc.yaml. With overrides: in a copy of the checkout, saved as a DVC experiment.",
    "score": "New rows through a finished model. Ends Failed where they differ too much from validation, as `score` in params.yaml says.",
}


def main() -> None:
    """Serve until interrupted."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's `&` starts us with the interrupt ignored
    settings = get_current_settings()
    if not settings.api.url:
        if server.healthy(server.local_url()):
            sys.exit(f"serve: a Prefect server answers at {server.local_url()}; stop it, or set PREFECT_SERVER_API_PORT to another port")
        try:
            server.start(settings.server.api.port)
        except CommandError as error:
            sys.exit(f"serve: {error}")
        zombies.mark_dead(Path.cwd(), [pipeline.name, score.name])
    zombies.watch_heartbeats([pipeline.name, score.name])
    serve(
        _deployment(pipeline, "pipeline", Cron("0 3 * * *", active=False)),
        _deployment(score, "score", Cron("0 6 * * *", active=False)),
        pause_on_shutdown=False,
    )


def _deployment(of: Flow[Any, Any], name: str, nightly: Schedule) -> RunnerDeployment:
    """Its schedule is there to be switched on in the UI. What the user made of it there would be lost if it were not said again."""
    known = _known(f"{of.name}/{name}")
    return of.to_deployment(
        name=name,
        description=DESCRIPTIONS[name],
        schedules=_schedules(known) if known else [nightly],
        parameters=known.parameters if known else None,
        tags=known.tags if known else None,
        paused=known.paused if known else None,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
    )


def _known(deployment: str) -> DeploymentResponse | None:
    with get_client(sync_client=True) as client:
        try:
            return client.read_deployment_by_name(deployment)
        except ObjectNotFound:
            return None


def _schedules(known: DeploymentResponse) -> list[Schedule | DeploymentScheduleCreate]:
    return [DeploymentScheduleCreate(schedule=s.schedule, active=s.active, parameters=s.parameters, slug=s.slug) for s in known.schedules]


if __name__ == "__main__":
    main()
