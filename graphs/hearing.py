"""What customers say in recordings and show in pictures becomes words, while the turn that is about them waits.

Nothing waits for ever: what cannot be heard in time is said to be unheard, and nobody makes anything up.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from agents.gateway.gateway import Gateway, TurnModel
from agents.gateway.models import HEARING, SEEING
from agents.gateway.port import (
    NOTHING_USED,
    BudgetSpent,
    MediaRequest,
    ModelError,
    ModelGarbage,
    ModelReply,
    NoModel,
    Usage,
)
from agents.recordings import seconds_of
from channels import media
from channels.stores.media import Kept
from core.clock import Deadline
from core.db.away import AWAY
from core.db.sessions import TenantSession
from core.errors import AppError, NotFound, Tampered
from core.floor import Floor
from core.logging import get_logger
from core.models.stream import MessageKind
from core.probe import Beat
from core.storage import Storage
from core.vault import Vault, open_vault
from graphs import store, turns
from graphs.rounds import Rounds
from graphs.said import ANSWER_HOURS
from graphs.stores import hearing, owed, personas
from graphs.stores.hearing import Claim, Due, Unheard, Words
from graphs.stores.personas import Version, Wanted
from graphs.stores.spending import CallsToday

SLOTS: Final = 8  # at the same time in one process: each file is in memory while a model hears it
LEASE: Final = timedelta(seconds=45)
TRIES: Final = 3
CALL_SECONDS: Final = 15.0  # below what a turn waits for words
MOST_SECONDS: Final = 600.0  # of a recording
_CALLS: Final = 3  # of one try: the first model, then others
_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_UNTOLD: Final = 5 * 1024 * 1024  # of a recording that does not say how long it is
_PAUSE: Final = timedelta(seconds=2)

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """Nobody knows what it says, for now or for good."""

    reason: Unheard
    usage: Usage = NOTHING_USED

    @property
    def may_pass(self) -> bool:
        return self.reason is Unheard.TROUBLE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """A file that can be heard, and who will need its words."""

    due: Due
    kept: Kept
    version: Version
    vault: Vault | None

    @property
    def language(self) -> str:
        return self.due.language or self.version.persona.locale

    @property
    def is_picture(self) -> bool:
        return self.due.kind is MessageKind.IMAGE


@dataclass(slots=True)
class Hearer:
    """One per engine process. `wake` says that a file may be there to be heard."""

    floor: Floor
    storage: Storage
    gateway: Gateway
    name: str = "hearing"
    channels: tuple[str, ...] = ("hearing",)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.name, SLOTS, self.wake)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Until told to stop; what was begun may finish, for it takes seconds."""
        await self._rounds.run(self._round, self._rest, stop=stop, beat=beat)

    async def run_due(self) -> int:
        return await self._rounds.once(self._round)

    async def _rest(self, claimed: int) -> None:
        if not self._rounds.room:
            await self._rounds.until_one_ends()
        elif not claimed:
            await self._rounds.until_woken()

    async def _round(self, group: asyncio.TaskGroup) -> int:
        most = self._rounds.room
        claims = await store.claim_hearing(self.floor.database, most=most, lease=LEASE) if most else []
        for claim in claims:
            self._rounds.begin(group, self._take(claim))
        return len(claims)

    async def _take(self, claim: Claim) -> None:
        """Whatever happens to one file, a bug too, is its own affair: its lease ends, and it is tried again."""
        [trouble] = await asyncio.gather(self._hear(claim), return_exceptions=True)
        if trouble is not None:
            is_known = isinstance(trouble, (AppError, *AWAY))
            reason = type(trouble).__name__
            log.warning("hearing.left", media=str(claim.media), reason=reason, exc_info=None if is_known else trouble)

    async def _hear(self, claim: Claim) -> None:
        async with self.floor.database.tenant_session(claim.company) as session:
            case = await self._case(session, claim)
        if isinstance(case, _Case):
            outcome = await self._listen(case)
            async with self.floor.database.tenant_session(claim.company) as session:
                await _settle(session, case.due, outcome)

    async def _case(self, session: TenantSession, claim: Claim) -> _Case | None:
        """None where there is nothing to be heard; that is then written already."""
        due = await hearing.load(session, claim)
        if due is None:
            return None
        wanted = Wanted(pinned=due.pinned, named=due.persona)
        version = (await personas.answering(session, [wanted]))[wanted]
        failed = _unfit(due, version)
        if failed is not None or version is None or due.kept is None:
            await _settle(session, due, Failed(reason=failed or Unheard.NO_FILE))
            return None
        vault = None if due.kept.sealed_key is None else await open_vault(session, self.floor.ring)
        return _Case(due=due, kept=due.kept, version=version, vault=vault)

    async def _listen(self, case: _Case) -> Words | Failed:
        try:
            content = await self._bytes(case)
        except (NotFound, Tampered):
            return Failed(reason=Unheard.NO_FILE)
        except AppError:
            return Failed(reason=Unheard.TROUBLE)
        if not case.is_picture and _is_too_long(content):
            return Failed(reason=Unheard.TOO_LONG)
        return await self._ask(case, content)

    async def _bytes(self, case: _Case) -> bytes:
        stored = await media.open_stored(self.storage, case.due.claim.media, case.kept, case.vault)
        content = bytearray()
        async with aclosing(stored) as chunks:
            async for chunk in chunks:
                content += chunk
        return bytes(content)

    async def _ask(self, case: _Case, content: bytes) -> Words | Failed:
        budget, claim = case.version.persona.budget, case.due.claim
        spending = CallsToday(
            self.floor.database, claim.company, case.due.contact, of_company=budget.company_calls_per_day
        )
        model = self.gateway.for_turn(_CALLS, spending, of_contact=budget.contact_calls_per_day)
        request = MediaRequest(
            aliases=(SEEING if case.is_picture else HEARING,),
            content=content,
            mime=case.kept.mime,
            language=case.language,
            deadline=Deadline.after(CALL_SECONDS),
        )
        try:
            reply = await _perceived(model, case, request)
        except ModelError as error:
            return Failed(reason=_reason_of(error), usage=error.usage)
        if not reply.text:
            return Failed(reason=Unheard.NOTHING, usage=reply.usage)
        return Words(text=reply.text, model=reply.model, usage=reply.usage)


