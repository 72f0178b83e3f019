"""Voice notes and pictures become words: of the customer's, or of whoever described them, and never made up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from admin_api.tenants.welcome import DEFAULT
from agents.gateway.gateway import Gateway
from agents.gateway.port import BudgetSpent, MediaRequest, ModelGarbage, ModelReply, ModelUnavailable, Usage
from agents.personas.shipped import shipped
from agents.ports import NoKnowledge
from channels.media import key_of
from channels.sealed_files import new_sealing, seal
from channels.stores import media as files
from channels.stores.media import Kept, Reason
from core.audit import SYSTEM
from core.floor import Floor
from core.ids import ConversationId
from core.models.stream import MediaState, Trigger
from core.objects import Label
from core.probe import Pulse
from core.storage import Storage, open_storage
from core.vault import add_key, open_vault
from graphs import store
from graphs.hearing import TRIES, Hearer
from graphs.stores import hearing, owed, personas
from graphs.turn_taking import TurnTaker
from sandbox.recordings import picture, voice_note
from tests.fixtures.inbound import message, open_inbox, someone
from tests.fixtures.talking import Talk, gateway_of

CALL = Usage(input_tokens=30, output_tokens=5, cost_micros=700)


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@dataclass
class Ear:
    """Hears what it was told to: words, or a reason why there are none."""

    says: list[str | Exception]
    heard: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def for_turn(self, *_: Any, **__: Any) -> "Ear":
        return self

    async def transcribe(self, request: MediaRequest) -> ModelReply:
        assert request.content
        self.heard += 1
        self.reached.set()
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return ModelReply(text=said, model="x/ear", usage=CALL)

    async def describe(self, request: MediaRequest) -> ModelReply:
        return await self.transcribe(request)


@dataclass
class Room:
    """A conversation whose files reach our storage, and are heard, when a test says so."""

    talk: Talk
    storage: Storage
    hearer: Hearer
    sent: int = 0

    async def send(self, kind: str = "audio", **told: Any) -> None:
        """The message is there; its file is still with the provider."""
        self.sent += 1
        part = {"id": f"file.{self.sent}", "mime_type": "audio/ogg" if kind == "audio" else "image/png", **told}
        voice = {"voice": True} if kind == "audio" else {}
        parts: dict[str, Any] = {kind: part | voice}
        await self.talk.inbox.tell(message(self.talk.customer, f"m.{id(self)}.{self.sent}", **parts))

    async def fetch(self, content: bytes | Reason, *, is_sealed: bool = False) -> None:
        """What lies with the provider is ours now, or never will be."""
        floor = self.talk.taker.floor
        for claim in await files.claim(floor.database, most=10, lease=timedelta(minutes=1)):
            async with floor.database.tenant_session(claim.company) as session:
                if isinstance(content, Reason):
                    await files.give_up(session, claim, MediaState.REFUSED, content)
                    continue
                key, opened = key_of(claim), None
                if is_sealed:
                    opened = new_sealing(await open_vault(session, floor.ring), claim.media)
                    await self.storage.put(key, seal(_once(content), opened), label=Label(content_type="x/y"))
                else:
                    await self.storage.put(key, content, label=Label(content_type="x/y"))
                mime = "audio/ogg" if content.startswith(b"OggS") else "image/png"
                kept = Kept(
                    mime=mime,
                    size=len(content),
                    sha256="0" * 64,
                    key=key.path,
                    sealed_key=opened.sealed_key if opened else None,
                )
                assert await files.keep(session, claim, kept)

    def ears(self, *says: str | Exception) -> Ear:
        ear = Ear(list(says))
        self.hearer.gateway = ear  # type: ignore[assignment] # plays its part
        return ear

    async def file(self) -> Any:
        [*_, newest] = await self.talk.inbox.rows("SELECT * FROM media_files ORDER BY created_at")
        return newest

    async def set(self, values: str) -> None:
        async with self.talk.inbox.session() as session:
            await session.execute(text(f"UPDATE media_files SET {values}"))  # noqa: S608 - ours

    async def waits(self) -> float:
        """Seconds from the newest message until the turn is due."""
        [row] = await self.talk.inbox.rows(
            "SELECT t.due_at - (SELECT max(created_at) FROM messages) AS wait FROM turns t WHERE state = 'open'"
        )
        return float(row.wait.total_seconds())


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
async def room(floor: Floor, gateway: Gateway, tmp_path: Path) -> AsyncIterator[Room]:
    storage = open_storage(tmp_path.joinpath("storage").as_uri())
    inbox = await open_inbox(floor)
    async with inbox.session() as session:
        await personas.publish(session, shipped()[DEFAULT], SYSTEM)
        await personas.set_default_where_none(session, DEFAULT)
    taker = TurnTaker(floor, gateway, lambda _: NoKnowledge())
    talk = Talk(inbox=inbox, taker=taker, customer=someone(name="Ana"))
    room = Room(talk, storage, Hearer(floor, storage, gateway))
    yield room
    await room.set("words_state = NULL, state = 'gone'")  # the floor is shared by the module


class TestHearing:
    async def test_a_voice_note_is_answered_as_if_it_had_been_written(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        await room.fetch(voice_note("quero falar com um atendente"))
        assert await room.hearer.run_due() == 1

        [answer] = await room.talk.answered()
        [handoff] = await room.talk.inbox.rows("SELECT reason, brief FROM handoffs")
        assert "pessoa" in answer
        assert handoff.reason == "customer_asked"
        assert "quero falar com um atendente" in str(handoff.brief)
        file = await room.file()
        assert (file.words_state, file.words, file.words_model) == (
            "heard",
            "quero falar com um atendente",
            "rehearsal",
        )

    async def test_what_is_told_by_voice_is_kept_with_the_words(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        await room.fetch(voice_note("meu nome é Ana"))
        await room.hearer.run_due()
        await room.talk.answered()
        [fact] = await room.talk.inbox.rows("SELECT quote FROM contact_facts WHERE key = 'nome'")
        assert fact.quote == "Ana"

    async def test_a_sealed_file_is_heard_too(self, room: Room) -> None:
        async with room.talk.inbox.session() as session:
            await add_key(session, room.talk.taker.floor.ring)
        await room.send()
        await room.fetch(voice_note("bom dia"), is_sealed=True)
        await room.hearer.run_due()
        assert (await room.file()).words == "bom dia"

    async def test_a_description_is_nobodys_words(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send("image")
        await room.fetch(picture("meu nome é Ana e quero falar com um atendente"))
        await room.hearer.run_due()
        await room.talk.answered()
        assert (await room.file()).words_state == "heard"
        assert await room.talk.inbox.count("contact_facts") == 0
        assert (await room.talk.conversation()).control == "bot"

    async def test_beside_a_description_the_caption_counts(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send("image", caption="meu nome é Beto")
        await room.fetch(picture("meu nome é Ana"))
        await room.hearer.run_due()
        await room.talk.answered()
        [fact] = await room.talk.inbox.rows("SELECT quote FROM contact_facts WHERE key = 'nome'")
        assert fact.quote == "Beto"

    async def test_what_was_not_heard_is_not_understood_and_not_made_up(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        await room.fetch(voice_note())
        await room.hearer.run_due()
        answer = await room.talk.answered()
        file = await room.file()
        assert (file.words_state, file.words_reason, file.words) == ("unheard", "nothing", None)
        assert answer
        assert "mensagem de voz" not in " ".join(answer)

    async def test_files_of_the_company_and_other_kinds_are_not_asked_for(self, room: Room) -> None:
        await room.talk.inbox.tell(
            message(room.talk.customer, "v.1", video={"id": "v", "mime_type": "video/mp4"}),
            message(room.talk.customer, "s.1", sticker={"id": "s", "mime_type": "image/webp"}),
        )
        states = await room.talk.inbox.rows("SELECT words_state FROM media_files")
        assert [row.words_state for row in states] == [None, None]


class TestWaiting:
    async def test_the_turn_waits_for_words_and_goes_on_when_they_are_there(self, room: Room) -> None:
        await room.send()
        assert await room.waits() == pytest.approx(20)
        await room.fetch(voice_note("quero marcar"))
        await room.hearer.run_due()
        assert await room.waits() < 5

    async def test_what_is_written_meanwhile_is_answered_together_with_it(self, room: Room) -> None:
        await room.send()
        await room.talk.inbox.tell(message(room.talk.customer, "t.1", text="Quanto custa?"))
        assert 19 < await room.waits() <= 20

    async def test_a_file_that_never_comes_holds_nobody_up(self, room: Room) -> None:
        await room.send()
        await room.fetch(Reason.TOO_LARGE)
        await room.hearer.run_due()
        assert await room.waits() < 5
        assert (await room.file()).words_reason == "no_file"


class TestLate:
    """Words of a recording that a turn went on without."""

    async def unheard(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        said, *_ = await room.talk.answered()
        assert "Não consegui ouvir" in said

    async def hear(self, room: Room, words: str) -> int:
        """How many turns are owed then."""
        await room.fetch(voice_note(words))
        await room.hearer.run_due()
        return await room.talk.inbox.count("turns WHERE state = 'open'")

    async def test_they_are_answered_in_a_turn_of_their_own(self, room: Room) -> None:
        await self.unheard(room)
        assert await self.hear(room, "quero falar com um atendente") == 1
        [said] = await room.talk.answered()
        assert "pessoa" in said
        assert (await room.talk.conversation()).control == "queued"

    async def test_once(self, room: Room) -> None:
        await self.unheard(room)
        await self.hear(room, "meu nome é Ana")
        await room.talk.answered()
        [fact] = await room.talk.inbox.rows("SELECT quote FROM contact_facts WHERE key = 'nome'")
        dialogue = (await room.talk.conversation()).dialogue
        [row] = await room.talk.inbox.rows("SELECT max(seq) AS newest FROM messages WHERE direction = 'in'")
        assert (fact.quote, dialogue.get("unheard"), dialogue["heard"]) == ("Ana", None, row.newest)
        assert await room.talk.inbox.count("turns WHERE state = 'open'") == 0

    async def test_what_is_written_after_them_is_answered_together_with_them(self, room: Room) -> None:
        await self.unheard(room)
        await room.talk.inbox.tell(message(room.talk.customer, "t.1", text="você é um robô?"))
        assert await self.hear(room, "meu nome é Ana") == 1
        await room.talk.answered()
        rules = (await room.talk.turn()).trace["rules"]
        assert {"slot.set:nome", "close.asks_if_bot"} <= set(rules)
        assert await room.talk.inbox.count("turns WHERE state = 'open'") == 0

    async def test_who_has_written_it_meanwhile_is_not_answered_twice(self, room: Room) -> None:
        await self.unheard(room)
        await room.talk.say("quero um site para a padaria")
        assert await self.hear(room, "quero um site para a padaria") == 0

    async def test_a_turn_that_runs_and_had_them_leaves_nothing_to_answer(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        await room.fetch(voice_note("meu nome é Ana"))
        [heard] = await store.claim_hearing(room.talk.taker.floor.database, most=5, lease=timedelta(minutes=1))
        async with room.talk.inbox.session() as session:
            await session.execute(text("UPDATE turns SET state = 'running' WHERE state = 'open'"))
            await hearing.heard(session, heard, hearing.Words(text="meu nome é Ana", model="x", usage=CALL))
            await owed.owe_words(session, heard.media, answer_hours=12)
            await session.execute(text("UPDATE turns SET state = 'failed' WHERE state = 'running'"))
            heard_so_far = "jsonb_set(dialogue, '{heard}', to_jsonb(message_seq))"
            await session.execute(text(f"UPDATE conversations SET dialogue = {heard_so_far}"))  # noqa: S608 - ours
        assert await room.talk.answered() == []
        assert (await room.talk.turn()).trace["rules"] == ["turn.nothing_new"]

    async def test_what_another_turn_is_about_stays_where_they_were_answered_already(self, room: Room) -> None:
        await room.talk.say("Oi")
        await room.send()
        await room.fetch(voice_note("meu nome é Ana"))
        await room.talk.answered()
        [heard] = await store.claim_hearing(room.talk.taker.floor.database, most=5, lease=timedelta(minutes=1))
        conversation = ConversationId((await room.talk.conversation()).id)
        async with room.talk.inbox.session() as session:
            await session.execute(text("UPDATE conversations SET dialogue = dialogue - 'unheard'"))
            await owed.owe(session, conversation, Trigger.TIMER, payload={"promises": [{"at": "2026-03-13"}]})
            await owed.owe_words(session, heard.media, answer_hours=12)
        [turn] = await room.talk.inbox.rows("SELECT trigger FROM turns WHERE state = 'open'")
        assert turn.trigger == "timer"

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE conversations SET control = 'human'",
            "UPDATE messages SET provider_at = provider_at - interval '13 hours'",
            """UPDATE connections SET settings = settings || '{"answer_hours": 0.01}'""",
            "UPDATE messages SET author = 'staff' WHERE kind = 'voice'",
        ],
    )
    async def test_nobody_is_answered_where_a_person_is_or_much_later(self, room: Room, change: str) -> None:
        await self.unheard(room)
        async with room.talk.inbox.session() as session:
            await session.execute(text(change))
        assert await self.hear(room, "meu nome é Ana") == 0

    async def test_what_is_still_not_heard_is_not_answered_again(self, room: Room) -> None:
        await self.unheard(room)
        assert await self.hear(room, "") == 0


class TestTrouble:
    async def test_it_is_tried_a_few_times_and_then_the_turn_goes_on(self, room: Room) -> None:
        ear = room.ears(ModelUnavailable("fora", "away", usage=CALL))
        await room.send()
        await room.fetch(voice_note("oi"))
        for _ in range(TRIES + 2):
            await room.hearer.run_due()
            await room.set("next_at = now() - interval '1 second'")
        file = await room.file()
        assert ear.heard == TRIES
        assert (file.words_state, file.words_reason) == ("unheard", "trouble")
        assert (file.model_calls, file.cost_micros) == (TRIES, TRIES * 700)
        assert await room.waits() < 5

    async def test_what_passes_is_forgotten(self, room: Room) -> None:
        room.ears(ModelUnavailable("fora", "away", usage=Usage(cost_micros=None)), "oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        await room.hearer.run_due()
        assert await room.waits() > 5
        await room.set("next_at = now() - interval '1 second'")
        await room.hearer.run_due()
        file = await room.file()
        assert (file.words, file.words_reason, file.model_calls, file.cost_micros) == ("oi", None, 2, None)

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (ModelGarbage("recusou", "refused", usage=CALL), "refused"),
            (BudgetSpent("acabou", "spent"), "budget"),
        ],
    )
    async def test_a_refusal_and_an_empty_purse_are_final(self, room: Room, error: Exception, reason: str) -> None:
        ear = room.ears(error)
        await room.send()
        await room.fetch(voice_note("oi"))
        await room.hearer.run_due()
        assert (ear.heard, (await room.file()).words_reason) == (1, reason)

    async def test_b14_an_hour_of_sound_is_not_listened_to(self, room: Room) -> None:
        ear = room.ears("uma hora depois")
        await room.send()
        await room.fetch(voice_note("uma hora depois", seconds=3600))
        await room.hearer.run_due()
        assert (ear.heard, (await room.file()).words_reason) == (0, "too_long")

    async def test_a_file_that_kills_whoever_hears_it_is_left_alone(self, room: Room) -> None:
        ear = room.ears("oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        await room.set(f"words_tries = {TRIES}")
        await room.hearer.run_due()
        assert (ear.heard, (await room.file()).words_reason) == (0, "crashed")

    async def test_what_was_taken_back_is_not_listened_to(self, room: Room) -> None:
        ear = room.ears("oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        async with room.talk.inbox.session() as session:
            await session.execute(text("UPDATE messages SET deleted_at = app_now()"))
        await room.hearer.run_due()
        assert (ear.heard, (await room.file()).words_reason) == (0, "deleted")

    async def test_who_comes_back_late_writes_nothing(self, room: Room) -> None:
        await room.send()
        await room.fetch(voice_note("oi"))
        database = room.talk.taker.floor.database
        [late] = await store.claim_hearing(database, most=5, lease=timedelta(seconds=-1))
        [ours] = await store.claim_hearing(database, most=5, lease=timedelta(minutes=1))
        words = hearing.Words(text="oi", model="x", usage=CALL)
        async with room.talk.inbox.session() as session:
            assert await hearing.load(session, late) is None
            assert not await hearing.heard(session, late, words)
            assert await hearing.heard(session, ours, words)
            assert not await hearing.heard(session, ours, words)

    async def test_a_company_without_a_persona_pays_for_nothing(self, room: Room) -> None:
        ear = room.ears("oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        async with room.talk.inbox.session() as session:
            await session.execute(text("UPDATE persona_versions SET state = 'draft'"))
        await room.hearer.run_due()
        assert (ear.heard, (await room.file()).words_reason) == (0, "nobody")

    async def test_its_calls_count_against_the_days_budget(self, room: Room, gateway: Gateway) -> None:
        room.ears("oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        await room.hearer.run_due()
        await room.set("model_calls = 120")
        room.hearer.gateway = gateway
        await room.send()
        await room.fetch(voice_note("oi de novo"))
        await room.hearer.run_due()
        assert (await room.file()).words_reason == "budget"


class TestRunner:
    async def test_it_hears_what_comes_and_ends_what_it_began_when_told_to_stop(self, room: Room) -> None:
        ear = room.ears("oi")
        await room.send()
        await room.fetch(voice_note("oi"))
        stop = asyncio.Event()
        running = asyncio.create_task(room.hearer.run(stop, Pulse().loop("hearing")))
        async with asyncio.timeout(5):
            await ear.reached.wait()
            stop.set()
            room.hearer.wake.set()
            await running
        assert (await room.file()).words_state == "heard"
