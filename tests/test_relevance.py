"""The generated data set `relevance`: the grade follows from a relation, the text says what it rests on, words alone do not."""

import random
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Generic, TypeVar

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from gencls.sources.relevance import ROWS, generate, wording
from gencls.sources.relevance.catalogue import FAMILIES, KINDS, PRODUCTS, TRAITS, choices
from gencls.sources.relevance.compose import PLURAL, SINGULAR, Composer
from gencls.sources.relevance.draw import draw
from gencls.sources.relevance.relation import GRADES, Claim, Note, Query, grade

T = TypeVar("T")
LEATHER, NO_LEATHER, BLACK, WOOL = Claim("leather", True), Claim("leather", False), Claim("black", True), Claim("wool", True)


@pytest.mark.parametrize(
    ("query", "note", "expected"),
    [
        (Query("boots"), Note("boots"), "exact"),
        (Query("boots", (LEATHER,)), Note("boots", (BLACK, LEATHER)), "exact"),
        (Query("boots", (LEATHER,)), Note("boots", (BLACK,)), "partial"),
        (Query("boots", (LEATHER,)), Note("boots", (WOOL,)), "partial"),
        (Query("boots", (LEATHER, BLACK)), Note("boots", (LEATHER, Claim("red", True))), "partial"),
        (Query("boots", (NO_LEATHER,)), Note("boots", (LEATHER,)), "partial"),
        (Query("boots", (NO_LEATHER,)), Note("boots", (NO_LEATHER,)), "exact"),
        (Query("boots", (NO_LEATHER,)), Note("boots", (WOOL,)), "exact"),
        (Query("boots", (NO_LEATHER,)), Note("boots", (BLACK,)), "partial"),
        (Query("coat", (Claim("hood", False),)), Note("coat", (BLACK,)), "partial"),
        (Query("coat", (Claim("hood", False),)), Note("coat", (Claim("hood", False),)), "exact"),
        (Query("boots", limit=50), Note("boots", price=50), "exact"),
        (Query("boots", limit=50), Note("boots", price=51), "partial"),
        (Query("boots", limit=50), Note("boots"), "partial"),
        (Query("boots", (LEATHER,)), Note("sandals", (LEATHER,)), "related"),
        (Query("boots", (LEATHER,)), Note("handbag", (LEATHER,)), "irrelevant"),
        (Query("boots"), Note(None), "irrelevant"),
    ],
)
def test_the_grade_follows_from_what_is_asked_and_what_is_said(query: Query, note: Note, expected: str) -> None:
    assert grade(query, note) == expected


def forms(phrases: Iterable[str]) -> set[str]:
    """Phrases in singular and plural."""
    return {phrase.format(**number) for phrase in phrases for number in (SINGULAR, PLURAL)}


ASKED = [
    (phrase.lower(), Claim(name, holds))
    for name, trait in TRAITS.items()
    for holds, phrases in ((True, (*trait.before, *trait.after)), (False, trait.without))
    for phrase in forms(phrases)
]
SAID = [
    (phrase.lower(), Claim(name, holds))
    for name, trait in TRAITS.items()
    for holds, phrases in ((True, trait.yes), (False, trait.no))
    for phrase in forms(phrases)
]
NAMES = [(name.lower(), product) for product, entry in PRODUCTS.items() for name in entry.names]


class Reader(Generic[T]):
    """Finds phrases, at each place the longest, and what they mean."""

    def __init__(self, meanings: Iterable[tuple[str, T]]) -> None:
        self.meanings = dict(meanings)
        self.pattern = either(self.meanings)

    def __call__(self, text: str) -> tuple[str, list[T]]:
        """The text without them, and their meanings."""
        return self.pattern.sub("~", text), [self.meanings[match[0]] for match in self.pattern.finditer(text)]


class Number:
    """Finds the number in a frame."""

    def __init__(self, frames: Iterable[str], slot: str) -> None:
        filled = forms(frame.replace(f"{{{slot}}}", "7654321") for frame in frames)
        self.pattern = re.compile(either(filled).pattern.replace("7654321", r"(\d+)"))

    def __call__(self, text: str) -> int | None:
        match = self.pattern.search(text)
        return next(int(group) for group in match.groups() if group) if match else None