async def _perceived(model: TurnModel, case: _Case, request: MediaRequest) -> ModelReply:
    return await (model.describe(request) if case.is_picture else model.transcribe(request))


def _unfit(due: Due, version: Version | None) -> Unheard | None:
    """Why no model is asked at all."""
    if due.is_deleted:
        return Unheard.DELETED
    if due.kept is None:
        return Unheard.NO_FILE
    if version is None:
        return Unheard.NOBODY
    if due.kept.size > _MOST_BYTES:
        return Unheard.TOO_LONG
    return Unheard.CRASHED if due.tries > TRIES else None


def _is_too_long(content: bytes) -> bool:
    seconds = seconds_of(content)
    return len(content) > _MOST_UNTOLD if seconds is None else seconds > MOST_SECONDS


def _reason_of(error: ModelError) -> Unheard:
    reasons: dict[type[ModelError], Unheard] = {
        NoModel: Unheard.NOBODY,
        BudgetSpent: Unheard.BUDGET,
        ModelGarbage: Unheard.REFUSED,
    }
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), Unheard.TROUBLE)


async def _settle(session: TenantSession, due: Due, outcome: Words | Failed) -> None:
    """What is known at last, words or none, is what the waiting turn goes on with; words may be answered late."""
    reason = outcome.reason.value if isinstance(outcome, Failed) else None
    log.info("hearing.tried", media=str(due.claim.media), attempt=due.tries, reason=reason)
    if isinstance(outcome, Words):
        is_ours = await hearing.heard(session, due.claim, outcome)
    elif outcome.may_pass and due.tries < TRIES:
        await hearing.put_off(session, due.claim, outcome.usage, _PAUSE * due.tries)
        return
    else:
        is_ours = await hearing.unheard(session, due.claim, outcome.reason, outcome.usage)
    if is_ours:
        await turns.go_on(session, due.conversation, due.channel)
    if is_ours and isinstance(outcome, Words):
        await owed.owe_words(session, due.claim.media, answer_hours=ANSWER_HOURS)
