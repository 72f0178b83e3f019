"""What several commands make of the words behind them."""

from collections.abc import Mapping
from typing import Any

from admin_api.staff.asking import Place, Read
from admin_api.staff.whom import named_before


def all_as(name: str) -> Read:
    """All of them are this one argument."""
    return lambda words, _: {name: words}


def nothing(_: str, __: Place) -> Mapping[str, Any]:
    return {}


def whom(words: str, place: Place) -> Mapping[str, Any]:
    """The customer alone; in a topic another may be named."""
    return {"customer": words} if words else named_before(words, place, is_all=True)[0]
