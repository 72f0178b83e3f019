"""Versions of personas: published, activated, withdrawn, and which one answers in a conversation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, inspect, select, text, update
from sqlalchemy.orm import load_only

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


async def has_any(session: TenantSession) -> bool:
    return await session.scalar(select(PersonaVersion.id).limit(1)) is not None


async def answering(session: TenantSession, *, pinned: UUID | None, named: str | None) -> Version | None:
    """The version that takes a turn: the pinned one, unless its policy follows the active one; None: there is none.

    What was withdrawn is left at the next turn, whatever the policy, and answers nobody even where nothing else would.
    """
    row = await session.get(PersonaVersion, (session.tenant_id, pinned), options=[_WITHOUT_TEXT]) if pinned else None
    name = row.name if row else named or await session.scalar(select(Company.default_persona))
    if name is None:
        return None
    if row is not None and row.state is not VersionState.WITHDRAWN:
        version = await _version(session, row)
        if version.persona.migrate == "pin":
            return version
    active = await _active(session, name)
    if row is None or row.state is VersionState.WITHDRAWN:
        return await _version(session, active) if active is not None else None
    if active is None:
        return await _version(session, row)
    old, new = await _version(session, row), await _version(session, active)
    return new if old.persona.migrate == "follow" or _major(old) == _major(new) else old


async def get(session: TenantSession, version: UUID) -> Version:
    row = await session.get(PersonaVersion, (session.tenant_id, version))
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


async def _version(session: TenantSession, row: PersonaVersion) -> Version:
    return Version(
        id=PersonaVersionId(row.id),
        name=row.name,
        number=row.number,
        state=row.state,
        sha256=row.sha256,
        persona=await _persona(session, row),
    )


async def _persona(session: TenantSession, row: PersonaVersion) -> Persona:
    """Read once: what is in a version never changes, and its fingerprint says what it is."""
    if row.sha256 not in _READ:
        if len(_READ) >= _KEPT:
            del _READ[next(iter(_READ))]
        if "definition" in inspect(row).unloaded:
            await session.refresh(row, ["definition"])
        _READ[row.sha256] = reading.from_json(row.definition)
    return _READ[row.sha256]


async def _active(session: TenantSession, name: str) -> PersonaVersion | None:
    wanted = (PersonaVersion.name == name) & (PersonaVersion.state == VersionState.ACTIVE)
    return await session.scalar(select(PersonaVersion).where(wanted).options(_WITHOUT_TEXT))


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


# What a turn reads each time leaves out what it knows: a definition is long, and never changes.
_WITHOUT_TEXT: Final = load_only(
    PersonaVersion.name, PersonaVersion.number, PersonaVersion.state, PersonaVersion.sha256, raiseload=True
)

_STAGES: Final = text("""
    INSERT INTO board_stages (tenant_id, id, board_id, key, name, position, kind)
    SELECT current_tenant(), s.id, :board, s.key, s.name, s.position, s.kind
    FROM jsonb_to_recordset(CAST(:stages AS jsonb)) AS s (id uuid, key text, name text, position bigint, kind text)
    ON CONFLICT (tenant_id, board_id, key)
        DO UPDATE SET name = excluded.name, position = excluded.position, kind = excluded.kind
""")
