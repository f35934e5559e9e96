"""Runs that died without a word (kill -9, power) and would be shown as Running for ever."""

from datetime import timedelta
from pathlib import Path

from prefect.automations import Automation, ChangeFlowRunState, EventTrigger, Posture
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

from flows import workspace

SILENCE = timedelta(seconds=90)
"""Three heartbeats (prefect.toml)."""
AUTOMATION = "Runs without a heartbeat have crashed"
ENDS = ("Completed", "Failed", "Drifted", "Cancelled", "Crashed")
"""Names of final states: events go by the name, not by the type."""
ALIVE = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


def mark_dead(root: Path, flows: list[str]) -> None:
    """Mark what a server that was stopped left as running, provided that no run holds a lock of this checkout."""
    if not workspace.idle(root):
        return
    named = FlowFilter(name=FlowFilterName(any_=flows))
    alive = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=ALIVE)))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_filter=named, flow_run_filter=alive):
            client.set_flow_run_state(run.id, Crashed(message="it was gone when the server started"), force=True)


def watch_heartbeats(flows: list[str]) -> None:
    """Make the automation that marks runs of these flows whose heartbeat stops while a server runs, as it is here now.

    Of these alone: a server may be shared, and flows without our prefect.toml send a heartbeat every three minutes.
    """
    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(AUTOMATION)
        for automation in known:
            client.delete_automation(automation.id)
    Automation(
        name=AUTOMATION,
        enabled=all(automation.enabled for automation in known),
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": flows},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="its heartbeat stopped")],
    ).create()
