"""The model that needs no key: pure and seeded, it sees the prompt that a provider would see, and nothing else.

It neither hears nor sees: of a recording or a picture it knows what the file says of itself.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from agents.gateway.port import Purpose
from agents.prompts.contract import ContractError
from agents.rehearsal import chaotic, gullible, spy
from agents.rehearsal.answering import respond
from agents.rehearsal.hearing import understand
from agents.rehearsal.labels import pictures_in, told_by
from agents.rehearsal.proposing import propose
from agents.rehearsal.reading import Reading, read
from agents.rehearsal.replies import BrainReply, Messages, answered
from agents.rehearsal.summing_up import summarise

Answer = Mapping[str, Any]
REFUSAL: Final = "Um modelo de ensaio não julga. / A rehearsal model does not judge."


class Mode(StrEnum):
    """Cassettes are played by `cassettes.py`: they remember where they are, and this module remembers nothing."""

    HONEST = "honest"
    GULLIBLE = "gullible"
    CHAOTIC = "chaotic"
    SPY = "spy"


def reply(messages: Messages, *, schema_name: str | None, mode: str = "honest", seed: int = 0) -> BrainReply:
    """Raises ContractError: a prompt that is not of our contract is a mistake of ours, not to be guessed at."""
    purpose = purpose_of(schema_name)
    if purpose is Purpose.JUDGE:
        return answered(messages, REFUSAL)
    if purpose is Purpose.DESCRIBE:
        return answered(messages, {"description": " ".join(filter(None, map(told_by, pictures_in(messages))))})
    if purpose is Purpose.PROPOSE:
        wanted = propose(messages)
        return (
            chaotic.spoiled(messages, wanted, seed=seed)
            if mode_of(mode) is Mode.CHAOTIC
            else answered(messages, wanted)
        )
    reading = read(messages)
    answer = _honest(purpose, reading, seed)
    match mode_of(mode):
        case Mode.CHAOTIC:
            return chaotic.spoiled(messages, answer, seed=seed)
        case Mode.GULLIBLE:
            answer = gullible.obey(purpose, reading, answer)
        case Mode.SPY:
            spy.must_keep_contract(messages, reading)
        case Mode.HONEST:
            pass
    return answered(messages, answer if schema_name else str(answer["say"]))


def purpose_of(schema_name: str | None) -> Purpose:
    """Whoever asks for no schema wants words."""
    try:
        return Purpose(schema_name) if schema_name else Purpose.RESPOND
    except ValueError as error:
        raise ContractError(
            f"O modelo de ensaio não conhece o esquema {schema_name!r}.",
            f"The rehearsal model knows no schema {schema_name!r}.",
        ) from error


def mode_of(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError as error:
        known = ", ".join(Mode)
        raise ContractError(
            f"O modelo de ensaio não tem o modo {name!r}: {known}.",
            f"The rehearsal model has no mode {name!r}: {known}.",
        ) from error


def _honest(purpose: Purpose, reading: Reading, seed: int) -> Answer:
    answers: Mapping[Purpose, Callable[[], Answer]] = {
        Purpose.UNDERSTAND: lambda: understand(reading),
        Purpose.RESPOND: lambda: respond(reading, seed),
        Purpose.SUMMARISE: lambda: summarise(reading),
    }
    return answers[purpose]()
