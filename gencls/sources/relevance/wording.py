"""Frames of queries and notes around the phrases of the catalogue. The last 15 % of each list occur in validation and test only.

`{q}` is the product with the conditions, `{name}` a product's name, `{a_name}` the same with an article where it has one; the other slots
are those of catalogue/trait.py. Neither an opening nor a closing says anything about a trait.
"""

QUERIES = (
    "{q}",
    "{q}",
    "{q}",
    "{q}",
    "looking for {q}",
    "recommend me {q}",
    "best {q}",
    "{q} review",
    "{q} recommendations",
    "where to buy {q}",
    "any good {q}?",
    "I need {q}",
    "good {q}",
    "{q} worth it?",
    "{q} please",
    "does anybody know {q}?",
    "please recommend {q}",
    "searching for good {q}",
)

LIMITS = (
    "under {n} euros",
    "below {n} euros",
    "not more than {n} euros",
    "for at most {n} euros",
    "up to {n} euros",
    "max {n} euros",
    "for no more than {n} euros",
)

PRICES = (
    "{p} euros",
    "I paid {p} euros",
    "mine {was} {p} euros",
    "{p} euros in the shop round the corner",
    "the price: {p} euros",
    "I spent {p} euros",
    "the price was {p} euros",
)

OPENINGS = (
    "my new {name} {has} arrived",
    "finally found my {name}",
    "a few words on my {name}",
    "my {name} after three months",
    "unboxing {a_name}",
    "everybody asked about my {name}",
    "my honest opinion on the {name}",
    "let me show you my {name}",
    "today I am reviewing {a_name}",
    "I treated myself to {a_name}",
    "find of the week: {a_name}",
    "I had been looking for {a_name} for months",
    "third time lucky with {a_name}",
    "the {name} everybody talks about",
    "I gave in and bought {a_name}",
    "so this is my {name}",
    "a week with my new {name}",
    "unpopular opinion on the {name}",
    "what I think of my new {name}",
    "my honest review of the {name}",
    "let me show you what I found: {a_name}",
)

CLOSINGS = (
    "I would buy {them} again",
    "ten out of ten",
    "not sure yet whether I keep {them}",
    "more pictures tomorrow",
    "link in the comments",
    "ask me anything",
    "what do you think?",
    "five stars from me",
    "three stars from me",
    "no regrets",
    "I expected more",
    "my friends want the same",
    "not sponsored",
    "delivery took two days",
    "would you keep {them}?",
    "four stars from me",
    "I would not buy {them} again",
)

COMPANIONS = (
    "I ordered {a_name} as well",
    "arrived together with my {name}",
    "next week I will write about my {name}",
    "I nearly bought {a_name} instead",
    "the same shop sold me my {name}",
    "I still prefer my old {name}",
    "my sister only wanted to hear about her {name}",
    "a review of my {name} follows",
    "ordered together with {a_name}",
    "next week I will review my {name}",
)
"""Another product beside the one that the note is about."""

VARIANTS = (
    "the {adjective} {one} was sold out",
    "my sister has the {adjective} {one}",
    "I nearly took the {adjective} {one}",
    "they had {adjective} {one}s too, but not for me",
    "I sent the {adjective} {one} back",
    "my neighbour swears by the {adjective} {one}",
    "I nearly took the {adjective} {one}, but no",
)
"""Another version of the product than the one that the note is about."""

TAGS = ("haul", "newin", "review", "musthave", "find", "unboxing", "daily", "fyp", "shopping", "honestreview")

EVERYDAY: dict[str, tuple[str, ...]] = {
    "cooking": (
        "dumplings with my grandmother today", "she never measures the flour", "we ate forty of them", "the secret is the ginger",
        "the kitchen looked like a snowstorm", "recipe in the comments", "soup tomorrow", "forty dumplings and a secret",
    ),
    "exams": (
        "two weeks until the exam", "I study from eight to noon", "my notes have three colours of ink", "coffee is all that keeps me going",
        "who else is in the library right now?", "flash cards work for me", "wish me luck", "two weeks of flash cards",
    ),
    "travel": (
        "three days in Lisbon", "we walked up every hill", "the tram is worth the queue", "the custard tarts, oh my",
        "our hotel had a view of the river", "next stop Porto", "I want to live there", "three days of custard tarts",
    ),
    "cat": (
        "the cat slept on my face again", "she weighs six kilos", "breakfast is at five, she says", "nobody warned me about the fur",
        "the vet calls her a lady", "she hates the neighbour's dog", "I love her anyway", "the vet calls her a cat of six kilos",
    ),
    "running": (
        "my first ten kilometres", "the last two were terrible", "a stranger cheered me on", "my watch says fifty-eight minutes",
        "next year the half marathon", "my knees have filed a complaint", "who wants to join me?", "my watch cheered me on",
    ),
    "job": (
        "first day at the new job", "I forgot every name", "lunch was better than expected", "my boss has a plant called Gerald",
        "tomorrow is the big meeting", "I got lost on the fourth floor", "so far so good", "first big meeting tomorrow",
    ),
    "garden": (
        "the first tomatoes are here", "snails ate the lettuce", "my neighbour gave me beans", "it rained just in time",
        "the roses are sulking", "I talk to them, it helps", "pumpkins in October", "snails ate the beans",
    ),
    "film": (
        "we watched the new film everybody talks about", "the ending made no sense", "the popcorn was stale", "the music though",
        "my brother cried", "two hours would have been enough", "no spoilers in the comments", "the ending made my brother cry",
    ),
}  # fmt: skip
"""Sentences of notes about no product, by theme."""
