"""Every route of the admin API against another company's ids: nothing leaks, and nothing even answers differently.

The routes come from the API's own description. One without an entry in `PROBES`, or with a place for an id that its
entry does not fill, fails here.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from admin_api.app import make_app
from admin_api.auth import Needs
from admin_api.principals import Principal
from admin_api.resources import Body, Session, resources
from admin_api.tenants.store import add_member
from core import clock
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import new_id
from core.models.outbox import Lane, Outbound, Purpose
from core.models.people import Connection, Contact, Role
from core.models.personas import Board, BoardStage, Cause, Lead, LeadStageEvent
from core.models.service import Approver, Draft, DraftState, Effect, EffectState, Handoff, HandoffState
from core.models.stream import (
    Author,
    Conversation,
    Direction,
    MediaFile,
    Message,
    MessageKind,
    Trigger,
    Turn,
    TurnState,
)
from tests.fixtures.desk import SECRETS, Desk, desks

CANARY: Final = "canário-7f3a"
PHONE: Final = "+5511977330001"
_WEAKER: Final = {Role.AGENT: Role.VIEWER, Role.ADMIN: Role.AGENT, Role.OWNER: Role.ADMIN}


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """Who may at least, a body that is right, and what kind of thing each place for an id stands for."""

    role: Role
    body: Any = None
    ids: Mapping[str, str] = field(default_factory=dict)


_LINE: Final = {"kind": "whatsapp", "name": "Minha", "phone_number_id": "880011", **SECRETS}
PROBES: Final[Mapping[str, Probe]] = {
    "GET /api/v1/connections": Probe(role=Role.VIEWER),
    "POST /api/v1/connections": Probe(role=Role.ADMIN, body=_LINE),
    "GET /api/v1/connections/{connection_id}": Probe(role=Role.VIEWER, ids={"path.connection_id": "connection"}),
    "PATCH /api/v1/connections/{connection_id}": Probe(
        role=Role.ADMIN, body={"name": "Minha", "access_token": "x"}, ids={"path.connection_id": "connection"}
    ),
    "POST /api/v1/connections/{connection_id}/test": Probe(role=Role.ADMIN, ids={"path.connection_id": "connection"}),
    "GET /api/v1/users": Probe(role=Role.AGENT),
    "GET /api/v1/users/{user_id}": Probe(role=Role.AGENT, ids={"path.user_id": "user"}),
    "GET /api/v1/contacts": Probe(role=Role.VIEWER),
    "POST /api/v1/contacts": Probe(role=Role.AGENT, body={"phone": "+5511977339999"}),
    "GET /api/v1/contacts/{contact_id}": Probe(role=Role.VIEWER, ids={"path.contact_id": "contact"}),
    "PATCH /api/v1/contacts/{contact_id}": Probe(
        role=Role.AGENT, body={"name": "Meu"}, ids={"path.contact_id": "contact"}
    ),
    "DELETE /api/v1/contacts/{contact_id}": Probe(role=Role.ADMIN, ids={"path.contact_id": "contact"}),
    "GET /api/v1/boards": Probe(role=Role.VIEWER),
    "GET /api/v1/leads": Probe(
        role=Role.VIEWER, ids={"query.contact_id": "contact", "query.conversation_id": "conversation"}
    ),
    "GET /api/v1/leads/{lead_id}": Probe(role=Role.VIEWER, ids={"path.lead_id": "lead"}),
    "POST /api/v1/leads/{lead_id}/move": Probe(
        role=Role.AGENT, body={"stage": "novo", "reason": "meu"}, ids={"path.lead_id": "lead"}
    ),
    "POST /api/v1/leads/{lead_id}/lost": Probe(role=Role.AGENT, body={"reason": "meu"}, ids={"path.lead_id": "lead"}),
    "POST /api/v1/leads/{lead_id}/undo": Probe(role=Role.AGENT, body={"seq": 1}, ids={"path.lead_id": "lead"}),
    "GET /api/v1/conversations": Probe(
        role=Role.VIEWER, ids={"query.contact_id": "contact", "query.connection_id": "connection"}
    ),
    "GET /api/v1/conversations/{conversation_id}": Probe(
        role=Role.VIEWER, ids={"path.conversation_id": "conversation"}
    ),
    "GET /api/v1/conversations/{conversation_id}/messages": Probe(
        role=Role.VIEWER, ids={"path.conversation_id": "conversation"}
    ),
    "POST /api/v1/conversations/{conversation_id}/control": Probe(
        role=Role.AGENT,
        body={"control": "human"},
        ids={"path.conversation_id": "conversation", "body.user_id": "user"},
    ),
    "GET /api/v1/drafts": Probe(role=Role.VIEWER, ids={"query.conversation_id": "conversation"}),
    "GET /api/v1/drafts/{draft_id}": Probe(role=Role.VIEWER, ids={"path.draft_id": "draft"}),
    "POST /api/v1/drafts/{draft_id}/accept": Probe(role=Role.AGENT, ids={"path.draft_id": "draft"}),
    "POST /api/v1/drafts/{draft_id}/edit": Probe(
        role=Role.AGENT, body={"bubbles": ["meu"]}, ids={"path.draft_id": "draft"}
    ),
    "POST /api/v1/drafts/{draft_id}/reject": Probe(
        role=Role.AGENT, body={"reason": "meu"}, ids={"path.draft_id": "draft"}
    ),
    "GET /api/v1/effects": Probe(role=Role.VIEWER, ids={"query.conversation_id": "conversation"}),
    "GET /api/v1/effects/{effect_id}": Probe(role=Role.VIEWER, ids={"path.effect_id": "effect"}),
    "POST /api/v1/effects/{effect_id}/approve": Probe(role=Role.AGENT, ids={"path.effect_id": "effect"}),
    "POST /api/v1/effects/{effect_id}/reject": Probe(
        role=Role.AGENT, body={"reason": "meu"}, ids={"path.effect_id": "effect"}
    ),
    "GET /api/v1/handoffs": Probe(role=Role.VIEWER, ids={"query.conversation_id": "conversation"}),
    "GET /api/v1/handoffs/{handoff_id}": Probe(role=Role.VIEWER, ids={"path.handoff_id": "handoff"}),
    "GET /api/v1/messages/{message_id}/why": Probe(role=Role.VIEWER, ids={"path.message_id": "message"}),
    "GET /api/v1/media/{media_id}": Probe(role=Role.AGENT, ids={"path.media_id": "media"}),
}
WITH_IDS: Final = {route: probe for route, probe in PROBES.items() if probe.ids}
every_probe = pytest.mark.parametrize(("route", "probe"), PROBES.items(), ids=PROBES)
every_probe_with_ids = pytest.mark.parametrize(("route", "probe"), WITH_IDS.items(), ids=WITH_IDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Ana's company is full of canaries; Beto's asks."""

    ana: Desk
    beto: Desk
    ids: Mapping[str, UUID]

    async def ask(self, route: str, probe: Probe, **told: Any) -> httpx.Response:
        """As Beto's owner unless told otherwise. No answer, whatever was asked, may hold anything of Ana's."""
        method, path = route.split(" ")
        ids = {slot: told.get("id") or new_id() for slot in probe.ids} | told.get("ids", {})
        for slot, value in ids.items():
            path = path.replace(f"{{{slot.removeprefix('path.')}}}", str(value))
        query = {slot.removeprefix("query."): str(ids[slot]) for slot in ids if slot.startswith("query.")}
        body = told.get("body", probe.body)
        if named := {slot.removeprefix("body."): str(ids[slot]) for slot in ids if slot.startswith("body.")}:
            body = named | body
        answer = await self.beto.client.request(
            method,
            path,
            params=query | told.get("query", {}),
            json=body,
            headers=told.get("headers", self.beto.key()),
        )
        self.refuse_leaks(answer)
        return answer

    def refuse_leaks(self, answer: httpx.Response) -> None:
        forbidden = [CANARY, "zebra", self.ana.slug, str(self.ana.company), *map(str, self.ids.values())]
        leaked = [word for word in forbidden if word in answer.text + str(answer.headers)]
        assert leaked == [], answer.request.url


