"""A conversation's model, word for word: each call is the next step of a script, or the test fails.

What a step must and must not see is looked for in the whole prompt, as a provider would receive it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.gateway.port import Purpose
from agents.rehearsal.brain import purpose_of, reply
from agents.rehearsal.replies import BrainReply, Fault, Messages, answered, text_of
from core.errors import AppError
from core.texts import Text


class OffScript(AppError):
    """A call that the script does not have, or a step that nobody called."""

    title = Text("Fora do roteiro", "Off script")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    purpose: Purpose
    line: int  # in the file, for whoever has to mend it
    must_see: tuple[str, ...] = ()
    must_not_see: tuple[str, ...] = ()
    answer: Mapping[str, Any] | str = ""
    fault: Fault | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cassette:
    name: str
    steps: tuple[Step, ...]
    otherwise: Literal["honest"] | None = None  # once the steps are used up


@dataclass(slots=True)
class Player:
    """One conversation's place in its script."""

    cassette: Cassette
    played: int = 0

    def reply(self, messages: Messages, *, schema_name: str | None) -> BrainReply:
        if self.played == len(self.cassette.steps):
            if self.cassette.otherwise is None:
                raise self._off(
                    f"chamada a mais ({schema_name}) depois do passo {self.played}",
                    f"a call too many ({schema_name}) after step {self.played}",
                )
            return reply(messages, schema_name=schema_name, mode=self.cassette.otherwise)
        step = self.cassette.steps[self.played]
        self._must_fit(step, messages, schema_name)
        self.played += 1
        return answered(messages, step.answer, fault=step.fault)

    def finish(self) -> None:
        """At the end of a test: a step that was never called is as wrong as a call too many."""
        left = self.cassette.steps[self.played :]
        if left:
            raise self._off(
                f"{len(left)} passo(s) sem chamada, a partir da linha {left[0].line}",
                f"{len(left)} step(s) never called, from line {left[0].line} on",
            )

    def _must_fit(self, step: Step, messages: Messages, schema_name: str | None) -> None:
        purpose = purpose_of(schema_name)
        if purpose is not step.purpose:
            raise self._off(
                f"linha {step.line}: esperava {step.purpose}, veio {purpose}",
                f"line {step.line}: expected {step.purpose}, got {purpose}",
            )
        seen = "\n".join(text_of(message) for message in messages)
        missing = [words for words in step.must_see if words not in seen]
        unwanted = [words for words in step.must_not_see if words in seen]
        if missing or unwanted:
            raise self._off(
                f"linha {step.line}: falta no prompt {missing}, sobra {unwanted}",
                f"line {step.line}: the prompt lacks {missing}, and has {unwanted}",
            )

    def _off(self, pt: str, en: str) -> OffScript:
        return OffScript(f"{self.cassette.name}: {pt}.", f"{self.cassette.name}: {en}.")


@dataclass(slots=True)
class Deck:
    """The players of several conversations, each known by its id."""

    players: dict[str, Player] = field(default_factory=dict)

    @classmethod
    def of(cls, cassettes: Mapping[str, Cassette]) -> "Deck":
        return cls({conversation: Player(cassette) for conversation, cassette in cassettes.items()})

    def reply(self, messages: Messages, *, schema_name: str | None, conversation: str) -> BrainReply:
        player = self.players.get(conversation)
        if player is None:
            raise OffScript(
                f"Não há roteiro para a conversa {conversation or '(sem id)'}.",
                f"There is no script for conversation {conversation or '(no id)'}.",
            )
        return player.reply(messages, schema_name=schema_name)

    def finish(self) -> None:
        for player in self.players.values():
            player.finish()
