"""Tests of embedding spaces: filled in the background, searched exactly or by index, switched without a gap."""

import math
import random
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from core.clock import Deadline
from core.errors import Conflict
from core.floor import Floor
from core.ids import CompanyId
from core.models.knowledge import SpaceState
from knowledge.embeddings import EmbeddingFailed, TextKind, TextRejected
from knowledge.nearness import fused
from knowledge.reembedding import fill
from knowledge.search import search
from knowledge.stores import bases, passages, spaces
from knowledge.stores.spaces import Space
from tests.knowledge.shelving import BASE, new_company, shelve

DIMENSIONS = 256
TOPICS = ("entrega frete prazo correio", "troca devolução reembolso", "garantia defeito conserto")
MEANINGS = {word: topic for topic, words in enumerate(TOPICS) for word in words.split()}


class Topics:
    """A model that knows what words are about: a vector is the topics of its text, and a little of its letters."""

    def __init__(self, name: str = "prova/topicos", dimensions: int = DIMENSIONS) -> None:
        self.name = name
        self.dimensions = dimensions
        self.texts = 0

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        del kind, deadline
        self.texts += len(texts)
        return [self.vector(words) for words in texts]

    def vector(self, words: str) -> list[float]:
        chance = random.Random(words)  # noqa: S311 - the same for every run
        vector = [chance.gauss(0, 0.02) for _ in range(self.dimensions)]
        for word in words.lower().replace(".", "").split():
            if word in MEANINGS:
                vector[MEANINGS[word]] += 1
        length = math.hypot(*vector)
        return [value / length for value in vector]


class Broken(Topics):
    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        if self.texts:
            raise EmbeddingFailed("fora do ar", "away")
        return await super().embed(texts, kind=kind, deadline=deadline)


class Picky(Topics):
    """It takes no text with this in it, and none of a batch with one."""

    def __init__(self, refused: str = "recusado") -> None:
        super().__init__()
        self.refused = refused

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        if any(self.refused in words for words in texts):
            raise TextRejected("não aceito", "not accepted")
        return await super().embed(texts, kind=kind, deadline=deadline)


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


async def built(floor: Floor, company: CompanyId, port: Topics) -> Space:
    async with floor.database.tenant_session(company) as session:
        space = await spaces.ensure(session, port.name, port.dimensions)
    await fill(floor.database, company, space.id, port, deadline=Deadline.after(20))
    return space


async def activate(floor: Floor, company: CompanyId, space: Space) -> None:
    async with floor.database.tenant_session(company) as session:
        await spaces.activate(session, space.id)


