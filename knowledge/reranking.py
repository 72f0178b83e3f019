"""A second opinion on what was found, by whoever can give one: a model that reads question and passage together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from core.clock import Deadline
from core.errors import Unavailable
from knowledge.search import Found


class RerankFailed(Unavailable):
    """No opinion this time: the order stays as the search made it."""


class Reranker(Protocol):
    async def scores(self, question: str, texts: Sequence[str], *, deadline: Deadline) -> Sequence[float]:
        """How well each text answers, from 0 to 1. Raises `RerankFailed`."""
        ...


async def reranked(found: Found, question: str, reranker: Reranker, *, deadline: Deadline) -> Found:
    """Outside any transaction, for it waits for a provider. What it thinks replaces scores and order."""
    if not found.hits:
        return found
    try:
        scores = await reranker.scores(question, [hit.text for hit in found.hits], deadline=deadline)
    except RerankFailed:
        return found
    if len(scores) != len(found.hits):
        return found
    hits = [replace(hit, score=min(1.0, max(0.0, score))) for hit, score in zip(found.hits, scores, strict=True)]
    return replace(found, hits=tuple(sorted(hits, key=lambda hit: -hit.score)))
