"""Reading a request as Meta does: what is missing, of the wrong type or too long is refused in its words."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sandbox.whatsapp.errors import GraphError

Json = Mapping[str, Any]

_MISSING: Final = 131008
_INVALID: Final = 131009
_WRONG_TYPE: Final = 100


def missing(where: str) -> GraphError:
    return GraphError(_MISSING, f"Parameter '{where}' is required.")


def invalid(details: str) -> GraphError:
    return GraphError(_INVALID, details)


def wrong_type(details: str) -> GraphError:
    return GraphError(_WRONG_TYPE, details)


def inside(holder: Json, name: str, where: str = "") -> Json:
    """A JSON object that must be there."""
    value = _present(holder, name, where)
    if not isinstance(value, dict):
        raise wrong_type(f"Param {where}{name} must be a JSON object.")
    return value


def listed(holder: Json, name: str, where: str = "", *, most: int | None = None) -> list[Json]:
    """A list of JSON objects with at least one."""
    value = _present(holder, name, where)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise wrong_type(f"Param {where}{name} must be an array of JSON objects.")
    if not value or (most is not None and len(value) > most):
        raise invalid(f"Param {where}{name} has {len(value)} items. Min: 1, Max: {most or 'unlimited'}.")
    return value


def text(holder: Json, name: str, where: str = "", *, most: int | None = None, least: int = 1) -> str:
    value = _present(holder, name, where)
    if not isinstance(value, str):
        raise wrong_type(f"Param {where}{name} must be a string.")
    if len(value) < least or (most is not None and len(value) > most):
        raise invalid(f"Param {where}{name} length invalid. Min length: {least}, Max length: {most or 'unlimited'}.")
    return value


def text_if_any(holder: Json, name: str, where: str = "", *, most: int | None = None) -> str | None:
    return text(holder, name, where, most=most) if holder.get(name) is not None else None


def number(holder: Json, name: str, where: str = "") -> float:
    """Also one that is written as a text."""
    value = _present(holder, name, where)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    raise wrong_type(f"Param {where}{name} must be a number.")


def boolean_if_any(holder: Json, name: str, where: str = "") -> bool:
    value = holder.get(name, False)
    if not isinstance(value, bool):
        raise wrong_type(f"Param {where}{name} must be a boolean.")
    return value


def one_of(holder: Json, name: str, allowed: frozenset[str], where: str = "") -> str:
    value = text(holder, name, where)
    if value not in allowed:
        raise invalid(f'Param {where}{name} must be one of {{{", ".join(sorted(allowed))}}} - got "{value[:40]}".')
    return value


def _present(holder: Json, name: str, where: str) -> Any:
    if (value := holder.get(name)) is None:
        raise missing(f"{where}{name}")
    return value
