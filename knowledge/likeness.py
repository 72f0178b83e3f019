"""Which of passages that say the same, or fit as well, stands for the others or goes before them: the newest."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from knowledge.stores.passages import Ranked

_AS_WELL: Final = 0.99  # of the fit of a better one


def newest_first(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Of those that fit as well as each other. What was written later is likelier to hold still."""
    groups: list[list[Ranked]] = []
    for one in ranked:
        if groups and one.fit >= groups[-1][0].fit * _AS_WELL:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [one for group in groups for one in sorted(group, key=_written_at, reverse=True)]


def fold_alike(ranked: Iterable[Ranked], most: int) -> list[list[Ranked]]:
    """Groups in the order of their best; of each the newest first, which stands for the others.

    One word may be another shop, hour or price, and nobody here knows which: what differs in any is told by itself.
    """
    groups: dict[bytes, list[Ranked]] = {}
    for one in ranked:
        if one.likeness in groups:
            groups[one.likeness].append(one)
        elif len(groups) < most:
            groups[one.likeness] = [one]
    return [sorted(group, key=_written_at, reverse=True) for group in groups.values()]


def _written_at(one: Ranked) -> datetime:
    return one.written_at
