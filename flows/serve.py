"""`make ui`: the Prefect server on 127.0.0.1 with the deployment `gencls/pipeline`: run it from a form, watch it, cancel it, schedule it.

    python -m flows.serve        Ctrl-C ends the server, the runs it started and their stages

One run at a time: the next waits. With PREFECT_API_URL set the deployment is served to that server, and none is started.
"""

import sys
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Schedule
from prefect.settings import get_current_settings

from flows import server, zombies
from flows.child import CommandError
from flows.pipeline import pipeline

NAME = "pipeline"
NIGHTLY = Cron("0 3 * * *", active=False)
"""There to be switched on in the UI."""


def main() -> None:
    """Serve until interrupted."""
    settings = get_current_settings()
    if not settings.api.url:
        if server.healthy(server.local_url()):
            sys.exit(f"serve: a Prefect server answers at {server.local_url()}; stop it, or set PREFECT_SERVER_API_PORT to another port")
        try:
            server.start(settings.server.api.port)
        except CommandError as error:
            sys.exit(f"serve: {error}")
        zombies.mark_dead(Path.cwd(), pipeline.name)
    zombies.watch_heartbeats()
    pipeline.serve(
        name=NAME,
        description="The stages of dvc.yaml. With overrides: in a copy of the checkout, saved as a DVC experiment.",
        schedules=_schedules(),
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        pause_on_shutdown=False,
    )


def _schedules() -> list[Schedule | DeploymentScheduleCreate]:
    """The nightly one for a new deployment; for a known one what the user made of it, which would be lost if it were not said again."""
    with get_client(sync_client=True) as client:
        try:
            known = client.read_deployment_by_name(f"{pipeline.name}/{NAME}").schedules
        except ObjectNotFound:
            return [NIGHTLY]
    return [DeploymentScheduleCreate(schedule=s.schedule, active=s.active, parameters=s.parameters, slug=s.slug) for s in known]


if __name__ == "__main__":
    main()
