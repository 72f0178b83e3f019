"""What was claimed about slots and evidence becomes what is known; what was known and is lost, too. Pure."""

from agents.commands import ClearSlot, GiveEvidence, RefuseSlot, SetSlot
from agents.extractors.values import same
from graphs.conversation.desk import Desk
from graphs.conversation.rules import Rule
from graphs.conversation.state import Filled


def apply(desk: Desk) -> None:
    for cleared in desk.every(ClearSlot):
        _clear(desk, cleared.name)
    for given in desk.every(SetSlot):
        _set(desk, given)
    for refused in desk.every(RefuseSlot):
        _refuse(desk, refused)
    for shown in desk.every(GiveEvidence):
        if shown.name in desk.persona.evidence and shown.name not in desk.evidence:
            desk.note(Rule.EVIDENCE, shown.name)
            desk.evidence[shown.name] = shown.quote


def _set(desk: Desk, given: SetSlot) -> None:
    """The newest holds. A value that has to be confirmed counts for nothing before its yes."""
    slot = desk.persona.slots.get(given.name)
    if slot is None:
        return
    desk.given.add(given.name)
    known = desk.slots.get(given.name)
    if known is not None and same(slot.type, known.value, given.value):
        return
    desk.note(Rule.SLOT_SET if known is None else Rule.SLOT_CORRECTED, given.name)
    if known is not None:
        _lose(desk, given.name)
    is_confirmed = slot.confirm == "never"
    desk.slots[given.name] = Filled(value=given.value, quote=given.quote, is_confirmed=is_confirmed)
    desk.refused.pop(given.name, None)
    if desk.last_ask == given.name:
        desk.last_ask = None


def _clear(desk: Desk, name: str) -> None:
    if desk.slots.pop(name, None) is not None:
        desk.note(Rule.SLOT_CLEARED, name)
        _lose(desk, name)


def _lose(desk: Desk, name: str) -> None:
    """What was told and put right in one breath was never there to be lost."""
    if name in desk.snapshot.dialogue.slots:
        desk.lost.add(f"slot_lost:{name}")


def _refuse(desk: Desk, refused: RefuseSlot) -> None:
    """Asked for again, with the reason; how often is told apart from how often it was asked for."""
    if refused.name in desk.slots or refused.name not in desk.persona.slots:
        return
    desk.note(Rule.SLOT_REFUSED, refused.name)
    desk.refused[refused.name] = desk.refused.get(refused.name, 0) + 1
    desk.say(f"invalid_{refused.name}")
