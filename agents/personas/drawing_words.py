"""What a drawing of a persona says: criteria, losses and causes as people call them, in the persona's own language."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from agents.personas.definition import AnyOf, Persona, Stage, StageEnd, ToolUse
from core.texts import Language, Text

_CAUSES: Final = {
    "customer_asked": Text("o cliente pede", "the customer asks"),
    "complaint": Text("reclamação", "a complaint"),
    "legal_threat": Text("ameaça de ação judicial", "a legal threat"),
    "repair": Text("mensagens sem entender: {n}", "messages not understood: {n}"),
    "check_failed": Text("respostas barradas: {n}", "answers held back: {n}"),
    "slot": Text("{slot} inválido: {n}", "{slot} invalid: {n}"),
}
_OR: Final = Text(" ou ", " or ")
_SAYS: Final = Text("diz “{words}”", "says “{words}”")
_SUCCEEDS: Final = Text("{tool} deu certo", "{tool} succeeded")
_FAILS: Final = Text("falhar: {tool}", "a failure: {tool}")
_OVER: Final = Text("acabar, e a pessoa quiser outra vez: {tool}", "over, and wanted again: {tool}")
_ENDINGS: Final = {"succeeded": _SUCCEEDS, "failed": _FAILS, "over": _OVER}
_APPROVED: Final = Text("{tool} (a equipe aprova)", "{tool} (staff approve)")
_LOST: Final = Text("mudar ou retirar: {slot}", "a change or withdrawal: {slot}")
_BY_STAFF: Final = Text("movido pela equipe", "moved by staff")
_FROM_ANYWHERE: Final = Text("movido pela equipe, de qualquer estágio", "moved by staff, from any stage")
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SHORT: Final = 172_800  # up to two days one says hours


class Words:
    """Of one persona."""

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._language = Language.EN if persona.locale == "en" else Language.PT

    def say(self, text: Text) -> str:
        return text.in_(self._language)

    def title(self) -> str:
        return self._persona.label or self._persona.persona

    def stage(self, stage: Stage) -> str:
        return stage.label or stage.id.replace("_", " ")

    def slot(self, name: str) -> str:
        slot = self._persona.slots.get(name)
        return slot.label if slot and slot.label else name.replace("_", " ")

    def entering(self, stage: Stage) -> list[str]:
        """One for each thing that has to hold."""
        if stage.enter is None or is_by_staff(stage):
            return [self.say(_FROM_ANYWHERE if stage.end is StageEnd.LOST else _BY_STAFF)]
        return [
            self.say(_OR).join(map(self.criterion, one.any)) if isinstance(one, AnyOf) else self.criterion(one)
            for one in stage.enter.all
        ]

    def tool(self, use: ToolUse) -> str:
        return self.say(_APPROVED).replace("{tool}", use.tool) if use.approver else use.tool

    def leaving(self, stage: Stage) -> list[str]:
        return [self._loss(loss) for loss in stage.leave_back]

    def criterion(self, criterion: str) -> str:
        kind, _, name = criterion.partition(":")
        if kind == "effect":
            return self.say(_SUCCEEDS).replace("{tool}", name.removesuffix(":succeeded"))
        return self._evidence(name) if kind == "evidence" else self.slot(name)

    def causes(self) -> Iterator[str]:
        """When a person takes over."""
        for cause in self._persona.handoff.on:
            name, _, times = cause.partition(">=")
            kind, _, rest = name.partition(":")
            text = self.say(_CAUSES[kind]).replace("{n}", times)
            yield text.replace("{slot}", self.slot(rest.removesuffix(":invalid")))

    def _evidence(self, name: str) -> str:
        shown = self._persona.evidence.get(name)
        if shown and shown.any_of:
            return self.say(_SAYS).replace("{words}", shown.any_of[0])
        return name.replace("_", " ")

    def _loss(self, loss: str) -> str:
        kind, _, name = loss.partition(":")
        if kind == "effect":
            tool, _, ending = name.rpartition(":")
            return self.say(_ENDINGS[ending]).replace("{tool}", tool)
        return self.say(_LOST).replace("{slot}", self.slot(name))


def is_by_staff(stage: Stage) -> bool:
    """Nobody gets there by what they say."""
    return stage.enter is None or stage.end is StageEnd.LOST


def duration(value: timedelta) -> str:
    """As it is written in a persona: `90s`, `5m`, `24h`, `2d`."""
    seconds = int(value.total_seconds())
    units = _UNITS if seconds > _SHORT else _UNITS[1:]
    return next((f"{seconds // size}{unit}" for size, unit in units if seconds and seconds % size == 0), f"{seconds}s")
