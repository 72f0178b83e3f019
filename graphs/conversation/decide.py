"""What a turn decides: pure, from the persona, what is known, and what was claimed. Every rule has an id that is kept.

The order is the order of importance: somebody's life, consent, who is in control, safety, the wish for a person,
patience, then slots, what waits for a yes, stages, answers, the next question. Words are found afterwards and change
nothing of this.
"""

from collections.abc import Callable
from typing import Final

from agents.commands import AskKnowledge, Mention, OptOut, Promise, Quote, RequestHuman, Say, SwitchGoal, Understood
from agents.personas.definition import Persona
from core.models.stream import Author, Control, Trigger
from graphs.conversation import absence, afresh, asking, pending, slots, tooling
from graphs.conversation.desk import Desk
from graphs.conversation.progress import progress
from graphs.conversation.rules import Rule
from graphs.conversation.state import Decision, Handover, Route, Snapshot

_HELD: Final = {Control.HUMAN: Rule.HELD, Control.CLOSED: Rule.CLOSED}
_UNSAFE: Final = {Mention.LEGAL_THREAT: Rule.LEGAL_THREAT, Mention.COMPLAINT: Rule.COMPLAINT}
Step = Callable[[Desk], Decision | None]


def decide(persona: Persona, snapshot: Snapshot, understood: Understood) -> Decision:
    desk = Desk.of(persona, snapshot, understood)
    for step in _FIRST:
        if (decision := step(desk)) is not None:
            return decision
    return _answer(desk)


# --- what ends a turn by itself ---------------------------------------------------------------------------------------


def _nothing_new(desk: Desk) -> Decision | None:
    """An earlier turn has taken in what this one was opened for."""
    snapshot = desk.snapshot
    if snapshot.trigger is not Trigger.INBOUND or snapshot.unanswered or snapshot.effects or _is_promised(desk):
        return None
    desk.note(Rule.NOTHING_NEW)
    return desk.decision(Route.SILENCE)


def _crisis(desk: Desk) -> Decision | None:
    """Whoever may harm themselves hears whom to call and gets a person, whatever else they say."""
    if not desk.said(Mention.CRISIS) or desk.snapshot.control in _HELD:
        return None
    opt_out = desk.first(OptOut)
    desk.note(Rule.CRISIS)
    _hear_news_in_silence(desk)
    desk.say("crisis")
    return hand_over(desk, "crisis", opt_out=opt_out.quote if opt_out else None)


def _consent(desk: Desk) -> Decision | None:
    """Its one confirmation is queued with the opt-out itself. Who asks for a person in the same breath gets one."""
    opt_out, request = desk.first(OptOut), desk.first(RequestHuman)
    if opt_out is None and (not desk.snapshot.is_opted_out or desk.snapshot.trigger is Trigger.INBOUND):
        return None
    desk.note(Rule.OPT_OUT if opt_out else Rule.OPTED_OUT)
    _hear_news_in_silence(desk)
    if opt_out is None or request is None or desk.snapshot.control in _HELD:
        return desk.decision(Route.SILENCE, opt_out=opt_out.quote if opt_out else None)
    desk.note(Rule.HUMAN)
    return hand_over(desk, "customer_asked", quote=request.quote, opt_out=opt_out.quote)


def _control(desk: Desk) -> Decision | None:
    control = desk.snapshot.control
    if control in _HELD:
        desk.note(_HELD[control])
        _hear_news_in_silence(desk)  # said when the persona has the word again
        return desk.decision(Route.ABSORB)
    if control is not Control.QUEUED or desk.persona.handoff.may_answer_while_queued:
        return None
    _hear_news(desk)
    if desk.said(Mention.STILL_THERE) or desk.said(Mention.REPEAT) or desk.first(RequestHuman):
        desk.note(Rule.STILL_QUEUED)
        desk.say("still_queued")
        return desk.decision(Route.CANNED)
    desk.note(Rule.QUEUED)
    return desk.decision(Route.CANNED if desk.texts else Route.ABSORB)


def _hear_news(desk: Desk) -> None:
    """What was done counts for the stages, whoever has the conversation and whatever else a turn is about."""
    pending.tell_news(desk)
    if desk.lost or desk.snapshot.effects:
        _move(desk)


def _hear_news_in_silence(desk: Desk) -> None:
    """This is not the moment for a word about it."""
    _hear_news(desk)
    desk.texts.clear()


def _is_promised(desk: Desk) -> bool:
    """The time of a promise has come."""
    return bool(desk.snapshot.payload.get("promises")) and not desk.snapshot.is_opted_out


