"""From an intent to a message: choose a shape, fill its frame with phrases and the phrases' slots with words."""

from collections.abc import Sequence

from gencls.sources.generated import Writer
from gencls.sources.intents.grammar import INTENTS, frames, slots
from gencls.sources.intents.surface import roughen
from gencls.sources.surface import sentence

CONFUSABLE_SHARE = 0.5
"""Share of the backgrounds that come from an intent easily confused with the message's own; a contrast always does."""
DONE_SHARE = 0.6
"""Share of the backgrounds that say what has been done; the others say what is not wanted."""
SAY_SHARE = 0.5
"""Share of the requests beside a background that stand without a frame."""
TOPIC_SHARE = 0.3
"""Share of the frames that name a topic ("it is about …"); the others name an action ("I want to …")."""
FUSED_SHARE = 0.25
"""Share of the contrasts whose halves cannot be taken apart."""
REQUEST_LAST = 0.65
"""Share of the backgrounds that stand before the request."""


class Composer(Writer):
    """Writes messages; surface.py adds the carelessness."""

    def text(self, label: str) -> tuple[str, str]:
        """One message of this intent, clean and as typed."""
        clean = self.message(label)
        return clean, roughen(clean, self.rng)

    def message(self, label: str) -> str:
        """One message of this intent."""
        template = self._template(label, self._shape(label))
        words = self._slots()
        filled = template.format(**words).format(**words)  # a filler such as "order {number}" has a slot of its own
        return " ".join(sentence(part) for part in filled.split("|"))

    def _shape(self, label: str) -> str:
        shape = self.rng.choices(list(frames.SHAPES), list(frames.SHAPES.values()))[0]
        return "background" if shape == "reason" and not _reasons(label) else shape

    def _template(self, label: str, shape: str) -> str:
        """Sentences separated by `|`, with slots."""
        intent = INTENTS[label]
        match shape:
            case "ask":
                return self._wanted(label)
            case "say":
                return self.pick(intent.say)
            case "query":
                return self.pick(intent.query)
            case "twin":
                return self.rng.choice(intent.twins)  # none is held back: each is its own riddle
            case "contrast":
                return self._contrast(label)
            case "reason":
                _, statements = frames.REASONS[self.rng.choice(_reasons(label))]
                return f"{self.pick(statements)}|{self._fill(frames.ASK, t=intent.do)}"
            case _:
                return self._background(label)

    def _wanted(self, label: str) -> str:
        """A request by itself."""
        if self.rng.random() < TOPIC_SHARE:
            return self._fill(frames.TOPIC, t=INTENTS[label].about)
        return self._fill(frames.ASK, t=INTENTS[label].do)

    def _refused(self, label: str) -> str:
        """What is not wanted, in the same words as a request."""
        if self.rng.random() < TOPIC_SHARE:
            return self._fill(frames.TOPIC_NOT, d=INTENTS[label].about)
        return self._fill(frames.ASK_NOT, d=INTENTS[label].do)

    def _contrast(self, label: str) -> str:
        """The intent beside one that it is confused with and that is not wanted."""
        refused = self.rng.choice(INTENTS[label].confusable)
        if self.rng.random() < FUSED_SHARE:
            return self._fill(frames.FUSED, t=INTENTS[label].do, d=INTENTS[refused].do)
        join = self.rng.choice(frames.JOINS)
        joined = join.replace("{yes}", self._wanted(label)).replace("{no}", self._refused(refused))
        return joined.replace("?, but ", "?|").replace("?, ", "?|")

    def _background(self, label: str) -> str:
        """A closed matter of another intent beside the request."""
        others = INTENTS[label].confusable
        if self.rng.random() >= CONFUSABLE_SHARE:
            others = tuple(other for other in INTENTS if other != label)
        other = self.rng.choice(others)
        closed = self.pick(INTENTS[other].done) if self.rng.random() < DONE_SHARE else self._refused(other)
        request = self.pick(INTENTS[label].say) if self.rng.random() < SAY_SHARE else self._wanted(label)
        if self.rng.random() < REQUEST_LAST:
            return f"{closed}|{self.rng.choice(frames.LINKS)} {request}"
        return f"{request}|{self.rng.choice(frames.ASIDES)} {closed}"

    def _fill(self, patterns: Sequence[str], **parts: Sequence[str]) -> str:
        pattern = self.pick(patterns)
        for name, phrases in parts.items():
            pattern = pattern.replace(f"{{{name}}}", self.pick(phrases))
        return pattern

    def _slots(self) -> dict[str, str]:
        """One word or phrase per slot."""
        hard = self.rng.random() < len(slots.HARD_ITEMS) / (len(slots.HARD_ITEMS) + len(slots.SOFT_ITEMS))
        item, item2 = self.rng.sample(slots.HARD_ITEMS if hard else slots.SOFT_ITEMS, 2)
        colour, other = self.rng.sample(slots.COLOURS, 2)
        day, day2 = self.rng.sample(slots.DAYS, 2)
        place, place2 = self.rng.sample(slots.PLACES, 2)
        one_of = {
            "order": slots.ORDERS,
            "parcel": slots.PARCELS,
            "sub": slots.SUBSCRIPTIONS,
            "month": slots.MONTHS,
            "ago": slots.AGO,
            "days": slots.DAY_COUNTS,
            "span": slots.SPANS,
            "slot": slots.DELIVERY_TIMES,
            "device": slots.DEVICES,
            "variant": slots.VARIANTS,
            "broken": slots.HARD_DAMAGE if hard else slots.SOFT_DAMAGE,
        }
        return {slot: self.rng.choice(fillers) for slot, fillers in one_of.items()} | {
            "item": item, "a_item": _with_article(item), "item2": item2, "a_item2": _with_article(item2),
            "colour": colour, "other": other, "day": day, "day2": day2, "place": place, "place2": place2,
            "number": str(self.rng.randrange(10_000, 100_000)),
            "amount": f"{self.rng.randrange(8, 180)} {self.rng.choice(('pounds', 'euros', 'dollars'))}",
        }  # fmt: skip


def _reasons(label: str) -> list[str]:
    """Open problems that may stand before a request of this intent."""
    return [problem for problem, (requests, _) in frames.REASONS.items() if label in requests]


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
