"""`masteria knowledge reembed`, and the vectors of what was just added: made by the model that is set now."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from admin_api.commands.knowledge_desk import AddParser, Desk, action, tell
from admin_api.terminal import Parser, draw, say_wrong, text
from core import audit
from core.audit import OPERATOR
from core.clock import Deadline
from core.errors import Misconfigured
from core.models.knowledge import SpaceState
from core.texts import Text
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort, TextKind
from knowledge.reembedding import fill
from knowledge.stores import bases, spaces
from knowledge.stores.spaces import Space

_SECONDS: Final = 6 * 3600.0  # a run goes on where the one before it ended


def parsers(add_parser: AddParser) -> list[Parser]:
    about = Text(
        "Refaz os vetores com o modelo de MASTERIA_EMBEDDING_MODEL e passa a buscar por eles.",
        "Make the vectors with the model of MASTERIA_EMBEDDING_MODEL, and search by them from then on.",
    )
    return [action(add_parser, "reembed", reembed, about)]


async def reembed(desk: Desk, options: Namespace) -> int:
    """Search goes by the old vectors until all the new ones are there."""
    if desk.embeddings is None:
        raise Misconfigured(
            "Falta a variável MASTERIA_EMBEDDING_MODEL, por exemplo openai/text-embedding-3-small.",
            "MASTERIA_EMBEDDING_MODEL is not set, to openai/text-embedding-3-small for example.",
        )
    placed, space = await _build(desk, desk.embeddings)
    cost = desk.embeddings.cost_micros
    paid = "" if cost is None else f" (US$ {cost / 1e6:.4f})"
    said = Text(
        f"{placed} vetor(es) feito(s) por {space.model}{paid}: a busca já usa este modelo.",
        f"{placed} vector(s) made by {space.model}{paid}: search goes by this model now.",
    )
    about = {"model": space.model, "dimensions": space.dimensions, "made": placed, "cost_micros": cost}
    return tell(options, about, said)


async def keep_up(desk: Desk) -> None:
    """After something was added. Without vectors it is found by its words, so that nothing fails here."""
    if desk.embeddings is None:
        return
    async with desk.session() as session:
        active = await spaces.active(session)
    if active is not None and active.model != desk.embeddings.name:
        say_wrong(
            f"A busca ainda usa {active.model}: rode `masteria knowledge reembed` para trocar.",
            f"Search still goes by {active.model}: run `masteria knowledge reembed` to switch.",
        )
        return
    try:
        await _build(desk, desk.embeddings)
    except EmbeddingFailed as error:
        say_wrong(
            f"{error.detail.pt} O que foi lido já é achado por palavras; os vetores vêm com "
            "`masteria knowledge reembed`.",
            f"{error.detail.en} What was read is found by its words; `masteria knowledge reembed` makes the vectors.",
        )


async def _build(desk: Desk, port: EmbeddingPort) -> tuple[int, Space]:
    async with desk.session() as session:
        space = await spaces.ensure(session, port.name, port.dimensions)
        total = sum(base.passages for base in await bases.every(session))
    watched = _Watched(port, total)
    placed = await fill(desk.database, desk.company, space.id, watched, deadline=Deadline.after(_SECONDS))
    watched.finish()
    await _activate(desk, space.id)
    return placed, space


async def _activate(desk: Desk, space: UUID) -> None:
    """The one before it stays, to be gone back to; those before that one go."""
    async with desk.session() as session:
        before = await spaces.active(session)
        if before is not None and before.id == space:
            return
        for one in await spaces.every(session):
            if one.state is SpaceState.RETIRED and one.id != space:
                await spaces.remove(session, one.id)
        await spaces.activate(session, space)
        audit.record(session, OPERATOR, "knowledge.space_activated", subject=space)


class _Watched:
    """A port whose work shows as a bar."""

    def __init__(self, port: EmbeddingPort, total: int) -> None:
        self._port = port
        self._total = total
        self._done = 0

    @property
    def name(self) -> str:
        return self._port.name

    @property
    def dimensions(self) -> int:
        return self._port.dimensions

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        made = await self._port.embed(texts, kind=kind, deadline=deadline)
        self._done += len(texts)
        draw(self._done, max(self._total, self._done + 1), text("vetores", "vectors"))
        return made

    def finish(self) -> None:
        """Some had theirs already."""
        if self._done:
            draw(self._done, self._done, text("vetores", "vectors"))
