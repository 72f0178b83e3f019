"""Plain words said to the bot: what they ask for is shown as buttons to whoever said them, and done when pressed."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from admin_api.staff.answering import Speaker
from admin_api.staff.arguments import checked
from admin_api.staff.asking import Action, Answer, Ask, Asker, Place, Where
from admin_api.staff.buttons import Choice
from admin_api.staff.confirming import CONFIRM, WAITS, with_confirmation
from admin_api.staff.heard import Heard, Known
from admin_api.staff.registry import Registry
from admin_api.staff.whom import CUSTOMER, Customer, of_customer
from agents import proposing
from agents.gateway.port import NOTHING_USED, ModelError, ModelPort, Usage
from agents.proposing import Field, Kind, Offer, Proposal, Proposed, Wish
from channels.telegram_staff.rich import Rich, bold, italic, lines
from channels.telegram_staff.updates import Said
from core import audit, clock, rate_limit
from core.clock import Deadline
from core.errors import Refused, Unavailable
from core.floor import Floor
from core.logging import get_logger
from core.rate_limit import Granted, Limit
from core.storage import Storage
from core.texts import Text

ASKED: Final = "staff.words"  # in the record: a model was asked what somebody's words mean
_SECONDS: Final = 8.0
_OFTEN: Final = Limit(name="words", count=1, period=60, burst=10, is_full_when_forgotten=True)
_KINDS: Final[Mapping[type, Kind]] = {str: "string", int: "integer", bool: "boolean"}
_CALLED: Final = re.compile(r"\s*(?:bot|robô|robo)\b[\s,:!]*", re.IGNORECASE)
_MENTION: Final = re.compile(r"(?:\A\s*@\w+[\s,:]*)|(?:\s*@\w+\s*\Z)")
_CONTACT: Final = "contact"  # the id, which tells of two of one name who is meant
_WHY: Final = "reason"  # what somebody said in asking for it is why, where they said nothing else

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """What was asked for, or why nobody can tell; and what it took to find out."""

    proposed: Proposed | None
    usage: Usage = NOTHING_USED
    problem: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposing:
    registry: Registry
    floor: Floor
    storage: Storage
    model: ModelPort

    async def think(self, known: Known, said: Said) -> Thought | None:
        """Outside of a transaction. None: it was not said to the bot, or is not this person's own."""
        words = addressed(known, said)
        offers = [_offer(action, known.asker) for action in self._offered(known.asker, known.place)]
        if words is None or not offers:
            return None
        if not await self._may_ask(known.asker):
            return Thought(proposed=None, problem=_TOO_OFTEN)
        wish = Wish(said=words, offers=offers, now=clock.now(), is_about_customer=known.place.about is not None)
        try:
            proposed = await proposing.propose(self.model, wish, Deadline.after(_SECONDS))
        except ModelError as error:
            log.warning("staff.not_proposed", company=str(known.company), reason=type(error).__name__)
            return Thought(proposed=None, usage=error.usage, problem=_AWAY)
        return Thought(proposed=proposed, usage=proposed.usage)

    async def words(self, heard: Heard, thought: object) -> None:
        """Each thing has a card of its own, so that one may be done and the other left."""
        if not isinstance(thought, Thought):
            return
        ask = heard.ask(self.floor, self.storage)
        speaker = Speaker(ask.buttons, self.storage)
        _note_cost(ask, thought.usage)
        if thought.proposed is None or not thought.proposed.proposals:
            await speaker.say(ask, Answer(text=Rich(ask.say(thought.problem or _UNCLEAR))))
            return
        for number, proposal in enumerate(thought.proposed.proposals):
            one = replace(ask, key=f"{ask.key}:{number}")
            await speaker.say(one, await self._shown(one, proposal))

    async def _may_ask(self, asker: Asker) -> bool:
        """A model costs money. While Valkey is away nobody is counted, and nobody held up."""
        limit = replace(_OFTEN, of=str(asker.person))
        try:
            return isinstance(await rate_limit.take(self.floor.valkey, limit, group="staff.words"), Granted)
        except Unavailable:
            return True

    def _offered(self, asker: Asker, place: Place) -> list[Action]:
        """What is only done in a topic is offered in one; nobody is offered what they may not do."""
        return [
            action
            for action in self.registry.actions.values()
            if action.is_spoken
            and asker.may(action.role)
            and (action.where is not Where.TOPIC or place.about is not None)
            and (action.where is not Where.GROUP or place.group is not None)
        ]

    async def _shown(self, ask: Ask, proposal: Proposal) -> Answer:
        """What is risky shows what it would do. One that cannot be done says why, and the others are shown still."""
        action = self.registry.action(proposal.action)
        arguments = {**_reasoned(action, proposal), **proposal.arguments}
        try:
            return await _card(replace(ask, arguments=checked(action, arguments)), action)
        except Refused as error:
            return Answer(text=Rich(f"✋ {error.detail.in_(ask.asker.language)}"))


