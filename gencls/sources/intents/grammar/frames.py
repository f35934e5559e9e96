"""Frames around the phrases of an intent. As in the phrase lists, the last 15 % of ASK, ASK_NOT, TOPIC, TOPIC_NOT and
FUSED occur in validation and test only.

`{t}` is the intent of the message, `{d}` one that is refused, past, somebody else's or already clear.
"""

ASK = (
    "I want to {t}",
    "I would like to {t}",
    "I need to {t}",
    "please help me {t}",
    "I am trying to {t}",
    "how do I {t}?",
    "I asked to {t}",
    "I have been trying all day to {t}",
    "can I {t}?",
    "what do I have to do to {t}?",
    "could you tell me how to {t}?",
    "I am writing to {t}",
    "I would like to know how to {t}",
    "could you help me {t}?",
)
"""Around `do`: what is wanted."""

ASK_NOT = (
    "I do not want to {d}",
    "I do not need to {d}",
    "I did not ask to {d}",
    "I am not trying to {d}",
    "I already know how to {d}",
    "please do not help me {d}",
    "yesterday I wanted to {d}",
    "at first I wanted to {d}",
    "I was going to {d} at first",
    "my wife told me to {d}",
    "I no longer want to {d}",
    "I no longer need to {d}",
    "yesterday I asked to {d}",
)
"""Around `do`: what is not, or no longer, wanted."""

TOPIC = (
    "this is about {t}",
    "my question is about {t}",
    "I need help with {t}",
    "I am calling about {t}",
    "I would like to talk to somebody about {t}",
    "I need some information about {t}",
    "I have a question about {t}",
)
"""Around `about`: what the message is about."""

TOPIC_NOT = (
    "this is not about {d}",
    "my question is not about {d}",
    "I do not need help with {d}",
    "I am not calling about {d}",
    "I am done with {d}",
    "my last message was about {d}",
    "I have no question about {d}",
)
"""Around `about`: what it is not about."""

JOINS = ("{no}, {yes}", "{no}, but {yes}", "{no}|{yes}", "{yes}, {no}", "{yes}, but {no}", "{yes}|{no}")
"""Both orders alike: neither the words of a message nor the order of its halves gives the intent away."""

FUSED = (
    "I want to {t}, not {d}",
    "I would rather {t} than {d}",
    "rather than {d} I would like to {t}",
    "your page explains how to {d}, but not how to {t}",
    "your page does not explain how to {t}, only how to {d}",
    "I can {d} in the app, but I cannot {t}",
    "I cannot {t} in the app, but I can {d}",
    "the chat bot keeps helping me {d} when I want to {t}",
    "I want to {t}, but the chat bot keeps helping me {d}",
    "I need to {t}, not {d}",
)
"""Around two `do`s that cannot be taken apart."""

LINKS = ("", "", "", "", "also,", "something else:", "another matter:")
"""Between a closed matter and the request that follows it."""

ASIDES = ("", "", "", "by the way,", "and", "just so you know:", "for your information,")
"""Before a closed matter that follows the request."""

REASONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "damaged_item": (
        ("return_item", "exchange_item", "request_refund"),
        ("the {item} arrived {broken}", "the {item} is {broken}", "the {item} was {broken} when I opened the parcel"),
    ),
    "wrong_item": (
        ("return_item", "request_refund"),
        ("you sent me the wrong {item}", "I ordered a {other} {item} and got a {colour} one", "this is not the {item} I ordered"),
    ),
    "delivery_late": (
        ("cancel_order", "request_refund"),
        ("{parcel} is {days} late", "{parcel} was due on {day} and has not come", "nobody brought {parcel} on {day}"),
    ),
    "login_problem": (
        ("cancel_subscription", "pause_subscription", "cancel_order", "change_address", "change_delivery_slot"),
        (
            "I cannot do this in my account because I am locked out",
            "I have to ask you because I cannot sign in {device}",
            "I would do this in my account, but my password is not accepted",
        ),
    ),
    "double_charge": (
        ("cancel_subscription",),
        (
            "{sub} was charged twice in {month} and that is enough for me",
            "you charged me twice for {sub} and I have had enough",
            "{amount} left my account twice, I no longer trust you",
        ),
    ),
}
"""An open problem, the explicit requests it may be the reason for, and how it is put. The request is what counts."""

GREETINGS = ("hello, ", "hi, ", "hi there, ", "good morning, ", "dear team, ", "hey, ")
CLOSINGS = (" Thanks.", " Thank you!", " Please help.", " Kind regards", " Thanks in advance.", " Please reply soon.")

SHAPES = {"ask": 14, "say": 12, "query": 9, "twin": 13, "contrast": 28, "background": 18, "reason": 6}
"""Weight of each kind of message (compose.py)."""
