"""Consent: what stops at an opt-out, what may still leave, and what no import, merger or late news takes back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import delete, insert, select, text, update

from channels import consent
from channels.consent import LONGEST_QUOTE, UNDO_WORDS, Evidence, confirmation_in, stricter
from channels.contents import Text as Words
from channels.envelope import Accepted, Identity, Person
from channels.stores import claims, people, results
from channels.stores import consent as store
from channels.stores.mergers import merge
from channels.stores.outbox import START_SECONDS
from channels.stores.people import Merger, Sighting
from channels.stores.results import Taken
from channels.stores.thread import Entry, append
from core import clock
from core.errors import Forbidden, Malformed, NotFound
from core.floor import Floor
from core.ids import ContactId, ConversationId, MessageId, new_id
from core.lexicon import ConsentWord, consent_word
from core.models.outbox import Lane, Outbound, OutboundState, Purpose
from core.models.people import (
    ConsentEvent,
    ConsentSource,
    Contact,
    ContactIdentity,
    IdentityKind,
    Suppression,
)
from core.models.record import DomainEvent
from core.models.stream import Author, Conversation, Direction
from tests.fixtures.gates import Judge, Somebody, gather_crowd, hesitating, in_hands, queue_for
from tests.fixtures.outbox import IMPATIENT, World, make_world
from tests.fixtures.sizes import size

PATHS: Final = (
    *(ConsentSource.KEYWORD, ConsentSource.BUTTON, ConsentSource.PROVIDER, ConsentSource.STAFF, ConsentSource.MODEL),
)
BACK: Final = Evidence(source=ConsentSource.KEYWORD, quote="VOLTAR")
STAFF: Final = Evidence(source=ConsentSource.STAFF, quote="pediu por telefone")


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    async with world.session() as session:  # the floor is shared by the module: nothing of this world stays due
        await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


@pytest.fixture
async def ana(world: World) -> Somebody:
    [ana] = await gather_crowd(world, 1)
    return ana


async def says(world: World, who: Somebody, words: str, *, ago: timedelta = timedelta(0)) -> MessageId:
    entry = Entry(
        conversation=who.conversation,
        connection=world.connection,
        direction=Direction.IN,
        author=Author.CUSTOMER,
        content=Words(body=words),
        provider_id=f"wamid.{new_id()}",
        provider_at=clock.now() - ago,
    )
    async with world.session() as session:
        [added] = await append(session, [entry])
    return added.id


async def opt_out(world: World, who: Somebody | ContactId, evidence: Evidence = STAFF) -> bool:
    async with world.session() as session:
        return await consent.opt_out(session, who if not isinstance(who, Somebody) else who.contact, evidence)


async def opt_in(world: World, who: Somebody, evidence: Evidence = BACK) -> bool:
    async with world.session() as session:
        return await consent.opt_in(session, who.contact, evidence)


async def since(world: World, who: Somebody | ContactId) -> datetime | None:
    contact = who.contact if isinstance(who, Somebody) else who
    async with world.session() as session:
        return await session.scalar(select(Contact.opted_out_at).where(Contact.id == contact))


async def all_of(world: World, statement: Any) -> list[Any]:
    async with world.session() as session:
        return list(await session.scalars(statement))


async def on_record(world: World, who: Somebody) -> list[ConsentEvent]:
    own = select(ConsentEvent).where(ConsentEvent.contact_id == who.contact)
    return await all_of(world, own.order_by(ConsentEvent.created_at, ConsentEvent.id))


async def outbound_of(world: World, who: Somebody) -> dict[Purpose, Outbound]:
    rows = await all_of(world, select(Outbound).where(Outbound.contact_id == who.contact))
    return {row.purpose: row for row in rows}


async def told(world: World) -> list[tuple[str, Any]]:
    events = await all_of(world, select(DomainEvent).where(DomainEvent.kind.like("contact.%")))
    return [(event.kind, event.payload) for event in sorted(events, key=lambda event: event.seq)]


class TestOptOut:
    async def test_it_is_on_the_contact_on_record_and_told(self, world: World, ana: Somebody) -> None:
        before = clock.now()

        assert await opt_out(world, ana)

        moment = await since(world, ana)
        [event] = await on_record(world, ana)
        assert moment is not None
        assert before - timedelta(seconds=1) < moment < clock.now() + timedelta(seconds=1)
        assert (event.kind, event.source, event.quote) == ("opted_out", "staff", "pediu por telefone")
        assert await told(world) == [("contact.opted_out", {"source": "staff"})]

    async def test_everything_the_person_is_known_by_is_suppressed_under_its_hash(
        self, world: World, ana: Somebody
    ) -> None:
        await opt_out(world, ana)

        kept = set(await all_of(world, select(Suppression.identity_hash)))
        phone = Identity(kind=IdentityKind.PHONE, value=ana.phone)
        wa_id = Identity(kind=IdentityKind.WA_ID, value=ana.phone[1:])
        assert kept == {people.identity_hash(world.company, one) for one in (phone, wa_id)}

    async def test_a_username_is_not_for_it_moves_to_others(self, world: World, ana: Somebody) -> None:
        async with world.session() as session:
            own = {"tenant_id": world.company, "id": new_id(), "contact_id": ana.contact}
            await session.execute(insert(ContactIdentity).values(**own, kind=IdentityKind.USERNAME, value="ana.doces"))

        await opt_out(world, ana)

        assert len(await all_of(world, select(Suppression.identity_hash))) == 2

    @pytest.mark.parametrize("purpose", [*set(Purpose) - {Purpose.NOTICE}])
    async def test_whatever_is_queued_is_withdrawn(self, world: World, ana: Somebody, purpose: Purpose) -> None:
        await queue_for(world, [ana], purpose=purpose)

        await opt_out(world, ana)

        row = (await outbound_of(world, ana))[purpose]
        assert (row.state, row.reason) == (OutboundState.SUPPRESSED, "opted_out")

    async def test_nobody_else_is_touched(self, world: World, ana: Somebody) -> None:
        [beto] = await gather_crowd(world, 1)
        await queue_for(world, [ana, beto], purpose=Purpose.MARKETING)

        await opt_out(world, ana)

        assert await since(world, beto) is None
        assert (await outbound_of(world, beto))[Purpose.MARKETING].state == OutboundState.QUEUED

    async def test_asked_again_it_is_on_record_again_and_moves_on(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)
        first = await since(world, ana)
        await queue_for(world, [ana], purpose=Purpose.REPLY)  # an answer to what was written in between

        assert not await opt_out(world, ana)

        second = await since(world, ana)
        assert first is not None
        assert second is not None
        assert second > first
        assert len(await on_record(world, ana)) == 2
        assert len(await told(world)) == 1
        assert (await outbound_of(world, ana))[Purpose.REPLY].state == OutboundState.SUPPRESSED

    async def test_it_finds_the_contact_that_another_was_merged_into(self, world: World, ana: Somebody) -> None:
        old, older = await gather_crowd(world, 2)
        async with world.session() as session:
            for gone, kept in ((older, old), (old, ana)):
                merged = update(Contact).where(Contact.id == gone.contact).values(merged_into=kept.contact)
                await session.execute(merged)

        assert await opt_out(world, older)

        assert await since(world, ana) is not None

    async def test_who_does_not_exist_here_is_not_found(self, floor: Floor, ana: Somebody) -> None:
        elsewhere = await make_world(floor)

        for contact in (ContactId(new_id()), ana.contact):
            with pytest.raises(NotFound):
                await opt_out(elsewhere, contact)

    async def test_a_quote_is_cut_and_cleaned(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana, Evidence(source=ConsentSource.MODEL, quote="\0 me tira daí" + "!" * 5000))

        [event] = await on_record(world, ana)
        assert event.quote is not None
        assert event.quote.startswith("me tira daí!")
        assert len(event.quote) == LONGEST_QUOTE


class TestConfirmation:
    @pytest.mark.parametrize("source", [ConsentSource.KEYWORD, ConsentSource.BUTTON])
    async def test_one_is_queued_where_the_person_said_it(
        self, world: World, ana: Somebody, source: ConsentSource
    ) -> None:
        message = await says(world, ana, "PARE")

        await opt_out(world, ana, Evidence(source=source, message=message, quote="PARE"))

        [event] = await on_record(world, ana)
        notice = (await outbound_of(world, ana))[Purpose.NOTICE]
        assert (notice.intent_key, notice.lane, notice.state) == (f"optout:{event.id}", Lane.REPLY, "queued")
        assert notice.conversation_id == ana.conversation
        assert notice.expires_at is not None
        assert timedelta(minutes=14) < notice.expires_at - clock.now() <= timedelta(minutes=15)
        assert event.message_id == message

    async def test_asked_again_there_is_no_second_one(self, world: World, ana: Somebody) -> None:
        for _ in range(3):
            message = await says(world, ana, "PARE")
            await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, message=message))

        own = select(Outbound).where(Outbound.contact_id == ana.contact)
        assert len(await all_of(world, own)) == 1

    @pytest.mark.parametrize("source", [*set(ConsentSource) - {ConsentSource.KEYWORD, ConsentSource.BUTTON}])
    async def test_none_follows_what_was_not_said_in_a_message(
        self, world: World, ana: Somebody, source: ConsentSource
    ) -> None:
        await opt_out(world, ana, Evidence(source=source, conversation=ana.conversation))

        assert await outbound_of(world, ana) == {}

    async def test_none_leaves_when_the_window_is_closed(self, world: World, ana: Somebody) -> None:
        async with world.session() as session:
            await session.execute(
                update(Conversation).values(last_inbound_at=clock.now() - timedelta(hours=24, minutes=1))
            )

        await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, conversation=ana.conversation))

        assert await outbound_of(world, ana) == {}

    async def test_none_is_queued_in_somebody_elses_conversation(self, world: World, ana: Somebody) -> None:
        [beto] = await gather_crowd(world, 1)

        await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, conversation=beto.conversation))

        assert await all_of(world, select(Outbound)) == []

    @pytest.mark.parametrize(
        ("locale", "word"),
        [(None, "VOLTAR"), ("pt-BR", "VOLTAR"), ("en-US", "START"), ("es_419", "VOLVER"), ("de", "VOLTAR")],
    )
    async def test_it_is_in_the_persons_language_with_the_word_that_undoes_it(
        self, world: World, locale: str | None, word: str
    ) -> None:
        [somebody] = await gather_crowd(world, 1, locale=locale)

        await opt_out(world, somebody, Evidence(source=ConsentSource.BUTTON, conversation=somebody.conversation))

        content = (await outbound_of(world, somebody))[Purpose.NOTICE].content
        assert f" {word}." in content["body"]

    def test_the_word_of_each_language_is_understood_and_is_in_its_text(self) -> None:
        for language, word in UNDO_WORDS.items():
            assert consent_word(word) is ConsentWord.OPT_IN
            assert consent_word(word.lower()) is ConsentWord.OPT_IN
            assert word in confirmation_in(language)

    async def test_it_is_the_one_message_that_still_leaves(self, world: World, ana: Somebody) -> None:
        message = await says(world, ana, "PARE")
        await queue_for(world, [ana], purpose=Purpose.MARKETING, each=3)
        await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, message=message))
        await queue_for(world, [ana], purpose=Purpose.MARKETING)

        async with world.sending():
            await world.settle()

        assert [taken.content for taken in world.provider.taken] == [Words(body=confirmation_in("pt-BR"))]


class TestAfterwards:
    async def test_an_answer_to_what_the_person_writes_then_is_sent(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)
        await says(world, ana, "E o pão de ontem?")
        answer = await world.queue(ana.conversation, purpose=Purpose.REPLY)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.ACCEPTED

    @pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.STAFF])
    async def test_an_answer_to_what_was_written_before_is_not(
        self, world: World, ana: Somebody, purpose: Purpose
    ) -> None:
        await says(world, ana, "Quanto custa?")
        await opt_out(world, ana)
        answer = await world.queue(ana.conversation, purpose=purpose)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert (row.state, row.reason) == (OutboundState.SUPPRESSED, "opted_out")
        assert world.provider.started == []

    async def test_what_arrived_with_the_opt_out_itself_is_not_answered(self, world: World, ana: Somebody) -> None:
        async with world.session() as session:
            entries = [
                Entry(
                    conversation=ana.conversation,
                    connection=world.connection,
                    direction=Direction.IN,
                    author=Author.CUSTOMER,
                    content=Words(body=words),
                    provider_id=f"wamid.{new_id()}",
                    provider_at=clock.now(),
                )
                for words in ("PARE", "PARE!")
            ]
            added = await append(session, entries)
            evidence = Evidence(source=ConsentSource.KEYWORD, message=added[-1].id)
            await consent.opt_out(session, ana.contact, evidence)
        answer = await world.queue(ana.conversation, purpose=Purpose.REPLY)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.SUPPRESSED

    async def test_but_for_what_was_asked_for_in_the_same_breath(self, world: World, ana: Somebody) -> None:
        asked = await says(world, ana, "Parem com a propaganda! Quero falar com o gerente")
        await answered(world, ana, asked)
        answer = await world.queue(ana.conversation, purpose=Purpose.STAFF)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.ACCEPTED

    async def test_who_said_stop_meanwhile_hears_no_answer_to_it(self, world: World, ana: Somebody) -> None:
        asked = await says(world, ana, "Parem com a propaganda! Quero falar com o gerente")
        await opt_out(world, ana)
        stopped = await since(world, ana)
        await answered(world, ana, asked)
        answer = await world.queue(ana.conversation, purpose=Purpose.REPLY)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.SUPPRESSED
        assert await since(world, ana) == stopped


async def answered(world: World, who: Somebody, message: MessageId) -> None:
    """Opted out with this message, which is to be answered all the same."""
    async with world.session() as session:
        evidence = Evidence(source=ConsentSource.KEYWORD, message=message)
        await consent.opt_out(session, who.contact, evidence, answered=message)


class TestOptIn:
    async def test_the_person_comes_back_with_a_word(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)

        assert await opt_in(world, ana)

        assert await since(world, ana) is None
        assert await all_of(world, select(Suppression.identity_hash)) == []
        assert [event.kind for event in await on_record(world, ana)] == ["opted_out", "opted_in"]
        assert [kind for kind, _ in await told(world)] == ["contact.opted_out", "contact.opted_in"]

    async def test_a_confirmation_that_has_not_left_is_withdrawn(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, conversation=ana.conversation))

        await opt_in(world, ana)

        notice = (await outbound_of(world, ana))[Purpose.NOTICE]
        assert (notice.state, notice.reason) == (OutboundState.SUPPRESSED, "withdrawn")

    async def test_out_again_is_confirmed_again(self, world: World, ana: Somebody) -> None:
        said = Evidence(source=ConsentSource.KEYWORD, conversation=ana.conversation)
        await opt_out(world, ana, said)
        await opt_in(world, ana)

        assert await opt_out(world, ana, said)

        own = select(Outbound.state).where(Outbound.purpose == Purpose.NOTICE)
        assert sorted(await all_of(world, own)) == ["queued", "suppressed"]

    async def test_a_word_of_who_was_never_out_means_nothing(self, world: World, ana: Somebody) -> None:
        assert not await opt_in(world, ana)

        assert await on_record(world, ana) == []

    async def test_staff_may_with_a_reason(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)

        assert await opt_in(world, ana, STAFF)

    @pytest.mark.parametrize("reason", [None, "", "  \n"])
    async def test_staff_may_not_without_one(self, world: World, ana: Somebody, reason: str | None) -> None:
        await opt_out(world, ana)

        with pytest.raises(Malformed):
            await opt_in(world, ana, Evidence(source=ConsentSource.STAFF, quote=reason))

        assert await since(world, ana) is not None

    @pytest.mark.parametrize(
        "source", [ConsentSource.MODEL, ConsentSource.LINK, ConsentSource.MERGE, ConsentSource.IMPORT]
    )
    async def test_nobody_else_may(self, world: World, ana: Somebody, source: ConsentSource) -> None:
        await opt_out(world, ana)

        with pytest.raises(Forbidden):
            await opt_in(world, ana, Evidence(source=source, quote="quer voltar"))

        assert await since(world, ana) is not None


class TestOrder:
    """The provider's news come in any order, and hours late."""

    async def test_a_stop_that_comes_after_a_later_resume_is_only_on_record(self, world: World, ana: Somebody) -> None:
        now = clock.now()
        assert not await opt_in(world, ana, Evidence(source=ConsentSource.PROVIDER, quote="resume", at=now))

        late = Evidence(source=ConsentSource.PROVIDER, quote="stop", at=now - timedelta(hours=3))
        assert not await opt_out(world, ana, late)

        assert await since(world, ana) is None
        assert [event.kind for event in await on_record(world, ana)] == ["opted_out", "opted_in"]

    async def test_a_resume_that_comes_after_a_later_stop_is_only_on_record(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)

        late = Evidence(source=ConsentSource.PROVIDER, quote="resume", at=clock.now() - timedelta(hours=3))
        assert not await opt_in(world, ana, late)

        assert await since(world, ana) is not None

    async def test_what_a_message_says_was_said_when_the_provider_dated_it(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)
        await opt_in(world, ana)
        message = await says(world, ana, "PARE", ago=timedelta(hours=2))

        assert not await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, message=message))

        assert await since(world, ana) is None

    async def test_staff_who_opted_somebody_in_do_not_outdate_what_the_person_said(
        self, world: World, ana: Somebody
    ) -> None:
        await opt_out(world, ana)
        await opt_in(world, ana, STAFF)
        message = await says(world, ana, "PARE", ago=timedelta(hours=2))

        assert await opt_out(world, ana, Evidence(source=ConsentSource.KEYWORD, message=message))

    async def test_a_time_to_come_is_now(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana, Evidence(source=ConsentSource.PROVIDER, at=clock.now() + timedelta(days=9)))

        assert await opt_in(world, ana)


