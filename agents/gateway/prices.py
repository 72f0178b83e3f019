"""What a call costs, by the table that comes with litellm: read as a file, for importing litellm takes seconds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_TABLE: Final = "model_prices_and_context_window_backup.json"
_MICROS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """US dollars per token."""

    input: float
    cached: float
    output: float


def cost_micros(model: str, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> int | None:
    """None where nobody knows the price: that is not zero."""
    price = price_of(model)
    if price is None:
        return None
    fresh = max(0, input_tokens - cached_tokens)
    dollars = fresh * price.input + cached_tokens * price.cached + output_tokens * price.output
    return round(dollars * _MICROS)


@lru_cache(maxsize=256)
def price_of(model: str) -> Price | None:
    """By the whole name, or by the bare one where the table says that it is this provider's."""
    provider, _, bare = model.partition("/")
    table = _prices()
    if (whole := table.get(model)) is not None:
        return whole[1]
    found = table.get(bare)
    return found[1] if found is not None and found[0] == provider else None


@lru_cache(maxsize=1)
def _prices() -> Mapping[str, tuple[str, Price]]:
    spec = find_spec("litellm")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders or not (file := Path(folders[0]) / _TABLE).is_file():
        return {}
    rows: Mapping[str, Mapping[str, Any]] = json.loads(file.read_bytes())
    return {name: (str(row.get("litellm_provider")), price) for name, row in rows.items() if (price := _price(row))}


def _price(row: Mapping[str, Any]) -> Price | None:
    costs = (row.get("input_cost_per_token"), row.get("output_cost_per_token"))
    if row.get("mode") != "chat" or not all(isinstance(cost, int | float) and cost > 0 for cost in costs):
        return None
    cached = row.get("cache_read_input_token_cost")
    full = float(costs[0] or 0)
    return Price(input=full, output=float(costs[1] or 0), cached=float(cached) if cached else full)
