"""Runs DVC's stages in the order of its graph, independent ones side by side: one Prefect task per stage, one `dvc repro` child per task.

DVC is the only cache; Prefect's would say "Cached" for outputs that are gone. Tasks are threads that wait for a child. They carry no
tags: with a tag per kind of stage Prefect takes seconds to submit each.

A stage with `meta: {gpu: n}` in dvc.yaml waits until n devices are free and sees only those. Without a GPU it is a stage like any other.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence

from prefect import allow_failure, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Cancelled, Completed, Failed

from flows.dag import Node
from flows.execute import Executor, Outcome


@task(name="stage", task_run_name="{node.name}", cache_policy=NO_CACHE, persist_result=False)
def run_stage(node: Node, executor: Executor, *, devices: Sequence[str], blockers: Sequence[str]) -> State:
    """One stage, unless `blockers` before it failed; the state's name is what DVC did: Cached, Restored or Completed."""
    if blockers:
        outcome = Outcome("Skipped", f"{', '.join(blockers)} did not complete")
    else:
        outcome = executor.run(node, devices, get_run_logger().info)
    if outcome.did == "Failed":
        return Failed(message=outcome.message)
    final = Cancelled if outcome.did in ("Skipped", "Stopped") else Completed
    return final(name=outcome.did, message=outcome.message)


class Schedule:
    """The stages of one run: those that wait, those that run, those that are done."""

    def __init__(self, nodes: Sequence[Node], executor: Executor, jobs: int) -> None:
        self._waiting, self._executor, self._jobs = list(nodes), executor, jobs
        self._gpus = visible_gpus()
        self._free = list(self._gpus)
        self._futures: dict[str, PrefectFuture[State]] = {}
        self._running: dict[PrefectFuture[State], tuple[Node, list[str]]] = {}
        self.states: dict[str, State] = {}
        """Final state per stage."""

    def run(self) -> State:
        """Go through all stages; a failed one stops only what depends on it. Whatever interrupts this ends every child."""
        try:
            while self._waiting or self._running:
                self._start_ready()
                self._finish(next(as_completed(list(self._running))))
        except BaseException:
            self._executor.stop()
            raise
        return summary(self.states)

    def _start_ready(self) -> None:
        for node in list(self._waiting):
            if len(self._running) == self._jobs:
                return
            wanted = min(node.gpus, len(self._gpus))
            if wanted > len(self._free) or any(name not in self.states for name in node.upstream):
                continue
            devices, self._free = self._free[:wanted], self._free[wanted:]
            self._waiting.remove(node)
            self._submit(node, devices)

    def _submit(self, node: Node, devices: list[str]) -> None:
        """`wait_for` draws the edges; Prefect would not start the task after a cancelled one."""
        future = run_stage.submit(
            node,
            self._executor,
            devices=devices,
            blockers=[name for name in node.upstream if not self.states[name].is_completed()],
            wait_for=[allow_failure(self._futures[name]) for name in node.upstream if not self.states[name].is_cancelled()],
        )
        self._futures[node.name] = future
        self._running[future] = node, devices

    def _finish(self, future: PrefectFuture[State]) -> None:
        future.wait()  # as_completed returns before the final state is set
        node, devices = self._running.pop(future)
        self.states[node.name] = future.state
        self._free += devices


def summary(states: dict[str, State]) -> State:
    """State of the whole run."""
    counts = Counter(state.name for state in states.values())
    message = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no stages"
    failed = [f"{name}: {state.message}" for name, state in states.items() if not state.is_completed() and state.name != "Skipped"]
    return Failed(message=f"{'; '.join(failed)} ({message})") if failed else Completed(message=message)


def visible_gpus() -> list[str]:
    """CUDA devices of this machine, or those of them that CUDA_VISIBLE_DEVICES leaves."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [device for device in visible.split(",") if device.strip() not in ("", "-1")]
    if not shutil.which("nvidia-smi"):
        return []
    listed = subprocess.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=False)
    return listed.stdout.split() if listed.returncode == 0 else []