class TestReimport:
    async def test_who_is_made_anew_under_a_suppressed_number_is_out_still(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)
        before = await since(world, ana)
        async with world.session() as session:  # as an erasure would
            await session.execute(delete(ContactIdentity))

        written = ana.phone[3:]  # the way people write it, without the country
        sighting = Sighting(
            person=Person(identities=(Identity(kind=IdentityKind.PHONE, value=written),)), at=clock.now()
        )
        async with world.session() as session:
            [contact] = (await people.resolve(session, [sighting])).contacts

        assert contact is not None
        assert await since(world, contact) == before
        [event] = await all_of(world, select(ConsentEvent).where(ConsentEvent.contact_id == contact))
        assert contact != ana.contact
        assert (event.kind, event.source) == ("opted_out", "import")

    async def test_the_new_contacts_other_identities_are_suppressed_along(self, world: World, ana: Somebody) -> None:
        await opt_out(world, ana)
        bsuid = Identity(kind=IdentityKind.BSUID, value=f"BR.{new_id().int}")
        seen = (Identity(kind=IdentityKind.PHONE, value=ana.phone), bsuid)
        async with world.session() as session:
            await people.resolve(session, [Sighting(person=Person(identities=seen), at=clock.now())])

        kept = set(await all_of(world, select(Suppression.identity_hash)))
        assert people.identity_hash(world.company, bsuid) in kept

    async def test_a_word_of_theirs_brings_who_was_imported_back(self, world: World) -> None:
        [ana, beto] = await gather_crowd(world, 2)
        await opt_out(world, ana)
        async with world.session() as session:
            take = update(ContactIdentity).where(ContactIdentity.contact_id == ana.contact)
            await session.execute(take.values(contact_id=beto.contact))
            assert await store.opt_out_suppressed(session, [beto.contact]) == [beto.contact]
        message = await says(world, beto, "VOLTAR", ago=timedelta(seconds=20))

        assert await opt_in(world, beto, Evidence(source=ConsentSource.KEYWORD, message=message))

    async def test_who_never_opted_out_is_left_alone(self, world: World, ana: Somebody) -> None:
        [beto] = await gather_crowd(world, 1)
        await opt_out(world, ana)

        async with world.session() as session:
            assert await store.opt_out_suppressed(session, [beto.contact]) == []

        assert await since(world, beto) is None

    async def test_another_company_may_write_to_the_same_number(
        self, world: World, floor: Floor, ana: Somebody
    ) -> None:
        await opt_out(world, ana)
        elsewhere = await make_world(floor)
        same = Identity(kind=IdentityKind.PHONE, value=ana.phone)
        async with elsewhere.session() as session:
            sighting = Sighting(person=Person(identities=(same,)), at=clock.now())
            [contact] = (await people.resolve(session, [sighting])).contacts

        assert contact is not None
        assert await since(elsewhere, contact) is None


