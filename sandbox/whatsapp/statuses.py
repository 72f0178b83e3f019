"""What becomes of an accepted message, told to whoever sent it: by plan, or by hand."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sandbox.faults import Occasion
from sandbox.ground import Ground
from sandbox.recent import Recent
from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.envelope import Update
from sandbox.whatsapp.errors import reported
from sandbox.whatsapp.people import Person
from sandbox.whatsapp.pricing import Pricing
from sandbox.whatsapp.status_plan import Status, StatusSettings, Step, plan
from sandbox.whatsapp.webhooks import Webhooks

_MOST_MESSAGES: Final = 200_000
_LAST_WITH_CONVERSATION: Final = 23
_WINDOW: Final = 24 * 3600
_DROPPED_BY_PACING: Final = 132015
_NOT_ON_WHATSAPP: Final = 131026


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """An accepted message, as far as its statuses speak of it."""

    wamid: str
    number: Number
    to: str  # as the sender wrote it
    recipient: str
    person: Person | None
    tag: str | None
    pricing: Pricing
    is_by_phone: bool = True
    has_voice: bool = False
    is_paced: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    message: Outgoing
    status: Status
    code: int | None = None


class Statuses:
    def __init__(self, ground: Ground, webhooks: Webhooks) -> None:
        self._ground = ground
        self._webhooks = webhooks
        self.reset()

    def reset(self) -> None:
        self.settings = StatusSettings()
        self._messages: Recent[str, Outgoing] = Recent(_MOST_MESSAGES)
        self._held: list[Told] = []
        self._paced: dict[str, Outgoing] = {}
        self._is_holding = False
        self._failing: dict[str, int] = {}
        self._priced: Recent[str, bool] = Recent(_MOST_MESSAGES)

    @property
    def held(self) -> tuple[Told, ...]:
        return tuple(self._held)

    def fail_for(self, recipient: str, code: int | None) -> None:
        """Whatever is sent to this `wa_id` or user id fails later with this code; None: no longer."""
        name = recipient.lstrip("+")
        if code is None:
            self._failing.pop(name, None)
        else:
            self._failing[name] = code

    async def follow(self, message: Outgoing) -> None:
        """Plan what will be told. With `sent_before_answer` it returns when the first was."""
        self._messages.put(message.wamid, message)
        if message.is_paced:
            self._paced[message.wamid] = message
        elif self.settings.is_on:
            steps = self._steps(message)
            if self.settings.sent_before_answer and steps[0].status is Status.SENT and not self._is_holding:
                await self._tell_now(Told(message, Status.SENT))
                steps = steps[1:]
            self._schedule(message, steps)

    def tell(self, wamid: str, status: Status, *, code: int | None = None) -> None:
        """By hand, now, whatever was planned or told before; also while statuses are held."""
        self._push(Told(self.message(wamid), status, code))

    def message(self, wamid: str) -> Outgoing:
        if (message := self._messages.get(wamid)) is None:
            raise KeyError(wamid)
        return message

    def hold(self) -> None:
        """From now on a status that is due waits for `release`."""
        self._is_holding = True

    def release(self, wamid: str | None = None) -> int:
        """Tell what was held, of all messages and end the hold, or of one. Returns how many."""
        due = [told for told in self._held if wamid in {None, told.message.wamid}]
        if wamid is None:
            self._is_holding = False
        self._held = [told for told in self._held if wamid not in {None, told.message.wamid}]
        for told in due:
            self._chance(told)
        return len(due)

    @property
    def paced(self) -> tuple[str, ...]:
        """Messages that wait for the quality of their template to be judged."""
        return tuple(self._paced)

    def judge(self, wamid: str, *, is_good: bool) -> None:
        """Let a held message go on, or fail as Meta's pacing drops it."""
        message = self._paced.pop(wamid)
        if is_good:
            self._schedule(message, self._steps(message))
        else:
            self._due(Told(message, Status.FAILED, _DROPPED_BY_PACING))

    def _steps(self, message: Outgoing) -> list[Step]:
        steps = plan(self.settings, self._ground.random, has_voice=message.has_voice)
        code = self._failing.get(message.recipient)
        if code is None and message.person is not None and not message.person.is_reachable:
            code = _NOT_ON_WHATSAPP
        return steps if code is None else [Step(steps[0].after, Status.FAILED, code)]

    def _schedule(self, message: Outgoing, steps: list[Step]) -> None:
        for step in steps:
            self._ground.agenda.later(step.after, partial(self._due, Told(message, step.status, step.code)))

    def _due(self, told: Told) -> None:
        if self._is_holding:
            self._held.append(told)
        else:
            self._chance(told)

    def _chance(self, told: Told) -> None:
        if self._ground.random.random() < self.settings.lost:
            return
        copies = self._ground.faults.copies(self._occasion(told.message))
        copies *= 2 if self._ground.random.random() < self.settings.duplicated else 1
        self._push(told, copies)

    def _push(self, told: Told, copies: int = 1) -> None:
        destination = told.message.number.destination
        update = self._update(told)
        for _ in range(copies):
            self._webhooks.push([destination] if destination else [], update)

    async def _tell_now(self, told: Told) -> None:
        if destination := told.message.number.destination:
            await self._webhooks.tell(destination, self._update(told))

    def _occasion(self, message: Outgoing) -> Occasion:
        names = (message.to.lstrip("+"), message.recipient)
        return Occasion(path="/messages", sends=True, phone_id=message.number.id, recipients=names)

    def _update(self, told: Told) -> Update:
        number = told.message.number
        value = {"messaging_product": "whatsapp", "metadata": number.metadata, "statuses": [self._wire(told)]}
        person = told.message.person
        if person is not None and person.user_id is not None and told.status is not Status.FAILED:
            value["contacts"] = [_contact(person)]
        return Update(waba_id=number.business.id, field="messages", value=value)

    def _wire(self, told: Told) -> dict[str, Any]:
        message, now = told.message, int(self._ground.clock.seconds())
        wire: dict[str, Any] = {"id": message.wamid, "status": told.status.value, "timestamp": str(now)}
        if message.is_by_phone or (message.person is not None and message.person.is_known_by_phone):
            wire["recipient_id"] = message.recipient
        if told.status is Status.FAILED:
            wire["errors"] = [reported(told.code or 131000)]
        elif message.person is not None and message.person.user_id is not None:
            wire["recipient_user_id"] = message.person.user_id
        if self._is_priced(told):
            wire |= _money(message, now)
        if message.tag is not None:
            wire["biz_opaque_callback_data"] = message.tag
        return wire

    def _is_priced(self, told: Told) -> bool:
        """On `sent`, and on the first of what follows."""
        if told.status is Status.SENT:
            return True
        if told.status in {Status.FAILED, Status.PLAYED} or told.message.wamid in self._priced:
            return False
        self._priced.put(told.message.wamid, True)
        return True


def _money(message: Outgoing, now: int) -> dict[str, Any]:
    """Old shapes name a conversation too, a new one for every message."""
    money: dict[str, Any] = {"pricing": message.pricing.wire()}
    if message.number.version <= _LAST_WITH_CONVERSATION:
        money["conversation"] = {
            "id": hashlib.sha256(message.wamid.encode()).hexdigest()[:32],
            "expiration_timestamp": str(now + _WINDOW),
            "origin": {"type": message.pricing.category},
        }
    return money


def _contact(person: Person) -> dict[str, Any]:
    phone = {"wa_id": person.wa_id} if person.is_known_by_phone else {}
    return {"profile": {"name": person.name}, **phone, "user_id": person.user_id}
