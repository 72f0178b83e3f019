"""Approved texts with their places filled, and questions as the persona asks them: a closed set of places."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.extractors.values import in_words
from agents.personas.definition import Persona
from agents.tools.registry import TOOLS
from agents.tools.running import in_words as result_in_words
from core.texts import Text
from graphs.conversation.asking import CONFIRM
from graphs.conversation.pending import EFFECT
from graphs.conversation.state import Decision, Snapshot

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_BLANKS: Final = re.compile(r"[ \t]{2,}")
_LOST_BLANKS: Final = re.compile(r"[ \t]+(?=[,.!?;:]|$)", re.MULTILINE)
_CONFIRM: Final = Text("Só para confirmar: {value}. Está certo?", "Just to confirm: {value}. Is that right?")
_ASK_EFFECT: Final = Text("Posso confirmar: {about}", "May I confirm: {about}")


class Wording:
    """Of one turn: the same places mean the same in every text of it."""

    def __init__(self, persona: Persona, snapshot: Snapshot, language: str) -> None:
        self._persona = persona
        self._language = language
        self._common = {
            "contact": snapshot.contact_name or "",
            "company": snapshot.company_name,
            "name": persona.identity.name,
            "opens": persona.handoff.hours.partition("-")[0],
            "closes": persona.handoff.hours.partition("-")[2],
        }

    def canned(self, name: str, values: Mapping[str, str], decision: Decision) -> str:
        """A place that nothing fills is left out, with the blank before it."""
        text = self._persona.text(name, self._language)
        if "{" in text:
            known = {**self._common, **self._slots(decision), **values}
            text = _PLACE.sub(lambda place: known.get(place[1], ""), text)
        return _LOST_BLANKS.sub("", _BLANKS.sub(" ", text)).strip()

    def texts(self, decision: Decision) -> Iterator[str]:
        for text in decision.texts:
            if written := self.canned(text.name, text.values, decision):
                yield written

    def results(self, results: Mapping[str, Any], decision: Decision) -> Iterator[str]:
        """What was looked up, in the persona's own text about it."""
        for tool, result in results.items():
            values = result_in_words(tool, result, self._language)
            if not values.get("items") and self._asks_to_look_up(tool, decision):
                continue
            name = f"{TOOLS[tool].text}_{'found' if values.get('items') else 'none'}"
            if name in self._persona.texts:
                yield self.canned(name, values, decision)

    def _asks_to_look_up(self, tool: str, decision: Decision) -> bool:
        """That nothing was found is no news yet, where the question that follows is what it is looked up by."""
        return any(use.tool == tool and decision.ask in use.slots for use in self._persona.stage(decision.stage).tools)

    def question(self, decision: Decision) -> str | None:
        """What is asked at the end: for a slot, for a yes to a slot, or for a yes to something to be done."""
        if decision.ask is None:
            return None
        if decision.ask.startswith(CONFIRM):
            return self._confirm(decision.ask.removeprefix(CONFIRM), decision)
        if decision.ask.startswith(EFFECT):
            return self._ask_effect(decision.ask.removeprefix(EFFECT), decision)
        asks = self._persona.slots[decision.ask].ask
        return self.canned(asks, {}, decision) if asks else None

    def _confirm(self, slot: str, decision: Decision) -> str:
        value = self._slots(decision).get(slot, "")
        if f"confirm_{slot}" in self._persona.texts:
            return self.canned(f"confirm_{slot}", {"value": value}, decision)
        return self._own(_CONFIRM).replace("{value}", value)

    def _ask_effect(self, tool: str, decision: Decision) -> str:
        own = f"{TOOLS[tool].text}_ask"
        if own in self._persona.texts:
            return self.canned(own, {}, decision)
        return self._own(_ASK_EFFECT).replace("{about}", self._own(TOOLS[tool].about))

    def _own(self, text: Text) -> str:
        return text.en if self._language.startswith("en") else text.pt

    def _slots(self, decision: Decision) -> dict[str, str]:
        """A text may name a slot: what the customer told us is ours to repeat to them."""
        return {
            name: in_words(self._persona.slots[name].type, filled.value, self._language)
            for name, filled in decision.dialogue.slots.items()
        }