async def join(world: World, kept: Somebody, gone: Somebody) -> bool:
    async with world.session() as session:
        changed = await consent.join(session, kept.contact, gone=gone.contact)
        await session.execute(update(Conversation).where(Conversation.id == gone.conversation).values(control="closed"))
        await merge(session, Merger(kept=kept.contact, gone=gone.contact))
        return changed


class TestJoin:
    @pytest.mark.parametrize("is_kept_out", [True, False])
    async def test_one_of_two_being_out_both_are(self, world: World, is_kept_out: bool) -> None:  # noqa: FBT001 - a case
        kept, gone = await gather_crowd(world, 2)
        await opt_out(world, kept if is_kept_out else gone)

        assert await join(world, kept, gone) is not is_kept_out

        assert await since(world, kept) is not None
        assert await since(world, gone) is not None
        assert len(await all_of(world, select(Suppression.identity_hash))) == 4

    async def test_two_who_may_be_written_to_stay_so(self, world: World) -> None:
        kept, gone = await gather_crowd(world, 2)

        assert not await join(world, kept, gone)

        assert await since(world, kept) is None

    async def test_the_later_of_two_opt_outs_counts(self, world: World) -> None:
        kept, gone = await gather_crowd(world, 2)
        await opt_out(world, kept)
        await opt_out(world, gone)
        later = await since(world, gone)

        await join(world, kept, gone)

        assert await since(world, kept) == later

    async def test_what_we_started_is_withdrawn_from_who_was_in(self, world: World) -> None:
        kept, gone = await gather_crowd(world, 2)
        await queue_for(world, [kept], purpose=Purpose.MARKETING)
        await opt_out(world, gone)

        await join(world, kept, gone)

        assert (await outbound_of(world, kept))[Purpose.MARKETING].state == OutboundState.SUPPRESSED
        assert [event.source for event in await on_record(world, kept)] == ["merge"]

    async def test_an_answer_to_what_was_written_since_still_leaves(self, world: World) -> None:
        kept, gone = await gather_crowd(world, 2)
        await opt_out(world, gone)
        await says(world, kept, "Tem bolo hoje?")
        answer = await world.queue(kept.conversation, purpose=Purpose.REPLY)

        await join(world, kept, gone)
        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.ACCEPTED

    async def test_who_is_merged_away_stays_out_when_they_are_told_apart_again(self, world: World) -> None:
        kept, gone = await gather_crowd(world, 2)
        await join(world, kept, gone)
        await opt_out(world, kept)
        [gone_after] = await all_of(world, select(Contact.merged_into).where(Contact.id == gone.contact))

        assert gone_after == kept.contact
        assert not await opt_out(world, gone)

    def test_stricter_is_out_over_in_and_later_over_earlier(self) -> None:
        now = clock.now()
        before = now - timedelta(days=1)
        assert stricter(None, None) is None
        assert stricter(None, before) == stricter(before, None) == before
        assert stricter(before, now) == stricter(now, before) == now


