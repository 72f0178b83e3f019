"""What vectors say of passages, and how it joins what their words say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from knowledge.stores.spaces import Near, Usual

_CALM: Final = 20  # the larger, the less the first places count before the next ones
_FEW: Final = 16  # passages from which nobody can tell what is usual
_LEAST_DEVIATION: Final = 0.02
_SURE: Final = 4.5  # deviations above what is usual, where it is as likely as not
_STEEPNESS: Final = 1.5
_MOST: Final = 0.9  # a vector alone never makes quite sure


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearness:
    """Of passages to one question."""

    order: tuple[UUID, ...] = ()
    confidences: Mapping[UUID, float] = field(default_factory=dict)

    @classmethod
    def of(cls, near: Sequence[Near], usual: Usual) -> "Nearness":
        """Cosines mean something else in each model: they are held against what is usual for this question."""
        return cls(
            order=tuple(one.id for one in near),
            confidences={one.id: _confidence(one.cosine, usual) for one in near},
        )

    def confidence(self, passage: UUID) -> float:
        return self.confidences.get(passage, 0.0)


def fused(*orders: Sequence[UUID]) -> dict[UUID, float]:
    """Reciprocal ranks, summed: what is high in both is higher than what is highest in one."""
    places: dict[UUID, float] = {}
    for order in orders:
        for place, one in enumerate(order):
            places[one] = places.get(one, 0.0) + 1 / (_CALM + place)
    return places


def _confidence(cosine: float, usual: Usual) -> float:
    if usual.looked_at < _FEW:
        return 0.0
    above = (cosine - usual.mean) / max(usual.deviation, _LEAST_DEVIATION)
    return _MOST / (1 + math.exp(-_STEEPNESS * (above - _SURE)))
