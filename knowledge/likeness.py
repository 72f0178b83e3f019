"""Passages that say the same, word for word, folded into one: the newest of them."""

from collections.abc import Iterable

from knowledge.stores.passages import Ranked


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
    return [sorted(group, key=lambda one: one.written_at, reverse=True) for group in groups.values()]
