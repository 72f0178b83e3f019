"""What a call costs, by the table that comes with litellm: read as a file, for importing litellm takes seconds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

_TABLE: Final = "model_prices_and_context_window_backup.json"
_MICROS: Final = 1_000_000
_CHAT: Final = "chat"
_SOUND: Final = "audio_transcription"
_VECTORS: Final = "embedding"
Each = TypeVar("Each")


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """US dollars per token."""

    input: float
    cached: float
    output: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundPrice:
    """US dollars of a model that writes recordings down: per second, or per token. What is None is not told."""

    second: float | None
    audio: float | None
    input: float | None
    output: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorPrice:
    """Of a model that embeds: US dollars per token, and the dimensions it has by itself. What is None is not told."""

    input: float | None
    dimensions: int | None


def cost_micros(model: str, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> int | None:
    """None where nobody knows the price: that is not zero."""
    price = price_of(model)
    if price is None:
        return None
    fresh = max(0, input_tokens - cached_tokens)
    dollars = fresh * price.input + cached_tokens * price.cached + output_tokens * price.output
    return round(dollars * _MICROS)


def sound_cost_micros(
    model: str, *, seconds: float | None, audio_tokens: int, input_tokens: int, output_tokens: int
) -> int | None:
    """By tokens where the provider counted them, else by its seconds; None where nobody knows."""
    price = sound_price_of(model)
    if price is None:
        return None
    tokens = (price.audio, price.input, price.output)
    if input_tokens and None not in tokens:
        audio, plain, output = (each or 0.0 for each in tokens)
        written = max(0, input_tokens - audio_tokens) * plain + output_tokens * output
        return round((audio_tokens * audio + written) * _MICROS)
    return None if seconds is None or price.second is None else round(seconds * price.second * _MICROS)


def vector_cost_micros(model: str, *, input_tokens: int) -> int | None:
    price = vector_price_of(model)
    return None if price is None or price.input is None else round(input_tokens * price.input * _MICROS)


def vector_price_of(model: str) -> VectorPrice | None:
    return _found(_vectors(), model)


def sound_price_of(model: str) -> SoundPrice | None:
    return _found(_sounds(), model)


@lru_cache(maxsize=256)
def price_of(model: str) -> Price | None:
    return _found(_prices(), model)


def _found(table: Mapping[str, tuple[str, Each]], model: str) -> Each | None:
    """By the whole name, or by the bare one where the table says that it is this provider's."""
    provider, _, bare = model.partition("/")
    if (whole := table.get(model)) is not None:
        return whole[1]
    found = table.get(bare)
    return found[1] if found is not None and found[0] == provider else None


@lru_cache(maxsize=1)
def _prices() -> Mapping[str, tuple[str, Price]]:
    return {name: (str(row.get("litellm_provider")), price) for name, row in _table().items() if (price := _price(row))}


@lru_cache(maxsize=1)
def _sounds() -> Mapping[str, tuple[str, SoundPrice]]:
    rows = _table().items()
    return {name: (str(row.get("litellm_provider")), _sound(row)) for name, row in rows if row.get("mode") == _SOUND}


@lru_cache(maxsize=1)
def _vectors() -> Mapping[str, tuple[str, VectorPrice]]:
    rows = _table().items()
    return {name: (str(row.get("litellm_provider")), _vector(row)) for name, row in rows if row.get("mode") == _VECTORS}


def _table() -> Mapping[str, Mapping[str, Any]]:
    spec = find_spec("litellm")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders or not (file := Path(folders[0]) / _TABLE).is_file():
        return {}
    rows: Mapping[str, Mapping[str, Any]] = json.loads(file.read_bytes())
    return rows


def _sound(row: Mapping[str, Any]) -> SoundPrice:
    names = ("input_cost_per_second", "input_cost_per_audio_token", "input_cost_per_token", "output_cost_per_token")
    second, audio, plain, output = (_dollars(row.get(name)) for name in names)
    return SoundPrice(second=second, audio=audio, input=plain, output=output)


def _vector(row: Mapping[str, Any]) -> VectorPrice:
    size = row.get("output_vector_size")
    dollars = _dollars(row.get("input_cost_per_token"))
    return VectorPrice(input=dollars or None, dimensions=int(size) if isinstance(size, int | float) else None)


def _dollars(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) else None


def _price(row: Mapping[str, Any]) -> Price | None:
    costs = (row.get("input_cost_per_token"), row.get("output_cost_per_token"))
    if row.get("mode") != _CHAT or not all(isinstance(cost, int | float) and cost > 0 for cost in costs):
        return None
    cached = row.get("cache_read_input_token_cost")
    full = float(costs[0] or 0)
    return Price(input=full, output=float(costs[1] or 0), cached=float(cached) if cached else full)
