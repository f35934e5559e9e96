"""Frames of the queries. The last 15 % of each list occur in validation and test only."""

FRAMES = (
    "{q}",
    "{q}",
    "{q}",
    "{q}",
    "{q}",
    "buy {q}",
    "cheap {q}",
    "best {q}",
    "{q} online",
    "{q} sale",
    "{q} reviews",
    "{q} next day delivery",
    "looking for {q}",
    "{q} near me",
    "which {q}",
    "{q} test winner",
    "good {q}",
    "{q} price",
    "order {q}",
    "{q} offers",
    "looking for good {q}",
    "{q} best price",
    "order {q} online",
)
"""Around what is looked for."""

NEEDS = (
    "{n}",
    "{n}",
    "how to {n}",
    "i want to {n}",
    "something to {n}",
    "what do i need to {n}",
    "help me {n}",
    "i would like to {n}",
    "best way to {n}",
    "everything i need to {n}",
    "ideas to {n}",
    "gift for somebody who wants to {n}",
    "what helps to {n}",
    "how can i {n}",
)
"""Around a need."""

EXTRAS = (
    "black",
    "white",
    "red",
    "blue",
    "grey",
    "under 50 euros",
    "under 20 euros",
    "as a present",
    "for my dad",
    "for my mum",
    "for my sister",
    "second hand",
    "good quality",
    "sustainable",
    "made in europe",
    "on a budget",
    "new",
    "small",
    "big",
    "for my sister's birthday",
    "good and cheap",
    "in black",
)
"""After a thing or a brand, whatever it is."""

SHAPES = {"thing": 20, "detailed": 26, "need": 22, "brand": 12, "riddle": 10, "ambiguous": 10}
"""Weight of each kind of query (compose.py)."""
