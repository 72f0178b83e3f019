"""Faults as the control plane reads and tells them: `{"name": "AcceptThenDrop", "times": 1}`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from sandbox.faults import AMBIGUOUS, FAULTS, Fault, Mix, Share
from sandbox.panel import Refusal, checked
from sandbox.strict import strict

_BY_NAME: Final = {kind.__name__: kind for kind in FAULTS}
_READY_MADE: Final = {"Ambiguous": AMBIGUOUS}


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class _ToldShare:
    percent: float
    fault: dict[str, Any]


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class _ToldMix(Fault):
    shares: tuple[_ToldShare, ...]


def fault_from(told: Mapping[str, Any]) -> Fault:
    """`Ambiguous` is a mix that is ready."""
    name, rest = told.get("name"), {key: value for key, value in told.items() if key != "name"}
    if (ready := _READY_MADE.get(str(name))) is not None:
        return _mix(checked(Fault, rest), ready.shares)
    if (kind := _BY_NAME.get(str(name))) is None:
        known = ", ".join([*_BY_NAME, *_READY_MADE])
        raise Refusal(422, f"Falha desconhecida. Existem: {known}.", f"Unknown fault. There are: {known}.")
    if kind is not Mix:
        return checked(kind, rest)
    mix = checked(_ToldMix, rest)
    return _mix(mix, tuple(Share(percent=share.percent, fault=fault_from(share.fault)) for share in mix.shares))


def fault_to(fault: Fault) -> dict[str, Any]:
    told = {"name": type(fault).__name__, **asdict(fault)}
    if isinstance(fault, Mix):
        told["shares"] = [{"percent": share.percent, "fault": fault_to(share.fault)} for share in fault.shares]
    return told


def _mix(conditions: Fault, shares: tuple[Share, ...]) -> Mix:
    kept = {field.name: getattr(conditions, field.name) for field in fields(Fault)}
    try:
        return Mix(**kept, shares=shares)
    except ValueError as error:
        raise Refusal(422, f"Mistura inválida: {error}.", f"Invalid mix: {error}.") from error