@pytest.fixture(scope="module")
async def scene(floor: Floor) -> AsyncIterator[Scene]:
    async with desks(floor) as (ana, beto):
        yield Scene(ana=ana, beto=beto, ids=await fill_with_canaries(ana))


async def fill_with_canaries(ana: Desk) -> dict[str, UUID]:
    connection = await ana.connection(name=f"Loja {CANARY}")
    contact = await ana.contact(f"Ana {CANARY}", phone=PHONE, fields={"note": CANARY})
    conversation = await ana.conversation(connection=connection, contact=contact, control_reason=CANARY)
    said = {"provider_id": f"wamid.{CANARY}", "reply_to": f"wamid.{CANARY}0"}
    message = await ana.message(conversation, 1, f"oi {CANARY}", kind=MessageKind.IMAGE, **said)
    ours = await ana.message(conversation, 2, f"olá {CANARY}", direction=Direction.OUT, author=Author.BOT)
    common = {"conversation_id": conversation, "connection_id": connection, "contact_id": contact}
    kinds = {"lane": Lane.REPLY, "purpose": Purpose.REPLY, "content": {}, "control_epoch": 0}
    media = new_id()
    await ana.add(
        MediaFile(
            id=media, message_id=message, connection_id=connection, kind=MessageKind.IMAGE, filename=f"{CANARY}.png"
        ),
        Outbound(id=new_id(), message_id=ours, seq=2, intent_key=f"reply:{CANARY}", **common, **kinds),
    )
    lead = await add_leads(ana, contact)
    for _ in range(2):  # enough for a second page of each list
        await ana.conversation(contact=await ana.contact(f"Bia {CANARY}"))
    async with ana.floor.database.tenant_session(ana.company) as session:
        joined = await add_member(session, email="ana-7f3a@exemplo.com", name="", role=Role.OWNER, by=OPERATOR)
        await add_member(session, email="bia-7f3a@exemplo.com", name="", role=Role.AGENT, by=OPERATOR)
    made = {"connection": connection, "contact": contact, "conversation": conversation, "media": media, "lead": lead}
    made["message"] = ours
    return {**made, "user": joined.user, **await add_waiting(ana, conversation, contact)}


