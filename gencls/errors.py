"""What went wrong on the user's side."""


class InputError(ValueError):
    """Parameters, data or a model that cannot be used; the message names it and what to do, and is all the user needs to see."""


def lone_surrogate(text: str) -> str | None:
    """The first code point of a string that no UTF-8 can hold, or None."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[error.start]
    return None


def half_a_character(surrogate: str) -> str:
    """What is wrong with a text that holds such a code point."""
    return f"half a character ({surrogate!a}), as when a text is cut inside an emoji"