def _safety(desk: Desk) -> Decision | None:
    """Two machines could go on for ever; law and complaints are for people where the persona says so."""
    if desk.snapshot.is_loop:
        desk.note(Rule.BOT_LOOP)
        return hand_over(desk, "bot_loop")
    for mention, rule in _UNSAFE.items():
        if desk.said(mention) and desk.hands_over_on([mention.value]):
            desk.note(rule)
            return hand_over(desk, mention.value)
    return None


def _human(desk: Desk) -> Decision | None:
    """Whoever asks for a person gets one, whatever the persona says."""
    request = desk.first(RequestHuman)
    if request is None:
        return None
    desk.note(Rule.HUMAN)
    return hand_over(desk, "customer_asked", quote=request.quote)


def _no_model(desk: Desk) -> Decision | None:
    """What the rules read is kept, and a person reads the rest. On the first contact it is still said who writes."""
    rule = absence.calls_for_person(desk.persona, desk.snapshot, desk.understood.rejected)
    if rule is None:
        return None
    slots.apply(desk)
    _greet(desk)
    desk.note(rule)
    return hand_over(desk, absence.cause(rule))


def _patience(desk: Desk) -> Decision | None:
    """A turn in which nothing was understood is one too many at some point; whoever comes in is greeted first."""
    is_unheard = bool(desk.snapshot.unanswered) and all(line.is_unheard for line in desk.snapshot.unanswered)
    if not _is_unclear(desk) or not (desk.has_greeted or is_unheard):
        desk.repairs = 0
        return None
    desk.repairs += 1
    limits = (f"repair>={count}" for count in range(1, desk.repairs + 1))
    cause = desk.hands_over_on(limits)
    if cause:
        desk.note(Rule.REPAIRS)
        return hand_over(desk, cause)
    _hear_news(desk)
    _greet(desk)
    desk.note(Rule.UNHEARD if is_unheard else Rule.CLARIFY)
    desk.say("unheard" if is_unheard else "unclear")
    asking.again(desk)
    return desk.decision(Route.CLARIFY)


def _timer(desk: Desk) -> Decision | None:
    """A follow-up that was planned is said as it was written, and that the time of a promise has come, in one text.

    Where there is more to tell or to answer by now, a promise is said with that, and nobody has to be reminded.
    """
    snapshot, is_promised = desk.snapshot, _is_promised(desk)
    if is_promised:
        desk.note(Rule.PROMISE_DUE)
        desk.say("promise_due")
    rang = snapshot.trigger is Trigger.TIMER or (is_promised and snapshot.trigger is not Trigger.STAFF_RETURN)
    if not rang or snapshot.unanswered or snapshot.effects:
        return None
    if not is_promised:
        desk.note(Rule.FOLLOW_UP)
        desk.say(str(snapshot.payload.get("kickoff")))
    return desk.decision(Route.CANNED if desk.texts else Route.SILENCE)


def _failed_checks(desk: Desk) -> Decision | None:
    limits = (f"check_failed>={count}" for count in range(1, desk.snapshot.dialogue.failed_checks + 1))
    cause = desk.hands_over_on(limits)
    if cause is None:
        return None
    desk.note(Rule.FAILED_CHECKS)
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
    desk.note(Rule.INVALID_LIMIT)
    return hand_over(desk, cause)


_FIRST: Final[tuple[Step, ...]] = (
    _nothing_new,
    _crisis,
    _consent,
    _control,
    _safety,
    _human,
    _timer,
    _failed_checks,
    _no_model,
    _patience,
    _slots,
    _pending,
)


# --- the rest: stages, answers, the next question ---------------------------------------------------------------------


def _answer(desk: Desk) -> Decision:
    _switch_goal(desk)
    _move(desk)
    _reach(desk)
    _promise(desk)
    tooling.confirmed(desk)
    tooling.plan(desk)
    _return(desk)
    _greet(desk)
    _say_who_writes(desk)
    if not _was_answered(desk):
        _query(desk, is_answered=asking.answer(desk))
    asks = desk.ask is not None or asking.next_question(desk)
    if desk.query is not None:
        return desk.decision(Route.STAGE)
    if desk.effects or desk.reads:
        return desk.decision(Route.ACTION)
    if desk.texts or asks:
        return desk.decision(Route.CANNED)
    if desk.moves and not desk.here.strict:
        return desk.decision(Route.STAGE)
    return _close(desk)


def _switch_goal(desk: Desk) -> None:
    if (switch := desk.first(SwitchGoal)) and (not desk.agenda or desk.agenda[0] != switch.goal):
        desk.note(Rule.GOAL_SWITCHED, switch.goal)
        desk.agenda = [switch.goal, *(goal for goal in desk.agenda if goal != switch.goal)]
    if not desk.agenda:
        desk.agenda = [desk.persona.goals[0].id]


def _move(desk: Desk) -> None:
    afresh.give_up(desk)
    for move in progress(desk.persona, desk.stage, desk.known):
        rule, _, _ = move.rule.partition(":")
        desk.note(Rule(rule), move.target)
        desk.moves.append(move)
        desk.stage = move.target
        afresh.start(desk, move)


