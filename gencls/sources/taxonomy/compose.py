"""From a leaf to a query: choose a shape and fill it."""

from gencls.sources.generated import Writer
from gencls.sources.surface import mistype
from gencls.sources.taxonomy import wording
from gencls.sources.taxonomy.ambiguous import AMBIGUOUS
from gencls.sources.taxonomy.tree import LEAVES, TOPS

MAKER_SHARE = 0.4
"""Share of the brands that belong to the whole top; what stands beside them decides the leaf."""
MODEL_SHARE = 0.5
"""Share of the brands that are followed by the number of a model."""
TITLE_SHARE = 0.1
"""Share of the queries that begin with a capital."""


class Composer(Writer):
    """Writes queries."""

    def text(self, label: str) -> tuple[str, str]:
        """One query for this leaf, clean and as typed."""
        clean = self.query(label)
        typed = mistype(clean, self.rng)
        return clean, typed.capitalize() if self.rng.random() < TITLE_SHARE else typed

    def query(self, label: str) -> str:
        """One query for this leaf."""
        leaf = LEAVES[label]
        match self._shape(label):
            case "thing":
                return self._framed(self.pick(leaf.things))
            case "detailed":
                return self._framed(f"{self.pick(leaf.things)} {self._detail(label)}")
            case "need":
                return self.pick(wording.NEEDS).format(n=self.pick(leaf.needs))
            case "brand":
                return self._brand(label)
            case "riddle":
                return self._framed(self.rng.choice(leaf.riddles))  # none is held back: each stands for itself
            case _:
                word = self.rng.choice(ambiguous(label))
                return self._framed(self.rng.choice(AMBIGUOUS[word][label]).format(w=word))

    def _shape(self, label: str) -> str:
        shape = self.rng.choices(list(wording.SHAPES), list(wording.SHAPES.values()))[0]
        return "riddle" if shape == "ambiguous" and not ambiguous(label) else shape

    def _detail(self, label: str) -> str:
        """A property of the leaf, of its whole top, or of anything."""
        return self.pick(self.rng.choice((LEAVES[label].details, TOPS[label.split("/")[0]].details, wording.EXTRAS)))

    def _brand(self, label: str) -> str:
        leaf = LEAVES[label]
        model = f" {self.rng.choice('acegkqrstxz')}{self.rng.randrange(1, 100) * 10}" if self.rng.random() < MODEL_SHARE else ""
        if self.rng.random() < MAKER_SHARE:
            maker = self.rng.choice(TOPS[label.split("/")[0]].makers)
            return self._framed(f"{maker}{model} {self.pick(self.rng.choice((leaf.things, leaf.details)))}")
        extra = f" {self._detail(label)}" if self.rng.random() < 0.5 else ""
        return self._framed(f"{self.rng.choice(leaf.brands)}{model}{extra}")

    def _framed(self, query: str) -> str:
        return self.pick(wording.FRAMES).format(q=query)


def ambiguous(label: str) -> list[str]:
    """Words that mean something in this leaf and something else in another."""
    return [word for word, leaves in AMBIGUOUS.items() if label in leaves]
