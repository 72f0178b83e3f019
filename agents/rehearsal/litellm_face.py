"""The brain as a provider of litellm, under `rehearsal/<mode>`: for contract tests of what stands on litellm.

The only module of the rehearsal that imports litellm, and only after telling it to fetch no prices from the network.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm.llms.custom_llm import CustomLLM, CustomLLMError
from litellm.types.utils import GenericStreamingChunk, ModelResponse, Usage

from agents.prompts.contract import ContractError
from agents.rehearsal.asking import Call, ask, schema_name_in
from agents.rehearsal.cassettes import Deck, OffScript
from agents.rehearsal.replies import BrainReply
from agents.rehearsal.streaming import chunks, is_cut

PROVIDER: Final = "rehearsal"
_BAD_REQUEST: Final = 400
_LINE_DEAD: Final = 502


def register(deck: Deck | None = None) -> "RehearsalLLM":
    """Make `rehearsal/…` known to litellm in this process, in place of an earlier one."""
    face = RehearsalLLM(deck)
    others = [known for known in litellm.custom_provider_map if known["provider"] != PROVIDER]
    litellm.custom_provider_map = [*others, {"provider": PROVIDER, "custom_handler": face}]
    return face


class RehearsalLLM(CustomLLM):
    """litellm calls its handlers by name; what is not needed of a call is in `_rest`."""

    def __init__(self, deck: Deck | None = None) -> None:
        super().__init__()
        self._deck = deck

    async def acompletion(self, *_rest: object, **call: Any) -> ModelResponse:
        asked = _call(call)
        reply = await self._asked(asked)
        if is_cut(reply):
            raise _failed(_LINE_DEAD, "The line broke off.")
        response = cast("ModelResponse", call["model_response"])
        response.id = f"chatcmpl-{asked.id}"
        response.model = asked.model
        choice = response.choices[0]
        choice.message.content = reply.text
        choice.finish_reason = reply.finish
        response.usage = _usage(reply)  # type: ignore[attr-defined] # made in its constructor alone
        return response

    async def astreaming(self, *_rest: object, **call: Any) -> AsyncIterator[GenericStreamingChunk]:  # type: ignore[override] # an async generator, as litellm iterates it
        reply = await self._asked(_call(call))
        for text in chunks(reply):
            yield _chunk(text)
        if is_cut(reply):
            raise _failed(_LINE_DEAD, "The line broke off.")
        yield _chunk("", reply)

    async def _asked(self, call: Call) -> BrainReply:
        try:
            reply = ask(call, self._deck)
        except (ContractError, OffScript) as error:
            raise _failed(_BAD_REQUEST, str(error)) from error
        fault = reply.fault
        if fault and fault.hang:
            await asyncio.sleep(fault.hang)
        if fault and fault.status:
            raise _failed(fault.status, "The rehearsal refuses this call.")
        return reply


def _failed(status: int, message: str) -> CustomLLMError:
    return CustomLLMError(status, message)  # type: ignore[no-untyped-call] # litellm's own


def _call(given: Mapping[str, Any]) -> Call:
    options = given.get("optional_params") or {}
    metadata = (given.get("litellm_params") or {}).get("metadata") or {}
    return Call(
        model=f"{PROVIDER}/{given['model']}",
        messages=given["messages"],
        schema_name=schema_name_in(options.get("response_format")),
        conversation=str(metadata.get("conversation_id", "")),
    )


def _chunk(text: str, last: BrainReply | None = None) -> GenericStreamingChunk:
    usage = _usage(last) if last else None
    return {
        "text": text,
        "tool_use": None,
        "is_finished": last is not None,
        "finish_reason": last.finish if last else "",
        "usage": cast("Any", usage.model_dump()) if usage else None,
        "index": 0,
    }


def _usage(reply: BrainReply) -> Usage:
    return Usage(
        prompt_tokens=reply.input_tokens,
        completion_tokens=reply.output_tokens,
        total_tokens=reply.input_tokens + reply.output_tokens,
    )