async def add_waiting(ana: Desk, conversation: UUID, contact: UUID) -> dict[str, UUID]:
    """What waits for people: two of each, for a second page."""
    ids = {name: new_id() for name in ("draft", "effect", "handoff")}
    for number in range(2):
        draft, effect, handoff = ids.values() if number == 0 else (new_id(), new_id(), new_id())
        turn, of = new_id(), {"conversation_id": conversation}
        done = {"state": TurnState.DONE, "due_at": clock.now(), "reason": CANARY}
        asked = {"approver": Approver.STAFF, "state": EffectState.PROPOSED, "epoch": 0, "arguments": {"note": CANARY}}
        await ana.add(
            Turn(id=turn, trigger=Trigger.INBOUND, **of, **done),
            Draft(
                id=draft,
                turn_id=turn,
                epoch=0,
                turn_seq=0,
                bubbles=[{"text": CANARY}],
                state=DraftState.REJECTED if number else DraftState.PROPOSED,
                **of,
            ),
            Effect(id=effect, contact_id=contact, tool="agenda.criar", **of, **asked),
            Handoff(
                id=handoff,
                epoch=0,
                queue="vendas",
                reason=CANARY,
                state=HandoffState.ENDED if number else HandoffState.QUEUED,
                **of,
            ),
        )
    return ids


