"""The grammar: data only. compose.py expands it."""

from gencls.sources.intents.grammar.account import ACCOUNT
from gencls.sources.intents.grammar.intent import Intent
from gencls.sources.intents.grammar.items import ITEMS
from gencls.sources.intents.grammar.money import MONEY
from gencls.sources.intents.grammar.orders import ORDERS

INTENTS: dict[str, Intent] = {**ORDERS, **ITEMS, **MONEY, **ACCOUNT}

__all__ = ["INTENTS", "Intent"]
