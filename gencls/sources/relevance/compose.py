"""From a query and a note to one text, and the carelessness of typing."""

import random

from gencls.sources.generated import Writer
from gencls.sources.relevance import wording
from gencls.sources.relevance.catalogue import FAMILIES, PRODUCTS, TRAITS, choices
from gencls.sources.relevance.draw import draw
from gencls.sources.relevance.relation import Claim, Note, Query
from gencls.sources.surface import mistype, punctuate, recase, sentence

BEFORE_SHARE = 0.5
"""Share of the wished-for traits that stand before the product."""
MOST_BEFORE = 2
USUAL_SHARE = 0.75
"""Share of the products that go by their usual name."""
COMPANION_SHARE = 0.15
"""Share of the notes that mention another product; of those that are not about the query's product, as many again mention that."""
VARIANT_SHARE = 0.2
"""Share of the notes that mention another version; where a version was asked for that the note is not about, as many again mention that."""
CLOSING_SHARE = 0.5
TAGS_SHARE = 0.6
LOWER_SHARE = 0.8
"""Share of the queries without capitals."""


class Composer(Writer):
    """Writes queries and notes."""

    def text(self, label: str) -> tuple[str, str]:
        """A query and a note of this grade in one text, clean and as typed."""
        query, note = draw(label, self.rng)
        asked, told = self.query(query), self.note(note, query)
        typed = mistype(asked.lower() if self.rng.random() < LOWER_SHARE else asked, self.rng)
        return _joined(asked, told), _joined(typed, _roughen(told, self.rng))

    def query(self, query: Query) -> str:
        """What is typed into the search box."""
        before: list[str] = []
        after: list[str] = []
        for wish in query.wishes:
            trait = TRAITS[wish.trait]
            if not wish.holds:
                after.append(self.pick(trait.without))
            elif len(before) < MOST_BEFORE and self.rng.random() < BEFORE_SHARE:
                before.append(self.pick(trait.before))
            else:
                after.append(self.pick(trait.after))
        if query.limit is not None:
            after.append(self.pick(wording.LIMITS).format(n=query.limit))
        self.rng.shuffle(after)
        wanted = " ".join([*before, self._name(query.product), self.rng.choice((" ", ", ")).join(after)])
        return self.pick(wording.QUERIES).format(q=wanted.strip()).format(**_number(query.product))

    def note(self, note: Note, query: Query) -> str:
        """What was posted."""
        if note.product is None:
            sentences = self._everyday(query)
        else:
            sentences = [self._claim(claim) for claim in note.claims] + self._variant(note, query) + self._companion(note, query)
            if note.price is not None:
                sentences.append(self.pick(wording.PRICES).format(p=note.price, was="{was}"))
            self.rng.shuffle(sentences)
            opening = self._named(self.pick(wording.OPENINGS), note.product)
            sentences = [opening, *sentences, *([self.pick(wording.CLOSINGS)] if self.rng.random() < CLOSING_SHARE else [])]
        words = _number(note.product or query.product)
        return " ".join(sentence(part.format(**words)) for part in sentences) + self._tags(note)

    def _claim(self, claim: Claim) -> str:
        trait = TRAITS[claim.trait]
        return self.pick(trait.yes if claim.holds else trait.no)

    def _companion(self, note: Note, query: Query) -> list[str]:
        """A sentence about another product."""
        if note.product != query.product and self.rng.random() < COMPANION_SHARE:
            return [self._named(self.pick(wording.COMPANIONS), query.product)]
        if self.rng.random() < COMPANION_SHARE:
            others = [name for name in PRODUCTS if name not in (note.product, query.product)]
            return [self._named(self.pick(wording.COMPANIONS), self.rng.choice(others))]
        return []

    def _variant(self, note: Note, query: Query) -> list[str]:
        """A sentence about another version of the product."""
        assert note.product is not None
        family = PRODUCTS[note.product].family
        versions = [trait for kind in FAMILIES[family].kinds for trait in choices(family, kind) if TRAITS[trait].bystander]
        versions = [version for version in versions if Claim(version, holds=True) not in note.claims]
        wished = [wish.trait for wish in query.wishes if wish.holds and wish.trait in versions]
        if wished and self.rng.random() < VARIANT_SHARE:
            versions = wished
        elif self.rng.random() >= VARIANT_SHARE:
            return []
        return [self.pick(wording.VARIANTS).replace("{adjective}", TRAITS[self.rng.choice(versions)].bystander)]

    def _everyday(self, query: Query) -> list[str]:
        sentences = self.rng.sample(self.rng.choice(list(wording.EVERYDAY.values())), self.rng.choice((2, 3, 4)))
        if self.rng.random() < COMPANION_SHARE:
            sentences.append(self._named(self.pick(wording.COMPANIONS), query.product))
        return sentences

    def _named(self, frame: str, product: str) -> str:
        return frame.replace("{name}", self._name(product)).replace("{a_name}", self._a_name(product))

    def _name(self, product: str) -> str:
        usual, *others = PRODUCTS[product].names
        return usual if self.rng.random() < USUAL_SHARE else self.rng.choice(others)

    def _a_name(self, product: str) -> str:
        name = self._name(product)
        return name if PRODUCTS[product].plural else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    def _tags(self, note: Note) -> str:
        """The usual name of the product and something that says nothing."""
        if self.rng.random() >= TAGS_SHARE:
            return ""
        product = [PRODUCTS[note.product].names[0]] if note.product else []
        tags = [*product, *self.rng.sample(wording.TAGS, self.rng.choice((0, 1, 2)))]
        return "".join(f" #{tag.replace(' ', '')}" for tag in tags)


def _joined(query: str, note: str) -> str:
    return f"Query: {query}\nNote: {note}"


def _roughen(note: str, rng: random.Random) -> str:
    return recase(punctuate(mistype(note, rng), rng), rng)


SINGULAR = {"it": "it", "them": "it", "is": "is", "was": "was", "has": "has", "does": "does", "s": "s", "es": "es", "one": "one"}
PLURAL = {"it": "they", "them": "them", "is": "are", "was": "were", "has": "have", "does": "do", "s": "", "es": "", "one": "pair"}
"""The slots that follow a product's number."""


def _number(product: str) -> dict[str, str]:
    return PLURAL if PRODUCTS[product].plural else SINGULAR