def _reach(desk: Desk) -> None:
    """A goal is done with where it is dealt with: the one before it is the customer's again."""
    entered = {move.target for move in desk.moves if move.rule == Rule.FORWARD.about(move.target)}
    for goal in desk.persona.goals:
        if goal.stage in entered and goal.id in desk.agenda:
            desk.note(Rule.GOAL_REACHED, goal.id)
            desk.agenda.remove(goal.id)


def _promise(desk: Desk) -> None:
    if promise := desk.first(Promise):
        desk.note(Rule.PROMISED)
        desk.promise = {"when": promise.when, "quote": promise.quote.text, "message": promise.quote.message}


def _return(desk: Desk) -> None:
    """After a person had the conversation: who writes from now on is said once."""
    if desk.snapshot.trigger is Trigger.STAFF_RETURN:
        desk.note(Rule.RETURNED)
        desk.say("returned")
        desk.has_greeted = True


def _greet(desk: Desk) -> None:
    """Once in a conversation; it says that an AI writes, where the persona says so in its first message."""
    if desk.has_greeted or desk.snapshot.trigger is not Trigger.INBOUND:
        return
    desk.note(Rule.GREETED)
    desk.say("greeting", contact=desk.snapshot.contact_name or "")
    desk.has_greeted = True


def _say_who_writes(desk: Desk) -> None:
    """To whoever asks, whatever else is said; whoever was greeted just now has been told."""
    if desk.said(Mention.ASKS_IF_BOT):
        desk.note(Rule.ASKS_IF_BOT)
        if Rule.GREETED not in desk.rules:
            desk.say("greeting", contact="")


def _was_answered(desk: Desk) -> bool:
    """A person who leaves has had the last word: what was asked before it is owed to nobody."""
    snapshot = desk.snapshot
    if snapshot.trigger is not Trigger.STAFF_RETURN:
        return False
    last_word = max((line.seq for line in snapshot.human_span if line.author is Author.STAFF), default=0)
    return bool(snapshot.unanswered) and all(line.seq < last_word for line in snapshot.unanswered)


def _query(desk: Desk, *, is_answered: bool) -> None:
    """What an approved text or what is looked up does not answer."""
    question = desk.first(AskKnowledge)
    if question is None:
        return
    query = asking.left_open(desk) if is_answered else question.query
    if not query:
        return
    if tooling.answers(desk, query):
        desk.note(Rule.READ_ANSWERS)
        return
    if tooling.asks_for_goal(desk, query):
        desk.note(Rule.ON_THE_WAY)
        return
    if desk.here.strict:  # prices, payment, law: what is not an approved text is left to a person
        desk.note(Rule.STRICT)
        desk.say("not_found")
        return
    desk.note(Rule.KNOWLEDGE)
    desk.query = query


def _close(desk: Desk) -> Decision:
    """Nothing is open: courtesies are returned once, what was told is noted, and silence is an answer too."""
    if desk.said(Mention.SMALLTALK) or desk.said(Mention.GREETING):
        desk.note(Rule.SMALLTALK)
        return desk.decision(Route.STAGE)
    if desk.said(Mention.THANKS) and "goodbye" not in desk.done:
        desk.note(Rule.GOODBYE)
        desk.done.add("goodbye")
        desk.say("goodbye")
        return desk.decision(Route.CANNED)
    if desk.said(Mention.REPEAT):
        desk.note(Rule.REPEATED)
        return desk.decision(Route.STAGE)
    if desk.has_learned:
        desk.note(Rule.NOTED)
        desk.say("noted")
        return desk.decision(Route.CANNED)
    desk.note(Rule.SILENCE)
    return desk.decision(Route.SILENCE)


def hand_over(desk: Desk, cause: str, *, quote: Quote | None = None, opt_out: Quote | None = None) -> Decision:
    """One honest line about what happens next, and a person. The line is chosen by the hour where it is said."""
    _hear_news(desk)
    if desk.snapshot.control is Control.QUEUED:
        desk.say("still_queued")
        return desk.decision(Route.CANNED, opt_out=opt_out)
    desk.say("handoff")
    return desk.decision(Route.HANDOFF, handover=Handover(reason=cause, quote=quote), opt_out=opt_out)


def _is_unclear(desk: Desk) -> bool:
    """Nothing was understood, in a turn in which somebody said something."""
    if desk.snapshot.trigger is not Trigger.INBOUND or not desk.snapshot.unanswered:
        return False
    commands = desk.understood.commands
    is_doubtful = all(isinstance(one, Say) and one.mention is Mention.UNCLEAR for one in commands)
    return is_doubtful and not asking.approved(desk)