async def add_leads(ana: Desk, contact: UUID) -> UUID:
    """On two boards, so that each list has a second page."""
    slots = {"note": {"text": CANARY}}
    boards = {new_id(): new_id() for _ in range(2)}
    for number, (board, lead) in enumerate(boards.items()):
        stands = {"board_id": board, "contact_id": contact, "stage": "novo", "seq": 1, "slots": slots}
        await ana.add(
            Board(id=board, key=f"{CANARY}-{number}", name=f"Vendas {CANARY}"),
            BoardStage(id=new_id(), board_id=board, key="novo", name=CANARY, position=0),
            Lead(id=lead, **stands),
            LeadStageEvent(id=new_id(), lead_id=lead, seq=1, to_stage="novo", cause=Cause.RULE, reason=CANARY),
        )
    return next(iter(boards.values()))


def routes_of(app: FastAPI) -> dict[str, dict[str, Any]]:
    described = app.openapi()
    return {
        f"{method.upper()} {path}": operation
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if path.startswith("/api/v1/")
    }


def places_for_ids(app: FastAPI, operation: Mapping[str, Any]) -> Iterator[str]:
    """Every path parameter, and whatever else takes an id, in the query or the body."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" or _takes_id(parameter["schema"]):
            yield f"{parameter['in']}.{parameter['name']}"
    for media in operation.get("requestBody", {}).get("content", {}).values():
        name = media["schema"]["$ref"].rpartition("/")[2]
        properties = app.openapi()["components"]["schemas"][name]["properties"]
        yield from (f"body.{field}" for field, schema in properties.items() if _takes_id(schema))


def _takes_id(schema: Any) -> bool:
    return "'format': 'uuid'" in str(schema)


def unprobed(app: FastAPI, probes: Mapping[str, Probe] = PROBES) -> list[str]:
    routes = routes_of(app)
    wrong = [f"{route}: give it a probe" for route in routes.keys() - probes.keys()]
    wrong += [f"{route}: its route is gone" for route in probes.keys() - routes.keys()]
    for route in routes.keys() & probes.keys():
        places = set(places_for_ids(app, routes[route]))
        wrong += [f"{route}: {place} takes an id" for place in places ^ probes[route].ids.keys()]
    return sorted(wrong)


def shown(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that a caller can see of it, but for the number of the request."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "x-request-id"}


class Link(Body):
    contact_id: UUID


class TestCoverage:
    def test_every_route_has_a_probe_that_fills_each_place_for_an_id(self, floor: Floor) -> None:
        assert unprobed(make_app(floor)) == []

    def test_a_route_without_a_probe_is_noticed(self, floor: Floor) -> None:
        app = make_app(floor)
        planted = resources("plants")

        @planted.get("/{plant_id}", dependencies=[Needs(Role.VIEWER)])
        async def get_plant(session: Session, plant_id: UUID) -> None:
            """Nobody probes this."""

        app.include_router(planted)
        assert unprobed(app) == ["GET /api/v1/plants/{plant_id}: give it a probe"]

    def test_a_place_for_an_id_that_no_probe_fills_is_noticed(self, floor: Floor) -> None:
        app = make_app(floor)
        planted = resources("links")

        @planted.post("")
        async def link(actor: Annotated[Principal, Needs(Role.AGENT)], body: Link, of: UUID | None = None) -> None:
            """Two ids, of which the probe knows none."""

        app.include_router(planted)
        probes = {**PROBES, "POST /api/v1/links": Probe(role=Role.AGENT)}
        assert unprobed(app, probes) == [
            "POST /api/v1/links: body.contact_id takes an id",
            "POST /api/v1/links: query.of takes an id",
        ]

    async def test_the_canaries_are_there_for_whoever_may_see_them(self, scene: Scene) -> None:
        seen = [
            await scene.ana.get(path)
            for path in (
                "connections",
                "contacts",
                "conversations",
                "boards",
                "leads",
                f"leads/{scene.ids['lead']}",
                "drafts",
                "effects",
                "handoffs",
                f"conversations/{scene.ids['conversation']}/messages",
            )
        ]
        assert all(CANARY in answer.text for answer in seen)


class TestForeignIds:
    @every_probe_with_ids
    async def test_another_companys_thing_answers_exactly_like_one_that_is_not_there(
        self, scene: Scene, route: str, probe: Probe
    ) -> None:
        nowhere = await scene.ask(route, probe)
        for slot, kind in probe.ids.items():
            there = await scene.ask(route, probe, ids={slot: scene.ids[kind]})
            assert shown(there) == shown(nowhere), slot
        assert nowhere.status_code == (404 if "{" in route else 200)

    @every_probe_with_ids
    async def test_a_thing_of_another_kind_is_not_there_either(self, scene: Scene, route: str, probe: Probe) -> None:
        for slot in probe.ids:
            nowhere = shown(await scene.ask(route, probe))
            for value in (*scene.ids.values(), scene.ana.company, scene.beto.company):
                assert shown(await scene.ask(route, probe, ids={slot: value})) == nowhere

    @every_probe_with_ids
    async def test_it_holds_for_every_role(self, scene: Scene, route: str, probe: Probe) -> None:
        for role in Role:
            key = {"headers": scene.beto.key(role)}
            nowhere = await scene.ask(route, probe, **key)
            for slot, kind in probe.ids.items():
                there = await scene.ask(route, probe, ids={slot: scene.ids[kind]}, **key)
                assert shown(there) == shown(nowhere)


class TestDoors:
    @every_probe
    async def test_nobody_comes_in_without_a_key(self, scene: Scene, route: str, probe: Probe) -> None:
        for headers in ({}, {"authorization": "Bearer x"}, {"cookie": "session=x"}):
            answer = await scene.ask(route, probe, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")

    @every_probe
    async def test_the_role_that_it_takes_is_enough_and_a_weaker_one_is_not(
        self, scene: Scene, route: str, probe: Probe
    ) -> None:
        may = await scene.ask(route, probe, headers=scene.beto.key(probe.role))
        assert may.status_code not in {401, 403}
        if probe.role in _WEAKER:
            weaker = await scene.ask(route, probe, headers=scene.beto.key(_WEAKER[probe.role]))
            assert weaker.status_code == 403

    @every_probe
    async def test_another_companys_name_in_the_request_changes_nothing(
        self, scene: Scene, route: str, probe: Probe
    ) -> None:
        claimed = {"x-tenant-id": str(scene.ana.company), "x-company": scene.ana.slug, "host": f"{scene.ana.slug}.test"}
        plain = await scene.ask(route, probe, headers=scene.beto.key())
        again = await scene.ask(route, probe, headers=scene.beto.key() | claimed)
        if plain.status_code != 201:  # made a first time, it is a conflict a second time
            assert shown(again) == shown(plain)

    @every_probe
    async def test_a_company_can_be_put_into_neither_query_nor_body(
        self, scene: Scene, route: str, probe: Probe
    ) -> None:
        company = str(scene.ana.company)
        assert (await scene.ask(route, probe, query={"tenant_id": company})).status_code == 422
        for name in ("tenant_id", "company", "company_id", "id", "role") if probe.body is not None else ():
            assert (await scene.ask(route, probe, body=probe.body | {name: company})).status_code == 422, name


class TestOtherSlots:
    LISTS: Final = [route for route in PROBES if route.startswith("GET") and not route.endswith(("_id}", "/why"))]

    @pytest.mark.parametrize("route", LISTS)
    async def test_a_cursor_of_another_company_is_garbage(self, scene: Scene, route: str) -> None:
        probe = PROBES[route]
        path = route.removeprefix("GET /api/v1/").replace("{conversation_id}", str(scene.ids["conversation"]))
        page = (await scene.ana.get(f"{path}?limit=1")).json()
        wanted = {"path.conversation_id": scene.ids["conversation"]} if "{" in route else {}
        asked = Probe(role=probe.role, ids={slot: kind for slot, kind in probe.ids.items() if slot.startswith("path.")})
        if "connections" not in route:
            assert page["next"] is not None
        stolen = await scene.ask(route, asked, ids=wanted, query={"cursor": page["next"] or "AAAA"})
        garbage = await scene.ask(route, asked, ids=wanted, query={"cursor": "AAAA"})
        assert shown(stolen) == shown(garbage)
        assert stolen.status_code == 422

    async def test_a_key_of_a_request_that_another_company_made_is_its_own(self, scene: Scene) -> None:
        once = {"idempotency-key": "shared"}
        body = {"phone": "+5511977330055", "name": f"Caio {CANARY}"}
        await scene.ana.post("contacts", body, headers=once)
        probe = PROBES["POST /api/v1/contacts"]
        answer = await scene.ask("POST /api/v1/contacts", probe, headers=scene.beto.key() | once)
        assert answer.status_code in {201, 409}
        assert "idempotency-replayed" not in answer.headers

    async def test_the_tag_of_another_companys_thing_opens_nothing(self, scene: Scene) -> None:
        connection = scene.ids["connection"]
        tag = (await scene.ana.get(f"connections/{connection}")).headers["etag"]
        route = "PATCH /api/v1/connections/{connection_id}"
        told = {"headers": scene.beto.key() | {"if-match": tag}}
        there = await scene.ask(route, PROBES[route], ids={"path.connection_id": connection}, **told)
        assert shown(there) == shown(await scene.ask(route, PROBES[route], **told))

    async def test_a_number_that_another_company_talks_with_is_free(self, scene: Scene) -> None:
        answer = await scene.ask("POST /api/v1/contacts", PROBES["POST /api/v1/contacts"], body={"phone": PHONE})
        assert answer.status_code == 201

    async def test_a_line_that_another_company_has_is_taken_by_nobody_in_particular(self, scene: Scene) -> None:
        number = (await scene.ana.get(f"connections/{scene.ids['connection']}")).json()["phone_number_id"]
        route = "POST /api/v1/connections"
        first = await scene.ask(route, PROBES[route], body=_LINE | {"name": "A", "phone_number_id": number})
        second = await scene.ask(route, PROBES[route], body=_LINE | {"name": "B", "phone_number_id": number})
        assert first.status_code == 409
        assert shown(first) == shown(second)

    @pytest.mark.parametrize("word", [CANARY, "7f3a", PHONE, "977330001", "ana-7f3a@exemplo.com", "%", "_"])
    async def test_a_search_finds_nothing_of_another_company(self, scene: Scene, word: str) -> None:
        for route, name in (
            ("GET /api/v1/connections", "q"),
            ("GET /api/v1/contacts", "q"),
            ("GET /api/v1/users", "email"),
        ):
            rows = (await scene.ask(route, PROBES[route], query={name: word})).json()["items"]
            assert not {row["id"] for row in rows} & {str(value) for value in scene.ids.values()}


class TestLeaks:
    async def test_an_answer_that_holds_a_canary_is_noticed(self, scene: Scene) -> None:
        with pytest.raises(AssertionError, match="contacts"):
            scene.refuse_leaks(await scene.ana.get("contacts"))
        with pytest.raises(AssertionError, match="users"):
            scene.refuse_leaks(await scene.ana.get(f"users/{scene.ids['user']}"))

    async def test_nothing_of_the_first_company_is_changed(self, scene: Scene) -> None:
        for route, probe in WITH_IDS.items():
            for value in scene.ids.values():
                await scene.ask(route, probe, ids=dict.fromkeys(probe.ids, value))
        async with scene.ana.floor.database.tenant_session(scene.ana.company) as session:
            names = [
                *await session.scalars(select(Connection.name).where(Connection.id == scene.ids["connection"])),
                *await session.scalars(select(Contact.name).where(Contact.id == scene.ids["contact"])),
                *await session.scalars(select(Conversation.control_reason).where(Conversation.control_reason != "")),
                *await session.scalars(select(Message.text).order_by(Message.seq)),
            ]
        expected = [f"Loja {CANARY}", f"Ana {CANARY}", CANARY, f"oi {CANARY}", f"olá {CANARY}"]
        assert names == expected
