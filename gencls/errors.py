"""What went wrong on the user's side."""


class InputError(ValueError):
    """Parameters, data or a model that cannot be used; the message names it and what to do, and is all the user needs to see."""
