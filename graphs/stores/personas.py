"""Versions of personas: published, activated, withdrawn, and which one answers in a conversation."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text, update

from agents.personas import reading
from agents.personas.definition import Persona
from agents.personas.lint import check, has_errors
from agents.personas.problems import Level
from agents.personas.reading import PersonaBroken
from agents.tools.registry import TOOLS
from core import audit
from core.audit import Actor
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.ids import PersonaVersionId, new_id
from core.models.installation import Company
from core.models.personas import Board, PersonaVersion, StageKind, VersionState

_KEPT: Final = 256
_READ: Final[dict[str, Persona]] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A persona as it was published, with its number and what identifies its text."""

    id: PersonaVersionId
    name: str
    number: int
    state: VersionState
    sha256: str
    persona: Persona


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Of a conversation: the version that it is pinned to, and the persona that its connection names."""

    pinned: UUID | None = None
    named: str | None = None


async def publish(session: TenantSession, source: str, by: Actor) -> PersonaVersion:
    """A new version, unless the newest says the same. The first of its name answers; later ones are activated."""
    persona = _sound(source)
    await hold_until_commit(session, "personas", persona.persona)
    fingerprint = reading.fingerprint(persona)
    newest = await _newest(session, persona.persona)
    if newest is None or newest.sha256 != fingerprint:
        newest = PersonaVersion(
            tenant_id=session.tenant_id,
            id=new_id(),
            name=persona.persona,
            number=newest.number + 1 if newest else 1,
            source=source,
            definition=reading.to_json(persona),
            sha256=fingerprint,
            created_by=by.id,
        )
        session.add(newest)
        await session.flush()
        detail = {"name": newest.name, "number": newest.number}
        audit.record(session, by, "persona.published", subject=newest.id, detail=detail)
    if await _active(session, newest.name) is None:
        await activate(session, newest, persona, by)
    return newest


async def activate(session: TenantSession, version: PersonaVersion, persona: Persona, by: Actor) -> None:
    """The one before it is retired; its board gets the stages that are new."""
    before = (PersonaVersion.name == version.name) & (PersonaVersion.state == VersionState.ACTIVE)
    await session.execute(update(PersonaVersion).where(before).values(state=VersionState.RETIRED))
    version.state = VersionState.ACTIVE
    version.activated_at = await session.scalar(select(func.app_now()))
    await session.flush()
    await _make_board(session, persona)
    detail = {"name": version.name, "number": version.number}
    audit.record(session, by, "persona.activated", subject=version.id, detail=detail)


async def withdraw(session: TenantSession, version: PersonaVersion, by: Actor) -> PersonaVersion | None:
    """It was a mistake: conversations pinned to it move at their next turn, and the one before it answers again.

    Returns that one; None where the withdrawn one did not answer anyway.
    """
    was_active = version.state is VersionState.ACTIVE
    before = await _before(session, version) if was_active else None
    if was_active and before is None:
        raise Conflict(
            "Não há versão anterior que possa responder: publique e ative outra antes de retirar esta.",
            "There is no earlier version to answer: publish and activate another before you withdraw this one.",
        )
    version.state = VersionState.WITHDRAWN
    await session.flush()
    detail = {"name": version.name, "number": version.number}
    audit.record(session, by, "persona.withdrawn", subject=version.id, detail=detail)
    if before is not None:
        await activate(session, before, reading.from_json(before.definition), by)
    return before


async def versions(session: TenantSession, name: str | None = None) -> Sequence[PersonaVersion]:
    """By name, the newest of each first."""
    every = select(PersonaVersion).order_by(PersonaVersion.name, PersonaVersion.number.desc())
    return (await session.scalars(every if name is None else every.where(PersonaVersion.name == name))).all()


async def numbered(session: TenantSession, name: str, number: int) -> PersonaVersion:
    wanted = (PersonaVersion.name == name) & (PersonaVersion.number == number)
    found = await session.scalar(select(PersonaVersion).where(wanted))
    if found is None:
        raise NotFound(f"Não há versão {number} da persona {name}.", f"There is no version {number} of {name}.")
    return found


async def answering(session: TenantSession, wanted: Collection[Wanted]) -> dict[Wanted, Version | None]:
    """The versions that take turns: the pinned one, unless its policy follows the active one; None: there is none.

    What was withdrawn is left at the next turn, whatever the policy, and answers nobody even where nothing else would.
    """
    rows = (await session.execute(_CANDIDATES, {"pinned": [one.pinned for one in wanted if one.pinned]})).all()
    return {one: await _answering(session, one, rows) for one in set(wanted)}


async def get(session: TenantSession, version: UUID) -> Version:
    row = (await session.execute(_HEAD, {"version": version})).one_or_none()
    if row is None:
        raise NotFound("Esta versão não existe.", "This version does not exist.")
    return await _version(session, row)


async def set_default_where_none(session: TenantSession, name: str) -> None:
    """The persona of connections that name none, unless the company has chosen one."""
    is_unset = (Company.id == session.tenant_id) & Company.default_persona.is_(None)
    await session.execute(update(Company).where(is_unset).values(default_persona=name))


def _sound(source: str) -> Persona:
    """What the linter calls an error is not kept; what it warns of is."""
    problems = check(source, bases=None, tools=TOOLS)
    if has_errors(problems):
        raise PersonaBroken([problem for problem in problems if problem.level is Level.ERROR])
    return reading.read_persona(source)


def _major(version: Version) -> str:
    return version.persona.version.partition(".")[0]


async def _answering(session: TenantSession, wanted: Wanted, rows: Sequence[Any]) -> Version | None:
    """Of the active ones and those that are pinned."""
    row = next((row for row in rows if row.id == wanted.pinned), None)
    name = row.name if row else wanted.named or next((row.default_persona for row in rows), None)
    active = next((row for row in rows if row.name == name and row.state == VersionState.ACTIVE), None)
    if row is None or row.state == VersionState.WITHDRAWN:
        return await _version(session, active) if active else None
    old = await _version(session, row)
    if active is None or old.persona.migrate == "pin":
        return old
    new = await _version(session, active)
    return new if old.persona.migrate == "follow" or _major(old) == _major(new) else old


async def _version(session: TenantSession, row: Any) -> Version:
    return Version(
        id=PersonaVersionId(row.id),
        name=row.name,
        number=row.number,
        state=VersionState(row.state),
        sha256=row.sha256,
        persona=_READ.get(row.sha256) or await _read(session, row),
    )


async def _read(session: TenantSession, row: Any) -> Persona:
    """Once: what is in a version never changes, and its fingerprint says what it is."""
    if len(_READ) >= _KEPT:
        del _READ[next(iter(_READ))]
    definition = await session.scalars(select(PersonaVersion.definition).where(PersonaVersion.id == row.id))
    persona = _READ[row.sha256] = reading.from_json(definition.one())
    return persona


async def _active(session: TenantSession, name: str) -> UUID | None:
    wanted = (PersonaVersion.name == name) & (PersonaVersion.state == VersionState.ACTIVE)
    return await session.scalar(select(PersonaVersion.id).where(wanted))


async def _before(session: TenantSession, version: PersonaVersion) -> PersonaVersion | None:
    """The newest of those that answered once."""
    others = (PersonaVersion.name == version.name) & (PersonaVersion.state == VersionState.RETIRED)
    return await session.scalar(
        select(PersonaVersion).where(others).order_by(PersonaVersion.activated_at.desc()).limit(1)
    )


async def _newest(session: TenantSession, name: str) -> PersonaVersion | None:
    ordered = select(PersonaVersion).where(PersonaVersion.name == name).order_by(PersonaVersion.number.desc())
    return await session.scalar(ordered.limit(1))


async def _make_board(session: TenantSession, persona: Persona) -> None:
    """Stages that a version does not name any more stay, for leads once stood there; positions follow the newest."""
    board = await session.scalar(select(Board).where(Board.key == persona.persona))
    if board is None:
        board = Board(
            tenant_id=session.tenant_id, id=new_id(), key=persona.persona, name=persona.label or persona.persona
        )
        session.add(board)
        await session.flush()
    stages = [
        {
            "id": str(new_id()),
            "key": stage.id,
            "name": stage.label or stage.id,
            "position": place,
            "kind": StageKind(stage.end.value).value,
        }
        for place, stage in enumerate(persona.stages)
    ]
    await session.execute(_STAGES, {"board": board.id, "stages": json.dumps(stages)})


# Without the text: a definition is long, and never changes.
_CANDIDATES: Final = text("""
    SELECT v.id, v.name, v.number, v.state, v.sha256, k.default_persona
    FROM persona_versions v JOIN companies k ON k.id = v.tenant_id
    WHERE v.state = 'active' OR v.id = ANY (CAST(:pinned AS uuid[]))
""")

_HEAD: Final = text("SELECT id, name, number, state, sha256 FROM persona_versions WHERE id = :version")

_STAGES: Final = text("""
    INSERT INTO board_stages (tenant_id, id, board_id, key, name, position, kind)
    SELECT current_tenant(), s.id, :board, s.key, s.name, s.position, s.kind
    FROM jsonb_to_recordset(CAST(:stages AS jsonb)) AS s (id uuid, key text, name text, position bigint, kind text)
    ON CONFLICT (tenant_id, board_id, key)
        DO UPDATE SET name = excluded.name, position = excluded.position, kind = excluded.kind
""")
