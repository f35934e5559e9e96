"""Dynamic micro-batching: what arrives within a few milliseconds goes through the model together, in one thread.

A batch is full at a number of rows; how many tokens go through the model at a time is the bundle's matter (`batch_tokens`), under it.
While one batch is with the model the next one gathers, so a busy server has large batches and an idle one answers at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gencls.classifier import Classifier, Prediction
from gencls.errors import InputError
from gencls.serve.meters import Meters
from gencls.serve.options import Limits


class Full(Exception):
    """So many rows are waiting that these find no room."""


@dataclass(frozen=True)
class Job:
    """Texts of one request.

    Attributes:
        due: when they have waited long enough for others, on the loop's clock.
    """

    texts: list[str]
    due: float
    answer: "asyncio.Future[list[Prediction]]"


class Batcher:
    """Answers texts while `run` runs.

    Args:
        load: makes the classifier, in the thread that will use it.
    """

    def __init__(self, load: Callable[[], Classifier], limits: Limits, meters: Meters) -> None:
        self._load, self._limits, self._meters = load, limits, meters
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._rows = 0
        self.ready = False

    async def answer(self, texts: list[str]) -> list[Prediction]:
        """Predictions, in order.

        Raises:
            Full: try again later.
            InputError: a prompt is too long even without its text.
        """
        if self._rows + len(texts) > self._limits.queue:
            raise Full
        loop = asyncio.get_running_loop()
        job = Job(texts, loop.time() + self._limits.wait_ms / 1000, loop.create_future())
        self._count(len(texts))
        try:
            self._jobs.put_nowait(job)
            return await job.answer
        finally:
            self._count(-len(texts))

    async def run(self) -> None:
        """Load the model, then answer until cancelled.

        Raises:
            InputError: the model cannot be loaded.
        """
        loop = asyncio.get_running_loop()
        classifier = await loop.run_in_executor(self._thread, self._load)
        self.ready = True
        while True:
            await self._predict(classifier, await self._gather())

    async def _gather(self) -> list[Job]:
        """At least one job, and what comes until that one is due or the batch is full."""
        jobs = [await self._jobs.get()]
        rows = len(jobs[0].texts)
        while rows < self._limits.batch_rows:
            try:
                async with asyncio.timeout_at(jobs[0].due):
                    jobs.append(await self._jobs.get())
            except TimeoutError:
                break
            rows += len(jobs[-1].texts)
        return jobs

    async def _predict(self, classifier: Classifier, jobs: Sequence[Job]) -> None:
        """Settle jobs together. If a text is refused, each is asked alone, so that an error goes to who caused it."""
        texts = [text for job in jobs for text in job.texts]
        asked = asyncio.get_running_loop().run_in_executor(self._thread, classifier.predict, texts)
        await asyncio.wait([asked])
        error = asked.exception()
        if isinstance(error, InputError) and len(jobs) > 1:
            for job in jobs:
                await self._predict(classifier, [job])
            return
        self._meters.batch_rows.observe(len(texts))
        answers = iter(asked.result() if error is None else ())
        for job in jobs:
            if error is not None:
                job.answer.set_exception(error)
            else:
                job.answer.set_result([next(answers) for _ in job.texts])

    def _count(self, rows: int) -> None:
        self._rows += rows
        self._meters.queue_rows.set(self._rows)
