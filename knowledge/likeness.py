"""Passages that say the same, word for word or nearly, folded into one: the newest of them."""

from collections.abc import Iterable
from typing import Final

from knowledge.stores.passages import Ranked

_ALIKE: Final = 0.9  # of the words of both
_FITS: Final = 0.92  # one whose rank is further from the other's than this is not compared
_LENGTHS: Final = 0.85


def fold_alike(ranked: Iterable[Ranked], most: int) -> list[list[Ranked]]:
    """Groups in the order of their best; of each the newest first, which stands for the others."""
    groups: list[list[Ranked]] = []
    words: dict[bytes, frozenset[str]] = {}
    for one in ranked:
        group = next((group for group in groups if _are_alike(group[0], one, words)), None)
        if group is not None:
            group.append(one)
        elif len(groups) < most:
            groups.append([one])
    return [sorted(group, key=lambda one: one.written_at, reverse=True) for group in groups]


def share(one: frozenset[str], other: frozenset[str]) -> float:
    """Of the words of both, those that both have."""
    return len(one & other) / len(one | other) if one or other else 1.0


def _are_alike(one: Ranked, other: Ranked, words: dict[bytes, frozenset[str]]) -> bool:
    if one.likeness == other.likeness:
        return True
    is_far = other.fit < one.fit * _FITS or not _LENGTHS < len(other.text) / max(1, len(one.text)) < 1 / _LENGTHS
    if is_far:
        return False
    for each in (one, other):
        if each.likeness not in words:
            words[each.likeness] = frozenset(each.text.casefold().split())
    return share(words[one.likeness], words[other.likeness]) >= _ALIKE
