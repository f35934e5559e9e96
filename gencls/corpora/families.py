"""Task families of the builtin corpus in English: a reasoning quotes what decides and says why.

None of them is a classification data set of this project, and none has its labels.
"""

import random
from collections.abc import Callable

from gencls.corpora.rows import Row

KINDS = {
    "fruit": ("apple", "pear", "plum", "cherry", "peach", "fig", "grape", "melon"),
    "tool": ("hammer", "saw", "drill", "wrench", "chisel", "pliers", "file"),
    "bird": ("sparrow", "robin", "owl", "crow", "heron", "swallow", "wren"),
    "instrument": ("violin", "flute", "drum", "harp", "trumpet", "cello", "organ"),
    "garment": ("coat", "scarf", "shirt", "skirt", "glove", "sock", "jacket"),
    "vehicle": ("bicycle", "lorry", "tram", "ferry", "wagon", "sledge", "canoe"),
}
HOBBIES = {
    "gardening": ("weeds", "seedlings", "the compost", "a watering can", "the hedge", "tulip bulbs"),
    "cooking": ("the oven", "a pinch of salt", "the dough", "a frying pan", "the recipe", "a wooden spoon"),
    "sailing": ("the mast", "a headwind", "the harbour", "an anchor", "the rudder", "high tide"),
    "chess": ("the queen", "checkmate", "a pawn", "the endgame", "an opening", "castling"),
    "photography": ("a lens", "the shutter", "a tripod", "the exposure", "a dark room", "the flash"),
    "cycling": ("the pedals", "a flat tyre", "the handlebars", "a steep climb", "the chain", "the saddle"),
}
PRAISE = ("lovely", "crisp", "friendly", "spotless", "generous", "charming", "fresh", "quick")
BLAME = ("rude", "cold", "filthy", "stale", "noisy", "broken", "slow", "overpriced")
THINGS = ("soup", "room", "waiter", "bed", "garden", "music", "bread", "window", "service", "view")
PLACES = {
    "kitchen": ("a ladle", "a kettle", "a bread knife", "a colander"),
    "garage": ("a spare tyre", "engine oil", "a car jack", "a tow rope"),
    "office": ("a stapler", "a printer", "a whiteboard", "a filing cabinet"),
    "farm": ("a plough", "a hay bale", "a milking stool", "a scarecrow"),
    "beach": ("a sand castle", "a parasol", "driftwood", "a lifeguard"),
    "library": ("a reading lamp", "a book cart", "an atlas", "a card catalogue"),
}
NAMES = ("Ann", "Ben", "Cara", "Dan", "Eva", "Finn", "Gita", "Hugo", "Ida", "Jon", "Kim", "Lea")


def odd_one_out(rng: random.Random) -> Row:
    """Which word is of another kind."""
    usual, other = rng.sample(sorted(KINDS), 2)
    odd, same = rng.choice(KINDS[other]), rng.sample(KINDS[usual], 3)
    words = rng.sample([*same, odd], 4)
    reasoning = rng.choice(
        (
            f'"{same[0]}", "{same[1]}" and "{same[2]}" are each a {usual}, but "{odd}" is a {other}.',
            f'A {odd} is a {other}; the others, such as "{same[0]}", are of the kind {usual}.',
        )
    )
    return Row(f"Which word does not belong: {', '.join(words)}?", odd, reasoning)


def hobby(rng: random.Random) -> Row:
    """What a note is about."""
    name = rng.choice(sorted(HOBBIES))
    first, second = rng.sample(HOBBIES[name], 2)
    who, day = rng.choice(NAMES), rng.choice(("today", "on Monday", "all weekend", "last night", "before lunch"))
    note = rng.choice(
        (
            f"{who} thought about {first} {day} and then about {second}",
            f"{day} it was {first} again, and {who} would not stop talking of {second}",
            f"first {first}, then {second}: {who} was busy {day}",
        )
    )
    reasoning = rng.choice(
        (
            f'"{first}" and "{second}" belong to {name}.',
            f'The note speaks of "{first}", which one meets in {name}, and "{second}" fits that.',
            f'The telling words are "{first}" and "{second}". Both are about {name}.',
        )
    )
    return Row(f"{note}. What is the hobby?", name, reasoning)


def opinion(rng: random.Random) -> Row:
    """Whether a visitor would come again."""
    words, answer, verdict = rng.choice(((PRAISE, "yes", "praise"), (BLAME, "no", "complaints")))
    (a, b), (x, y) = rng.sample(THINGS, 2), rng.sample(words, 2)
    note = rng.choice((f"the {a} was {x} and the {b} {y}", f"{x} {a}, and such a {y} {b}", f"we found the {a} {x}, the {b} was {y} too"))
    reasoning = rng.choice(
        (
            f'"{x}" and "{y}" are {verdict}, so the writer {"is" if answer == "yes" else "is not"} content.',
            f'The writer calls the {a} "{x}" and the {b} "{y}". These are words of {verdict}.',
            f'"{x}" says how the writer feels about the {a}, and "{y}" says the same: {verdict}.',
        )
    )
    return Row(f"{note}. Will the writer come again?", answer, reasoning)


def place(rng: random.Random) -> Row:
    """Where a thing is most likely found."""
    here, other, third = rng.sample(sorted(PLACES), 3)
    thing = rng.choice(PLACES[here])
    choices = rng.sample([here, other, third], 3)
    listed = "\n".join(f"({letter}) {choice}" for letter, choice in zip("ABC", choices, strict=True))
    reasoning = rng.choice(
        (
            f'"{thing}" is used in a {here}, not in a {other}.',
            f"One needs {thing} where a {here} is; a {third} has no use for it.",
        )
    )
    return Row(f"Where would you look for {thing}?\n{listed}", here, reasoning)


def order(rng: random.Random) -> Row:
    """Who comes first in a chain of comparisons."""
    a, b, c = rng.sample(NAMES, 3)
    more, most = rng.choice((("taller", "tallest"), ("older", "oldest"), ("faster", "fastest"), ("louder", "loudest")))
    facts = [f"{a} is {more} than {b}", f"{b} is {more} than {c}"]
    rng.shuffle(facts)
    reasoning = f"{a} is {more} than {b}, and {b} is {more} than {c}, so nobody is above {a}."
    return Row(f"{facts[0]} and {facts[1]}. Who is the {most}?", a, reasoning)


def total(rng: random.Random) -> Row:
    """A sum or difference in words."""
    who, thing = rng.choice(NAMES), rng.choice(sorted(KINDS["fruit"]))
    a, b = rng.randint(11, 60), rng.randint(2, 10)
    if rng.random() < 0.5:
        change, result, reasoning = f"gets {b} more", a + b, f'"{b} more" means to add: {a} + {b} = {a + b}.'
    else:
        change, result, reasoning = f"gives {b} away", a - b, f'"gives {b} away" means to subtract: {a} - {b} = {a - b}.'
    return Row(f"{who} has {a} of the kind {thing} and {change}. How many now?", str(result), reasoning)


FAMILIES: tuple[Callable[[random.Random], Row], ...] = (odd_one_out, hobby, opinion, place, order, total)