def either(phrases: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted((re.escape(phrase.lower()) for phrase in phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


products, asked_for, claimed = Reader(NAMES), Reader(ASKED), Reader(SAID)
limit, price = Number(wording.LIMITS, "n"), Number(wording.PRICES, "p")
ADJECTIVES = {trait.bystander for trait in TRAITS.values() if trait.bystander}
in_passing = either(
    [
        *forms(
            frame.format(name=name, a_name=f"{article}{name}")
            for frame in wording.COMPANIONS
            for name, _ in NAMES
            for article in ("", "a ", "an ")
        ),
        *forms(frame.replace("{adjective}", adjective) for frame in wording.VARIANTS for adjective in ADJECTIVES),
    ]
)


def read_query(text: str) -> Query:
    text, (product,) = products(text.lower())
    _, wishes = asked_for(text)
    return Query(product, tuple(wishes), limit(text))


def read_note(text: str) -> Note:
    """By the grammar alone: tags and what is said in passing go first, then comes the product, then what is said of it."""
    text, found = products(in_passing.sub("~", text.lower().split(" #")[0]))
    assert len(found) <= 1, text
    _, claims = claimed(text)
    return Note(found[0] if found else None, tuple(claims), price(text))


@pytest.mark.parametrize("label", GRADES)
def test_the_text_says_all_that_the_grade_rests_on(label: str) -> None:
    composer = Composer(random.Random(7), all_phrases=True)
    for _ in range(150):
        query, note = draw(label, composer.rng)
        asked, told = composer.query(query), composer.note(note, query)
        found = read_query(asked)
        assert (found.product, set(found.wishes), found.limit) == (query.product, set(query.wishes), query.limit), asked
        said = read_note(told)
        assert (said.product, set(said.claims), said.price) == (note.product, set(note.claims), note.price), told
        assert grade(found, said) == label


def test_no_phrase_means_two_things() -> None:
    for meanings in (ASKED, SAID):
        for phrase in {phrase for phrase, _ in meanings}:
            assert len({meaning for other, meaning in meanings if other == phrase}) == 1, phrase
    assert len({name for name, _ in NAMES}) == len(NAMES)


@pytest.mark.parametrize("label", GRADES)
def test_a_note_claims_one_thing_of_a_kind(label: str) -> None:
    rng = random.Random(7)
    for _ in range(200):
        _query, note = draw(label, rng)
        kinds = [KINDS.get(claim.trait, (claim.trait,)) for claim in note.claims]
        assert len(kinds) == len(set(kinds))


def test_a_note_gets_another_grade_under_another_query() -> None:
    rng = random.Random(7)
    pairs = [draw("exact", rng) for _ in range(300)]
    shifted = {grade(query, note) for (query, _), (_, note) in pairwise(pairs)}
    assert shifted == set(GRADES)


def test_the_catalogue_is_complete() -> None:
    assert {product.family for product in PRODUCTS.values()} == set(FAMILIES)
    for family in FAMILIES:
        assert len([product for product in PRODUCTS.values() if product.family == family]) > 1, "no related product could be drawn"
        for kind in FAMILIES[family].kinds:
            assert all(trait in TRAITS for trait in choices(family, kind))
    for name, trait in TRAITS.items():
        assert name in KINDS or trait.no, f"{name}: nothing contradicts it"


def test_grades_are_nearly_balanced_and_the_text_has_both_parts() -> None:
    test = generate(ROWS, noise=0.04, seed=7)["test"]
    shares = test["label"].value_counts(normalize=True)
    assert shares.max() < 0.35 and shares.min() > 0.15 and shares.max() > shares.min()
    assert test["text"].str.fullmatch(r"Query: [^\n]+\nNote: [^\n]+").all()


def compared(text: str) -> list[str]:
    """Words of both parts, and which words of the query stand in the note and which do not."""
    query, note = (set(re.findall(r"\w+", part.lower())) for part in text.removeprefix("Query: ").split("\nNote: "))
    shared = query & note
    return [*query, *note, *(f"both {word}" for word in shared), *(f"only {word}" for word in query - note), *["both"] * len(shared)]


def test_a_bag_of_words_finds_something_and_one_that_compares_the_parts_more() -> None:
    frames = generate(ROWS, noise=0.04, seed=7)
    scores = []
    for vectorizer in (TfidfVectorizer(), TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer=compared)):
        model = make_pipeline(vectorizer, LogisticRegression(max_iter=500))
        model.fit(frames["train"]["text"], frames["train"]["clean_label"])
        scores.append(model.score(frames["test"]["text"], frames["test"]["label"]))
    *bags, comparing = scores
    majority = frames["test"]["label"].value_counts(normalize=True).max()
    assert majority + 0.1 < min(bags) and max(bags) < 0.75
    assert comparing > max(bags) + 0.05
