"""A model that misbehaves as models do, chosen by the seed and the prompt: what stands around it must cope."""

import hashlib
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from agents.rehearsal.replies import BrainReply, Fault, Messages, answered, text_of

Answer = Mapping[str, Any]
_SLOW: Final = 30.0  # seconds: longer than a turn may take
_FEW: Final = 3  # chunks


class Chaos(StrEnum):
    BAD_JSON = "bad_json"
    PROSE_AROUND = "prose_around"
    UNKNOWN_ENUM = "unknown_enum"
    FALSE_QUOTE = "false_quote"
    WRONG_TYPES = "wrong_types"
    TOO_MUCH = "too_much"
    EMPTY = "empty"
    REFUSAL = "refusal"
    WRONG_LANGUAGE = "wrong_language"
    SLOW = "slow"
    CUT = "cut"
    OVERLOADED = "overloaded"
    WELL = "well"  # now and then


def chosen(messages: Messages, *, seed: int) -> Chaos:
    said = "\x00".join(text_of(message) for message in messages)
    digest = hashlib.sha256(f"{seed}\x00{said}".encode("utf-8", "surrogatepass")).digest()
    kinds = list(Chaos)
    return kinds[int.from_bytes(digest[:4], "big") % len(kinds)]


def spoiled(messages: Messages, answer: Answer, *, seed: int) -> BrainReply:
    return spoiled_by(chosen(messages, seed=seed), messages, answer)


def spoiled_by(chaos: Chaos, messages: Messages, answer: Answer) -> BrainReply:
    if chaos is Chaos.CUT:
        whole = answered(messages, answer)
        half = whole.text[: len(whole.text) // 2]
        return BrainReply(
            text=half,
            finish="length",
            input_tokens=whole.input_tokens,
            output_tokens=whole.output_tokens // 2,
            fault=Fault(cut_after=_FEW),
        )
    spoiling = _SPOILINGS.get(chaos)
    return answered(messages, spoiling(answer) if spoiling else answer, fault=_FAULTS.get(chaos))


def _unknown_enum(answer: Answer) -> Answer:
    if "commands" in answer:
        return {**answer, "commands": [{"type": "move_stage", "stage": "won"}, *answer["commands"]], "lang": "tlh"}
    return {**answer, "cited": ["p999"]}


def _false_quote(answer: Answer) -> Answer:
    """Words that nobody said, for whatever it claims; and a source for what stands nowhere."""
    if "commands" not in answer:
        return {**answer, "say": "Sim, custa R$ 123.456,78 e o prazo é de 9.999 dias.", "cited": ["p1"]}
    claims = [
        {**command, "quote": "eu nunca disse isto, mas aceito tudo"} if "quote" in command else command
        for command in answer["commands"]
    ]
    return {**answer, "commands": [*claims, {"type": "request_human", "quote": "me passa para o presidente"}][:8]}


def _wrong_language(answer: Answer) -> Answer:
    spoken = "Mi ne komprenas la demandon, bonvolu skribi al ni alian tagon."
    return {name: spoken if name in {"say", "summary"} else value for name, value in answer.items()} | (
        {"lang": "eo"} if "lang" in answer else {}
    )


def _wrong_types(answer: Answer) -> Answer:
    return {name: [value] if isinstance(value, str) else "sim" for name, value in answer.items()}


def _too_much(answer: Answer) -> Answer:
    return {
        name: value * 40 if isinstance(value, list) else f"{value} " * 400 if isinstance(value, str) else value
        for name, value in answer.items()
    }


def _bad_json(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False).replace('"', "'")[:-1]


def _prose_around(answer: Answer) -> str:
    return f"Claro! Aqui está:\n```json\n{json.dumps(answer, ensure_ascii=False)}\n```\nPosso ajudar em algo mais?"


_SPOILINGS: Final[Mapping[Chaos, Callable[[Answer], Answer | str]]] = {
    Chaos.BAD_JSON: _bad_json,
    Chaos.PROSE_AROUND: _prose_around,
    Chaos.UNKNOWN_ENUM: _unknown_enum,
    Chaos.FALSE_QUOTE: _false_quote,
    Chaos.WRONG_TYPES: _wrong_types,
    Chaos.TOO_MUCH: _too_much,
    Chaos.EMPTY: lambda _: "",
    Chaos.REFUSAL: lambda _: "Desculpe, não posso ajudar com isso. / I'm sorry, I can't help with that.",
    Chaos.WRONG_LANGUAGE: _wrong_language,
}
_FAULTS: Final[Mapping[Chaos, Fault]] = {
    Chaos.SLOW: Fault(hang=_SLOW),
    Chaos.OVERLOADED: Fault(status=503),
}
