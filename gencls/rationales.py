"""Stage two a of the two-stage recipe: a reasoner writes a rationale for each training row, and what is no good is written anew.

Only training rows may come here: a rationale that has seen the gold label of a row to be evaluated would hand that label over.

A draft that is empty, does not end, or repeats itself is written again with other random numbers, `attempts` times in all; then the row has
none. Drafts are kept in parts of `PART` rows, so a run that was killed goes on from the last part and ends with the same rationales.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gencls import reasoning
from gencls.encode import shared_prefix
from gencls.generation import Sampling, Writer
from gencls.params import Rationalise
from gencls.progress import Ticker, say
from gencls.reasoner import Frame

PART = 512
"""Rows that are written together, wherever a run was killed: the rows beside one change its sums in the last digits."""
Draft = dict[str, str | None]
"""text, and fault or None."""


@dataclass(frozen=True)
class Written:
    """What a reasoner made of some rows.

    Attributes:
        rationales: per row its rationale, None where every draft was no good.
        redrafted: drafts that were written anew.
        dropped: what was wrong with the last draft of the rows without a rationale.
    """

    rationales: list[str | None]
    redrafted: int
    dropped: Counter[str] = field(default_factory=Counter)

    def record(self) -> dict[str, Any]:
        """For a summary."""
        return {"redrafted": self.redrafted, "dropped": {name: self.dropped[name] for name in ("empty", "endless", "repeats")}}


class Rationaliser:
    """Asks a reasoner.

    Args:
        seed: what random numbers of a row and attempt are drawn from.
        scratch: folder for the parts; what is there is not written again.
    """

    def __init__(self, model: Any, frame: Frame, section: Rationalise, *, seed: Sequence[int], scratch: Path) -> None:
        self._frame, self._section, self._seed, self._scratch = frame, section, list(seed), scratch
        end = frame.tokenizer.eos_token_id
        self._writer = Writer(model, frame.tokenizer, end=end, longest=frame.longest + 1, batch_tokens=section.batch_tokens)

    def __call__(self, pairs: Sequence[tuple[str, str | None]]) -> Written:
        """Rationales for texts with their gold labels, or None for a blind one."""
        rationales: list[str | None] = [None] * len(pairs)
        prompts = [row.ids for row in self._frame.encode(pairs)]
        prefix = shared_prefix(prompts)
        todo, redrafted, faults = list(range(len(pairs))), 0, Counter[str]()
        for attempt in range(self._section.attempts):
            redrafted += len(todo) if attempt else 0
            again, faults = [], Counter[str]()
            for row, draft in zip(todo, self._attempt(attempt, todo, prompts, prefix), strict=True):
                if draft["fault"] is None:
                    rationales[row] = draft["text"]
                else:
                    again.append(row)
                    faults[draft["fault"]] += 1
            say(f"draft {attempt + 1}: {len(todo) - len(again)} of {len(todo)} rationales are good")
            todo = again
            if not todo:
                break
        return Written(rationales, redrafted, faults)

    def _attempt(self, attempt: int, todo: Sequence[int], prompts: Sequence[list[int]], prefix: Sequence[int]) -> Iterator[Draft]:
        """A draft for each row of `todo`: of a part from its file, or made and kept there."""
        parts = [(self._scratch / f"{attempt}-{start:08d}.json", todo[start : start + PART]) for start in range(0, len(todo), PART)]
        done = sum(len(rows) for part, rows in parts if part.exists())
        ticker = Ticker(f"draft {attempt + 1}: written", len(todo), done)
        for part, rows in parts:
            if not part.exists():

                def tick(written: int, before: int = done) -> None:
                    ticker.at(before + written)

                drafts = self._drafts(attempt, rows, prompts, prefix, tick)
                part.parent.mkdir(parents=True, exist_ok=True)
                unfinished = part.with_suffix(".unfinished")
                unfinished.write_text(json.dumps(drafts, ensure_ascii=False), encoding="utf-8")
                unfinished.replace(part)
                done += len(rows)
            yield from json.loads(part.read_text(encoding="utf-8"))

    def _drafts(
        self, attempt: int, rows: Sequence[int], prompts: Sequence[list[int]], prefix: Sequence[int], tick: Callable[[int], None]
    ) -> list[Draft]:
        def draws(i: int) -> Any:
            return np.random.default_rng([*self._seed, attempt, rows[i]]).random(self._frame.longest + 1)

        tokenizer, longest = self._frame.tokenizer, self._frame.longest
        sampling = Sampling(self._section.temperature, self._section.top_p, draws)
        written = self._writer([prompts[row] for row in rows], prefix, sampling, tick)
        texts = [tokenizer.decode(ids[:-1] if ids[-1] == tokenizer.eos_token_id else ids).strip() for ids in written]
        ended = [ids[-1] == tokenizer.eos_token_id for ids in written]
        again = reasoning.encode(texts, tokenizer)  # as a classifier will be taught it
        return [
            {"text": text, "fault": reasoning.fault(ids, ended=end, longest=longest)}
            for text, ids, end in zip(texts, again, ended, strict=True)
        ]