async def claimed(world: World, who: Somebody) -> claims.Claim:
    """A message that has passed the gate and may be on its way to the socket."""
    async with world.session() as session:
        rows = await session.scalars(select(Outbound).where(Outbound.contact_id == who.contact))
        due = [
            claims.Due(
                company=world.company,
                outbound=row.id,
                conversation=who.conversation,
                connection=world.connection,
                contact=who.contact,
            )
            for row in rows
        ]
        [claim] = (await claims.claim(session, due, window=[world.connection], lease=IMPATIENT.lease)).claims
    return claim


class TestWaiting:
    async def test_it_waits_for_a_message_that_has_passed_the_gate(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.MARKETING)
        claim = await claimed(world, ana)
        opting_out = asyncio.create_task(opt_out(world, ana))
        await asyncio.sleep(0.2)
        assert not opting_out.done()

        await accept(world, claim)

        assert await asyncio.wait_for(opting_out, 2)

    async def test_it_waits_no_longer_than_that_message_could_start(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.MARKETING)
        await claimed(world, ana)
        async with world.session() as session:
            nearly = text("UPDATE outbound SET started_at = started_at - make_interval(secs => :seconds)")
            await session.execute(nearly, {"seconds": START_SECONDS - 0.3})

        async with asyncio.timeout(2):
            assert await opt_out(world, ana)

    async def test_while_it_waits_nothing_more_of_that_person_starts(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.MARKETING)
        claim = await claimed(world, ana)
        other = await another_conversation(world, ana)
        await queue_for(world, [other], purpose=Purpose.STAFF)
        opting_out = asyncio.create_task(opt_out(world, ana))

        async with world.sending():
            await asyncio.sleep(0.3)
            assert not opting_out.done()
            await accept(world, claim)
            await opting_out
            await world.settle()

        assert world.provider.started == []


