"""One note, said: its topic opened where there is none, step by step, so that what is half said is gone on with."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from admin_api.staff.files import Files, unopened
from admin_api.staff.pacing import Pace
from admin_api.staff.stores import outgoing
from admin_api.staff.stores.outgoing import Goal, Waiting
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.notes import Body, Card, Change, CloseTopic, DeleteTopic, OpenTopic
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.sending import Bytes, Step, Target, Teller, Words, plan
from core.clock import Deadline
from core.db.sessions import Database
from core.errors import AppError, NotFound
from core.ids import CompanyId
from core.logging import get_logger

LEASE: Final = timedelta(seconds=180)  # more than a large file takes
_RENEW_SECONDS: Final = 60.0
_SOMEBODY: Final = "Cliente"
_TRIES: Final = 5
_REACHED_SECONDS: Final = 120.0
_UNFIT: Final = (Kind.TOO_LARGE, Kind.REFUSED)

log = get_logger(__name__)


@dataclass(slots=True)
class _Thread:
    """Where the steps of one note go. The first call is paid for already."""

    head: Waiting
    goal: Goal
    paid: bool = True

    @property
    def target(self) -> Target:
        return Target(chat=self.goal.chat, thread=self.goal.thread)


@dataclass(kw_only=True, slots=True)
class Telling:
    database: Database
    company: CompanyId
    teller: Teller
    pace: Pace
    files: Files
    _reached: Deadline = field(default_factory=lambda: Deadline.after(0.0))  # so long Telegram counts as there

    async def tell(self, head: Waiting, body: Body) -> list[int]:
        """The numbers of the messages that came of it."""
        thread = _Thread(head, head.goal)
        if thread.goal.topic is not None and thread.goal.thread is None:
            if isinstance(body, CloseTopic | DeleteTopic):
                return []
            await self._open(thread, body)
        match body:
            case OpenTopic():
                await self._reopen(thread, body.name)
                return []
            case CloseTopic():
                await self._pay(thread)
                await self.teller.close_topic(thread.target)
                return []
            case DeleteTopic():
                await self._pay(thread)
                await self._delete(thread)
                return []
            case Card():
                return [await self._card(thread, body)]
            case _:
                return await self._steps(thread, head, body)

    async def _open(self, thread: _Thread, body: Body) -> None:
        """Opened anew it begins with its last card, where it had one."""
        goal = thread.goal
        if goal.topic is None:
            return
        await self._pay(thread)
        name = body.name if isinstance(body, OpenTopic) else goal.name
        number = await self._named(name, goal.chat)
        async with self.database.tenant_session(self.company) as session:
            await outgoing.opened(session, goal.topic, number)
            card = await outgoing.last_card(session, goal.topic)
        thread.goal = replace(goal, thread=number, card=None)
        log.info("staff.topic_opened", company=str(self.company), topic=str(goal.topic))
        if isinstance(card, Card) and not isinstance(body, Card):
            await self._card(thread, card)

    async def _named(self, name: str, chat: int) -> int:
        """A customer is called what they like: a name of nothing that can be seen opens no topic."""
        try:
            return await self.teller.open_topic(name, chat)
        except Failed as failed:
            if failed.kind is not Kind.REFUSED:
                raise
        return await self.teller.open_topic(_SOMEBODY, chat)

    async def _reopen(self, thread: _Thread, name: str) -> None:
        goal = thread.goal
        if goal.topic is None or not thread.paid:  # it was opened just now
            return
        await self._pay(thread)
        await self.teller.reopen_topic(name, thread.target)
        async with self.database.tenant_session(self.company) as session:
            await outgoing.reopened(session, goal.topic)

    async def _delete(self, thread: _Thread) -> None:
        """Nothing that comes late makes it anew."""
        goal = thread.goal
        if goal.topic is None or goal.thread is None:
            return
        await self.teller.delete_topic(thread.target)
        async with self.database.tenant_session(self.company) as session:
            await outgoing.lost(session, goal.topic, goal.thread)
            await outgoing.drop(session, goal.topic, thread.head.id)

    async def _card(self, thread: _Thread, card: Card) -> int:
        """Said and pinned once, changed from then on; where somebody deleted it, said anew."""
        if thread.goal.card is not None:
            await self._pay(thread)
            change = Change(message_id=thread.goal.card, text=card.text, buttons=card.buttons)
            try:
                return await self.teller.change(change, thread.target)
            except Failed as failed:
                if failed.kind is not Kind.GONE_MESSAGE:
                    raise
        step = plan(card)[0]
        await self._pay(thread)
        number = await self._do(step, thread)
        if number is None or thread.goal.topic is None:
            raise Failed(Kind.REFUSED)
        async with self.database.tenant_session(self.company) as session:
            await outgoing.carded(session, thread.goal.topic, number)
        await self._pin(thread, number)
        return number

    async def _pin(self, thread: _Thread, number: int) -> None:
        """Nice to have: without the right to it the card is there all the same."""
        try:
            await self._pay(thread)
            await self.teller.pin(number, thread.target)
        except Failed as failed:
            if failed.kind is Kind.FLOOD:
                await self.pace.slow_down(thread.goal.chat, failed.seconds)
            log.info("staff.not_pinned", company=str(self.company), kind=failed.kind)

    async def _steps(self, thread: _Thread, head: Waiting, body: Body) -> list[int]:
        said = list(head.said)
        steps = plan(body)
        for step in steps[len(said) :]:
            await self._pay(thread)
            number = await self._do(step, thread)
            said += [] if number is None else [number]
            if len(said) < len(steps):
                async with self.database.tenant_session(self.company) as session:
                    await outgoing.note_step(session, head.id, said, LEASE)
        return said

    async def _do(self, step: Step, thread: _Thread) -> int | None:
        """What Telegram does not take as it is, it is told in plain words: a line must not be lost for its marks."""
        try:
            number = await self.teller.do(step, thread.target)
        except AppError as error:
            poorer = _poorer(step, error) if self._is_final(step, thread, error) else None
            if poorer is None:
                raise
            number = await self.teller.do(poorer, thread.target)
        self._reached = Deadline.after(_REACHED_SECONDS)
        return number

    def _is_final(self, step: Step, thread: _Thread, error: AppError) -> bool:
        """A file that fails again and again, while all else goes through, must not hold up its topic for ever."""
        if isinstance(error, NotFound) or (isinstance(error, Failed) and error.kind in _UNFIT):
            return True
        is_slow = not isinstance(error, Failed) or error.kind is Kind.UNKNOWN
        return isinstance(step, Bytes) and is_slow and not self._reached.passed and thread.head.tries + 1 >= _TRIES

    async def _pay(self, thread: _Thread) -> None:
        """Each call counts."""
        if thread.paid:
            thread.paid = False
            return
        while seconds := await self.pace.wait_of(thread.goal.chat):
            await asyncio.sleep(min(seconds, _RENEW_SECONDS))
            async with self.database.tenant_session(self.company) as session:
                await outgoing.renew(session, thread.head.id, LEASE)


def _poorer(step: Step, error: AppError) -> Words | None:
    match step:
        case Bytes():
            said = Rich(unopened(error, step.show))
            return Words(text=step.caption + "\n\n" + said if step.caption else said, buttons=step.buttons)
        case Words() if step.text.marks or step.buttons:
            return Words(text=Rich(step.text.text), reply_to=step.reply_to, is_silent=step.is_silent)
        case _:
            return None
