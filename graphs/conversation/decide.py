"""What a turn decides: pure, from the persona, what is known, and what was claimed. Every rule has an id that is kept.

The order is the order of importance: consent, who is in control, safety, the wish for a person, patience, then slots,
what waits for a yes, stages, answers, the next question. Words are found afterwards and change nothing of this.
"""

from collections.abc import Callable
from typing import Final

from agents.commands import AskKnowledge, Mention, OptOut, Promise, RequestHuman, Say, SwitchGoal, Understood
from agents.personas.definition import Persona
from core.models.stream import Control, Trigger
from graphs.conversation import asking, pending, slots, tooling
from graphs.conversation.desk import Desk
from graphs.conversation.progress import progress
from graphs.conversation.state import Decision, Handover, Route, Snapshot

REPEATED: Final = "close.repeat"  # asked for: what was said last may be said again

Rule = Callable[[Desk], Decision | None]


def decide(persona: Persona, snapshot: Snapshot, understood: Understood) -> Decision:
    desk = Desk.of(persona, snapshot, understood)
    for rule in _FIRST:
        if (decision := rule(desk)) is not None:
            return decision
    return _answer(desk)


# --- what ends a turn by itself ---------------------------------------------------------------------------------------


def _consent(desk: Desk) -> Decision | None:
    """Its one confirmation is queued with the opt-out itself; here there is nothing to add."""
    if opt_out := desk.first(OptOut):
        desk.note("consent.opt_out")
        return desk.decision(Route.SILENCE, opt_out=opt_out.quote)
    if desk.snapshot.is_opted_out and desk.snapshot.trigger is not Trigger.INBOUND:
        desk.note("consent.opted_out")
        return desk.decision(Route.SILENCE)
    return None


def _control(desk: Desk) -> Decision | None:
    control = desk.snapshot.control
    if control in {Control.HUMAN, Control.CLOSED}:
        desk.note(f"control.{control}")
        return desk.decision(Route.ABSORB)
    if control is not Control.QUEUED or desk.persona.handoff.may_answer_while_queued:
        return None
    if desk.said(Mention.STILL_THERE) or desk.said(Mention.REPEAT) or desk.first(RequestHuman):
        desk.note("control.still_queued")
        desk.say("still_queued")
        return desk.decision(Route.CANNED)
    desk.note("control.queued")
    return desk.decision(Route.ABSORB)


def _safety(desk: Desk) -> Decision | None:
    mentions = {Mention.LEGAL_THREAT: "legal_threat", Mention.COMPLAINT: "complaint"}
    cause = desk.hands_over_on(cause for mention, cause in mentions.items() if desk.said(mention))
    if cause is None:
        return None
    desk.note(f"safety.{cause}")
    return hand_over(desk, cause)


def _human(desk: Desk) -> Decision | None:
    """Whoever asks for a person gets one, whatever the persona says."""
    request = desk.first(RequestHuman)
    if request is None:
        return None
    desk.note("human.requested")
    return hand_over(desk, "customer_asked", request)


def _patience(desk: Desk) -> Decision | None:
    """A turn in which nothing was understood is one too many at some point."""
    if not _is_unclear(desk):
        desk.repairs = 0
        return None
    desk.repairs += 1
    limits = (f"repair>={count}" for count in range(1, desk.repairs + 1))
    cause = desk.hands_over_on(limits)
    if cause:
        desk.note("patience.repairs")
        return hand_over(desk, cause)
    desk.note("patience.clarify")
    desk.say("unclear")
    asking.again(desk)
    return desk.decision(Route.CLARIFY)


def _timer(desk: Desk) -> Decision | None:
    """A follow-up that was planned is said as it was written; any other timer has nothing to say by itself."""
    if desk.snapshot.trigger is not Trigger.TIMER:
        return None
    desk.note("timer.rang")
    desk.say(str(desk.snapshot.payload.get("kickoff")))
    return desk.decision(Route.CANNED if desk.texts else Route.SILENCE)


def _failed_checks(desk: Desk) -> Decision | None:
    limits = (f"check_failed>={count}" for count in range(1, desk.snapshot.dialogue.failed_checks + 1))
    cause = desk.hands_over_on(limits)
    if cause is None:
        return None
    desk.note("patience.checks")
    return hand_over(desk, cause)


def _pending(desk: Desk) -> Decision | None:
    """What waits for the customer's yes, and news of what was done."""
    return pending.settle(desk)