class TestFill:
    async def test_every_passage_gets_its_vector_once(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, *(f"Trecho {number}." for number in range(150)))
        port = Topics()
        space = await built(floor, ana, port)
        assert await fill(floor.database, ana, space.id, port, deadline=Deadline.after(20)) == 0
        assert port.texts == 150

    async def test_what_was_placed_before_a_failure_stays_and_the_rest_follows(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, *(f"Trecho {number}." for number in range(100)))
            space = await spaces.ensure(session, "prova/topicos", DIMENSIONS)
        with pytest.raises(EmbeddingFailed):
            await fill(floor.database, ana, space.id, Broken(), deadline=Deadline.after(20))
        assert await fill(floor.database, ana, space.id, Topics(), deadline=Deadline.after(20)) == 36

    async def test_a_passage_that_comes_later_is_missing_until_it_is_filled_again(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.")
        space = await built(floor, ana, Topics())
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.", "Dois.")
            assert [one.text for one in await spaces.unplaced(session, space.id, most=9)] == ["Dois."]
            assert not await spaces.is_complete(session, space.id)

    async def test_a_vector_of_another_length_is_refused(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.")
            space = await spaces.ensure(session, "prova/topicos", 3)
            [missing] = await spaces.unplaced(session, space.id, most=9)
            with pytest.raises(Conflict):
                await spaces.place(session, space, [(missing.id, [1.0, 0.0])])


class TestRejected:
    """Texts that the model does not take."""

    async def test_one_of_them_is_set_aside_and_all_others_get_their_vectors(
        self, floor: Floor, ana: CompanyId, caplog: pytest.LogCaptureFixture
    ) -> None:
        others = [f"Entrega {number}." for number in range(70)]
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, *others[:30], "Texto recusado.", *others[30:])
        port = Picky()
        await activate(floor, ana, await built(floor, ana, port))
        async with floor.database.tenant_session(ana) as session:
            [space] = await spaces.every(session)
            bases_ = [base.id for base in await bases.every(session)]
            vector = port.vector("Entrega")
            assert len(await spaces.nearest(session, space, bases_, vector, most=99)) == 70
            assert (await spaces.usual(session, space, bases_, vector)).looked_at >= 63
            found = await search(session, "texto recusado", [BASE], vectors={port.name: vector})
            [aside] = [hit.id for hit in found.hits if hit.text == "Texto recusado."]
        assert caplog.text.count("embedding.set_aside") == 1
        assert str(aside) in caplog.text
        assert "recusado" not in caplog.text

    async def test_where_nothing_at_all_is_taken_nothing_is_set_aside(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.", "Dois.")
            space = await spaces.ensure(session, "prova/topicos", DIMENSIONS)
        with pytest.raises(EmbeddingFailed):
            await fill(floor.database, ana, space.id, Picky(refused=""), deadline=Deadline.after(20))
        async with floor.database.tenant_session(ana) as session:
            assert len(await spaces.unplaced(session, space.id, most=9)) == 2


class TestUsual:
    async def test_it_looks_all_over_and_not_at_the_oldest_alone(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, *(f"entrega {number}" for number in range(100)), key="velho.md")
            await shelve(session, *(f"garantia {number}" for number in range(100)), key="novo.md")
        port = Topics()
        space = await built(floor, ana, port)
        async with floor.database.tenant_session(ana) as session:
            base = (await bases.one(session, BASE)).id
            usual = await spaces.usual(session, space, [base], port.vector("entrega"))
        assert usual.looked_at == 64
        assert 0.2 < usual.mean < 0.8


class TestSwitch:
    async def test_one_model_is_searched_while_another_is_built_and_then_the_other(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.", "Dois.")
        old = await built(floor, ana, Topics("prova/velho"))
        await activate(floor, ana, old)
        async with floor.database.tenant_session(ana) as session:
            new = await spaces.ensure(session, "prova/novo", DIMENSIONS)
            with pytest.raises(Conflict):
                await spaces.activate(session, new.id)
            assert await spaces.active(session) == Space(
                id=old.id, model="prova/velho", dimensions=DIMENSIONS, state=SpaceState.ACTIVE
            )
        await activate(floor, ana, await built(floor, ana, Topics("prova/novo")))
        async with floor.database.tenant_session(ana) as session:
            assert {space.model: space.state for space in await spaces.every(session)} == {
                "prova/velho": SpaceState.RETIRED,
                "prova/novo": SpaceState.ACTIVE,
            }


class TestSearchWithVectors:
    async def test_what_shares_no_word_is_found_by_its_meaning(self, floor: Floor, ana: CompanyId) -> None:
        others = (f"garantia defeito conserto {number}" for number in range(30))
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "frete correio prazo", "troca devolução", *others)
        port = Topics()
        await activate(floor, ana, await built(floor, ana, port))
        async with floor.database.tenant_session(ana) as session:
            alone = await search(session, "entrega", [BASE])
            joined = await search(session, "entrega", [BASE], vectors={port.name: port.vector("entrega")})
        assert not alone.is_answer
        assert (joined.hits[0].text, joined.is_answer) == ("frete correio prazo", True)

    async def test_a_vector_of_another_model_is_left_aside(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "frete correio prazo", "troca devolução")
        await activate(floor, ana, await built(floor, ana, Topics()))
        async with floor.database.tenant_session(ana) as session:
            for vectors in ({"outro/modelo": [1.0] * DIMENSIONS}, {"prova/topicos": [1.0, 0.0]}):
                assert (await search(session, "entrega", [BASE], vectors=vectors)).hits == ()

    def test_what_is_high_in_both_orders_is_higher_than_what_is_highest_in_one(self) -> None:
        one, two, three, four = (UUID(int=number) for number in range(4))
        places = fused([one, two, three], [four, two, one])
        assert max(places, key=lambda key: places[key]) == two or places[one] > places[four]


class TestNearest:
    async def test_the_index_and_comparing_all_agree_within_each_company_and_base(self, floor: Floor) -> None:
        """Two companies share the index, and none may lose to the other's vectors in it."""
        chance = random.Random(3)  # noqa: S311 - the same for every run
        worlds = []
        for _ in range(2):
            company, port = await new_company(floor), Topics()
            async with floor.database.tenant_session(company) as session:
                for name in ("a", "b"):
                    await shelve(session, *(f"{name} {number} {chance.random()}" for number in range(130)), base=name)
            worlds.append((company, await built(floor, company, port), port))
        lost = [await _lost(floor, *world) for world in worlds]
        assert sum(lost) <= len(lost) * ASKED * 10 / 50


ASKED = 12


async def _lost(floor: Floor, company: CompanyId, space: Space, port: Topics) -> int:
    """How many of the ten nearest the index does not find, over all questions."""
    lost = 0
    async with floor.database.tenant_session(company) as session:
        await session.execute(text("SELECT set_config('enable_sort', 'off', true)"))  # else so few are simply sorted
        base = (await bases.one(session, "a")).id
        for number in range(ASKED):
            vector = port.vector(f"pergunta {number}")
            exact = [one.id for one in await spaces.nearest(session, space, [base], vector, most=10)]
            found = await spaces.nearest(session, space, [base], vector, most=10, one_by_one=1)
            lost += len(set(exact) - {one.id for one in found})
            assert {one.base for one in await passages.of_ids(session, exact, "{1:1}/536870912")} == {base}
    return lost