async def accept(world: World, claim: claims.Claim) -> None:
    async with world.session() as session:
        await results.record(session, [Taken(claim=claim, accepted=Accepted(provider_id=f"wamid.{new_id()}"))])


async def another_conversation(world: World, who: Somebody) -> Somebody:
    """One that was closed, in which people of the company may still write."""
    other = replace(who, conversation=ConversationId(new_id()))
    row = {"contact_id": who.contact, "connection_id": world.connection, "last_inbound_at": clock.now()}
    async with world.session() as session:
        own = {"tenant_id": world.company, "id": other.conversation, "control": "closed"}
        await session.execute(insert(Conversation).values(**own, **row))
    return other


class TestRandomMoments:
    """At full speed; with `make chaos` a thousand in all."""

    @pytest.mark.parametrize("source", PATHS)
    async def test_many_opt_outs_over_one_path_let_nothing_start(self, world: World, source: ConsentSource) -> None:
        world = hesitating(world)
        crowd = await gather_crowd(world, size(80, chaos=200))
        await queue_for(world, crowd, purpose=Purpose.MARKETING, each=3)
        judge = Judge(world)

        async def stop(one: Somebody) -> None:
            assert await opt_out(world, one, Evidence(source=source, conversation=one.conversation))
            judge.shut_now(one.conversation)

        async with world.sending():
            await in_hands(crowd, stop)
            await world.settle(40)

        assert judge.late_starts() == []
        states = await world.states()
        assert states["suppressed"] > 20  # else nobody was stopped in time, and nothing was tried
        assert states["accepted"] > 20
        assert await all_of(world, select(Contact.id).where(Contact.opted_out_at.is_(None))) == []
