"""Tests of a second opinion: it decides the order, and where there is none the search's own stands."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.clock import Deadline
from core.ids import new_id
from knowledge.reranking import RerankFailed, reranked
from knowledge.search import Found, Hit


class Opinion:
    def __init__(self, *scores: float, fails: bool = False) -> None:
        self._scores = scores
        self._fails = fails

    async def scores(self, question: str, texts: Sequence[str], *, deadline: Deadline) -> Sequence[float]:
        del question, texts, deadline
        if self._fails:
            raise RerankFailed("fora do ar", "away")
        return self._scores


def hit(text: str, score: float) -> Hit:
    return Hit(
        id=new_id(),
        document=new_id(),
        base="loja",
        source="a.md",
        text=text,
        title="",
        headings=(),
        page=None,
        position=0,
        flags=(),
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
        score=score,
        rank=score,
    )


FOUND = Found(hits=(hit("um", 0.9), hit("dois", 0.8)))


class TestReranked:
    async def test_the_opinion_decides_order_and_score(self) -> None:
        found = await reranked(FOUND, "?", Opinion(0.1, 7.0), deadline=Deadline.after(1))
        assert [(one.text, one.score) for one in found.hits] == [("dois", 1.0), ("um", 0.1)]

    @pytest.mark.parametrize("opinion", [Opinion(fails=True), Opinion(0.5), Opinion()])
    async def test_without_a_whole_opinion_the_order_stays(self, opinion: Opinion) -> None:
        assert await reranked(FOUND, "?", opinion, deadline=Deadline.after(1)) == FOUND

    async def test_nothing_is_asked_about_nothing(self) -> None:
        assert await reranked(Found(), "?", Opinion(fails=True), deadline=Deadline.after(1)) == Found()
