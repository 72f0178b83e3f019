"""Connections and users over HTTP."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from admin_api.auth import Needs
from admin_api.deps import FloorOfRequest, floor_of
from admin_api.etags import refuse_stale, tag_of
from admin_api.paging import Page, PagingOfRequest
from admin_api.principals import Principal
from admin_api.resources import LanguageOfRequest, RegistryOfRequest, Session, Words, language_of, resources
from admin_api.tenants import checking, queries
from admin_api.tenants.queries import MemberListing
from admin_api.tenants.schemas import CheckOut, ConnectionChange, ConnectionIn, ConnectionOut, UserOut
from channels.stores import connections as store
from channels.stores.connections import Listing
from core.ids import ConnectionId, UserId
from core.models.people import Connection, ConnectionKind, ConnectionState, Role

connections: Final = resources("connections")
users: Final = resources("users")

Admin = Annotated[Principal, Needs(Role.ADMIN)]


@dataclass(frozen=True, kw_only=True)
class ConnectionFilters:
    kind: Annotated[ConnectionKind | None, Query()] = None
    state: Annotated[ConnectionState | None, Query()] = None
    q: Annotated[Words | None, Query(description="Somewhere in the name.")] = None


@connections.get("", dependencies=[Needs(Role.VIEWER)])
async def list_connections(
    session: Session,
    paging: PagingOfRequest,
    filters: Annotated[ConnectionFilters, Depends()],
    language: LanguageOfRequest,
) -> Page[ConnectionOut]:
    """In the order in which they were made."""
    wanted = Listing(
        after=ConnectionId(UUID(paging.after[0])) if paging.after else None,
        most=paging.most,
        kind=filters.kind,
        state=filters.state,
        words=filters.q,
    )
    rows = await store.list_some(session, wanted)
    return paging.page(rows, lambda row: (row.id,), lambda row: ConnectionOut.of(row, language))


@connections.post("", status_code=201)
async def create_connection(
    session: Session, floor: FloorOfRequest, actor: Admin, body: ConnectionIn, request: Request, response: Response
) -> ConnectionOut:
    row = await store.create(session, floor.ring, body.new(), actor.actor)
    response.headers["Location"] = f"{connections.prefix}/{row.id}"
    return _show(row, request, response)


@connections.get("/{connection_id}", dependencies=[Needs(Role.VIEWER)])
async def get_connection(session: Session, connection_id: UUID, request: Request, response: Response) -> ConnectionOut:
    return _show(await store.get(session, ConnectionId(connection_id)), request, response)


@connections.patch("/{connection_id}")
async def change_connection(
    session: Session, actor: Admin, connection_id: UUID, body: ConnectionChange, request: Request, response: Response
) -> ConnectionOut:
    row = await store.hold(session, ConnectionId(connection_id))
    refuse_stale(request, _tag(row))
    row = await store.change(session, floor_of(request).ring, row, body.change(), actor.actor)
    return _show(row, request, response)


@connections.post("/{connection_id}/test")
async def test_connection(
    floor: FloorOfRequest,
    registry: RegistryOfRequest,
    actor: Admin,
    connection_id: UUID,
    language: LanguageOfRequest,
) -> CheckOut:
    """Ask the provider who we are. Its refusal is an answer: 200 with `ok: false`, and what to do."""
    checked = await checking.check(floor, registry, actor, ConnectionId(connection_id))
    return CheckOut(
        ok=checked.is_ok,
        code=checked.code,
        detail=checked.detail and checked.detail.in_(language),
        state=checked.row.state,
        health=checked.row.health,
        checked_at=checked.row.checked_at,
    )


@dataclass(frozen=True, kw_only=True)
class UserFilters:
    role: Annotated[Role | None, Query()] = None
    email: Annotated[Words | None, Query(description="The whole address.")] = None


@users.get("", dependencies=[Needs(Role.AGENT)])
async def list_users(
    session: Session, paging: PagingOfRequest, filters: Annotated[UserFilters, Depends()]
) -> Page[UserOut]:
    """The company's members."""
    wanted = MemberListing(
        after=UUID(paging.after[0]) if paging.after else None,
        most=paging.most,
        role=filters.role,
        email=filters.email,
    )
    return paging.page(await queries.list_members(session, wanted), lambda row: (row.membership,), UserOut.of)


@users.get("/{user_id}", dependencies=[Needs(Role.AGENT)])
async def get_user(session: Session, user_id: UUID) -> UserOut:
    return UserOut.of(await queries.get_member(session, UserId(user_id)))


def _show(row: Connection, request: Request, response: Response) -> ConnectionOut:
    response.headers["ETag"] = _tag(row)
    return ConnectionOut.of(row, language_of(request))


def _tag(row: Connection) -> str:
    return tag_of(row.id, row.updated_at)