def addressed(known: Known, said: Said) -> str | None:
    """The words, if they are this person's own and said to the bot: by its name, in reply, in private, or as "bot, …".

    In a customer's topic only its name counts, for all else there is for the customer.
    """
    if said.is_forwarded or said.via_bot or said.typed is not None or not said.text.strip():
        return None
    called = _CALLED.match(said.text)
    if not known.is_addressed and (called is None or known.place.about is not None):
        return None
    words = _MENTION.sub(" ", said.text).strip()
    return _CALLED.sub("", words, count=1) if _CALLED.match(words) else words


def _offer(action: Action, asker: Asker) -> Offer:
    fields = [
        Field(
            name=param.name,
            about=param.about.in_(asker.language),
            kind=_KINDS[param.kind],
            is_required=param.is_required,
            choices=param.choices,
        )
        for param in action.params
    ]
    return Offer(name=action.name, about=action.about.in_(asker.language), fields=tuple(fields))


def _reasoned(action: Action, proposal: Proposal) -> dict[str, Any]:
    return {_WHY: proposal.quote} if any(param.name == _WHY for param in action.params) else {}


def _note_cost(ask: Ask, usage: Usage) -> None:
    """On record, for the figures to count: who asked, and what it took."""
    if usage.calls:
        detail = {"calls": usage.calls, "cost_micros": usage.cost_micros}
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        audit.record(ask.session, ask.asker.actor, ASKED, detail=detail | tokens)


async def _card(ask: Ask, action: Action) -> Answer:
    """Whom it is about is settled now: nobody who is called so later takes their place."""
    name = ""
    if any(param.name == CUSTOMER.name for param in action.params):
        meant: list[Customer] = []
        which = await of_customer(action.name, _settling(meant))(ask)
        if not meant:
            return replace(which, choices=[[_sure(ask, action, one)] for row in which.choices for one in row])
        name = meant[0].label
        others = {key: value for key, value in ask.arguments.items() if key != CUSTOMER.name}
        ask = replace(ask, arguments={**others, _CONTACT: str(meant[0].id)})
    shown = _understood(ask, action, name) if action.preview is None else await action.preview(ask)
    return shown if shown.choices else with_confirmation(ask, action.name, shown)


def _settling(meant: list[Customer]) -> Callable[[Ask, Customer], Awaitable[Answer]]:
    async def settle(_: Ask, customer: Customer) -> Answer:
        meant.append(customer)
        return Answer(text=Rich(""))

    return settle


def _sure(ask: Ask, action: Action, one: Choice) -> Choice:
    """Of several who are called so, the one that is pressed, by whoever asked."""
    wanted = {"action": action.name, "arguments": dict(one.arguments)}
    return replace(one, action=CONFIRM, arguments=wanted, person=ask.asker.person, lifetime=WAITS)


def _understood(ask: Ask, action: Action, customer: str) -> Answer:
    labels = {param.name: param.label for param in action.params}
    said = {name: _written(ask, value) for name, value in ask.arguments.items() if name in labels}
    told = [f"• {ask.say(labels[name])}: {value}" for name, value in said.items()]
    told = [f"👤 {customer}", *told] if customer else told
    head = bold(ask.say(Text("🤔 É isto?", "🤔 Is it this?")))
    return Answer(text=lines(head, ask.say(action.about), *told, italic(ask.say(_NOTHING_YET))))


def _written(ask: Ask, value: Any) -> str:
    if isinstance(value, bool):
        return ask.say(Text("sim", "yes") if value else Text("não", "no"))
    return str(value)


_NOTHING_YET: Final = Text("Nada foi feito ainda.", "Nothing was done yet.")
_TOO_OFTEN: Final = Text(
    "São pedidos demais seguidos: espere um pouco, ou use os comandos: /ajuda.",
    "Too many requests in a row: wait a little, or use commands: /help.",
)
_UNCLEAR: Final = Text(
    "Não entendi o que fazer. Diga de outro jeito, ou veja /ajuda.",
    "I don't know what to do. Say it anew, or see /help.",
)
_AWAY: Final = Text(
    "Não consegui entender agora. Os comandos funcionam: veja /ajuda.",
    "I cannot make it out just now. Commands work: see /help.",
)