def _slots(desk: Desk) -> Decision | None:
    slots.apply(desk)
    limits = (f"slot:{name}:invalid>={n}" for name, times in desk.refused.items() for n in range(1, times + 1))
    cause = desk.hands_over_on(limits)
    if cause is None:
        return None
    desk.note("slot.invalid_limit")
    return hand_over(desk, cause)


_FIRST: Final[tuple[Rule, ...]] = (
    _consent,
    _control,
    _safety,
    _human,
    _timer,
    _failed_checks,
    _patience,
    _slots,
    _pending,
)


# --- the rest: stages, answers, the next question ---------------------------------------------------------------------


def _answer(desk: Desk) -> Decision:
    _switch_goal(desk)
    _move(desk)
    _promise(desk)
    tooling.confirmed(desk)
    tooling.plan(desk)
    _return(desk)
    greets = _greet(desk)
    approved = asking.approved(desk)
    _query(desk, is_answered=approved)
    has_moved = bool(desk.moves)
    asks = desk.ask is not None or asking.next_question(desk)
    if desk.query is not None or (has_moved and not desk.here.strict and not asks):
        return desk.decision(Route.STAGE)
    if desk.effects or desk.reads:
        return desk.decision(Route.ACTION)
    if desk.texts or asks:
        return desk.decision(Route.CANNED)
    return _close(desk, greets=greets)


def _switch_goal(desk: Desk) -> None:
    if (switch := desk.first(SwitchGoal)) and (not desk.agenda or desk.agenda[0] != switch.goal):
        desk.note(f"goal.switched:{switch.goal}")
        desk.agenda = [switch.goal, *(goal for goal in desk.agenda if goal != switch.goal)]
    if not desk.agenda:
        desk.agenda = [desk.persona.goals[0].id]


def _move(desk: Desk) -> None:
    for move in progress(desk.persona, desk.stage, desk.known):
        desk.note(move.rule)
        desk.moves.append(move)
        desk.stage = move.target


def _promise(desk: Desk) -> None:
    if promise := desk.first(Promise):
        desk.note("promise.noted")
        desk.promise = {"when": promise.when, "quote": promise.quote.text, "message": promise.quote.message}


def _return(desk: Desk) -> None:
    """After a person had the conversation: who writes from now on is said once."""
    if desk.snapshot.trigger is Trigger.STAFF_RETURN:
        desk.note("control.returned")
        desk.say("returned")
        desk.has_greeted = True


def _greet(desk: Desk) -> bool:
    """Once in a conversation; it says that an AI writes, where the persona says so in its first message."""
    if desk.has_greeted or desk.snapshot.trigger is not Trigger.INBOUND:
        return False
    desk.note("greeting.first")
    desk.say("greeting", contact=desk.snapshot.contact_name or "")
    desk.has_greeted = True
    return True


def _query(desk: Desk, *, is_answered: bool) -> None:
    question = desk.first(AskKnowledge)
    if question is None or is_answered:
        return
    if desk.here.strict:  # prices, payment, law: what is not an approved text is left to a person
        desk.note("answer.strict")
        desk.say("not_found")
        return
    desk.note("answer.knowledge")
    desk.query = question.query


def _close(desk: Desk, *, greets: bool) -> Decision:
    """Nothing is open: courtesies are returned once, and silence is an answer too."""
    if desk.said(Mention.ASKS_IF_BOT):
        desk.note("close.asks_if_bot")
        desk.say("greeting", contact="")
        return desk.decision(Route.CANNED)
    if greets or desk.said(Mention.SMALLTALK) or desk.said(Mention.GREETING):
        desk.note("close.smalltalk")
        return desk.decision(Route.STAGE)
    if desk.said(Mention.THANKS) and "goodbye" not in desk.done:
        desk.note("close.goodbye")
        desk.done.add("goodbye")
        desk.say("goodbye")
        return desk.decision(Route.CANNED)
    if desk.said(Mention.REPEAT):
        desk.note(REPEATED)
        return desk.decision(Route.STAGE)
    desk.note("close.silence")
    return desk.decision(Route.SILENCE)


def hand_over(desk: Desk, cause: str, request: RequestHuman | None = None) -> Decision:
    """One honest line about what happens next, and a person. The line is chosen by the hour where it is said."""
    desk.say("handoff")
    return desk.decision(Route.HANDOFF, handover=Handover(reason=cause, quote=request.quote if request else None))


def _is_unclear(desk: Desk) -> bool:
    """Nothing was understood, in a turn in which somebody said something."""
    if desk.snapshot.trigger is not Trigger.INBOUND or not desk.snapshot.unanswered:
        return False
    commands = desk.understood.commands
    return not commands or all(isinstance(one, Say) and one.mention is Mention.UNCLEAR for one in commands)
