"""The mode that looks at the prompt as an auditor would: complete, in its sizes, and its secret in its place alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from agents.prompts.contract import PARTS, ContractError, Section
from agents.prompts.rules import CANARY_MARK
from agents.rehearsal.reading import Reading
from agents.rehearsal.replies import BrainReply, Messages, text_of
from agents.rehearsal.tokens import tokens
from core.texts import Text

MOST_TOKENS: Final = 32_000  # the largest budget that a persona may have
MOST_PASSAGES: Final = 5
MOST_HISTORY: Final = 24
_CANARY: Final = re.compile(rf"{CANARY_MARK}[0-9a-f]{{16}}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A call as it came in, and its answer."""

    messages: Messages
    schema_name: str | None
    reply: BrainReply


@dataclass(slots=True)
class Spy:
    """For a test that wants to look at prompts: `answer` is `brain.reply` or whatever stands for it."""

    answer: Callable[[Messages, str | None], BrainReply]
    seen: list[Seen] = field(default_factory=list)

    def reply(self, messages: Messages, *, schema_name: str | None) -> BrainReply:
        kept = tuple(dict(message) for message in messages)
        said = self.answer(messages, schema_name)
        self.seen.append(Seen(messages=kept, schema_name=schema_name, reply=said))
        return said


def must_keep_contract(messages: Messages, reading: Reading) -> None:
    """Beyond what reading it has shown: raises ContractError."""
    _must(
        [str(message.get("role")) for message in messages] == [part.role for part in PARTS],
        Text("as mensagens não são as quatro do contrato", "the messages are not the contract's four"),
    )
    canaries = _CANARY.findall(reading.sections[Section.RULES])
    _must(bool(canaries), Text("as regras não têm o código interno", "the rules hold no canary"))
    elsewhere = [section for section, body in reading.sections.items() if _CANARY.search(body)]
    _must(
        elsewhere == [Section.RULES],
        Text("o código interno está fora das regras", "the canary stands outside the rules"),
    )
    _must_fit(messages, reading)


def _must_fit(messages: Messages, reading: Reading) -> None:
    size = sum(tokens(text_of(message)) for message in messages)
    _must(size <= MOST_TOKENS, Text(f"tem {size} tokens", f"it has {size} tokens"))
    _must(len(reading.passages) <= MOST_PASSAGES, Text("tem passagens demais", "it has too many passages"))
    _must(len(reading.history) <= MOST_HISTORY, Text("tem histórico demais", "it has too much history"))
    ids = [passage.id for passage in reading.passages]
    _must(len(set(ids)) == len(ids), Text("duas passagens têm o mesmo id", "two passages share an id"))


def _must(holds: bool, what: Text) -> None:  # noqa: FBT001 - the one thing it is about
    if not holds:
        raise ContractError(f"Prompt fora do contrato: {what.pt}.", f"Prompt off its contract: {what.en}.")
