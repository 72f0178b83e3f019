"""A call as it comes over either face: which mode its model names, and whose script it plays."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.gateway.rehearsal_adapter import NAME
from agents.prompts.contract import ContractError
from agents.rehearsal.brain import reply
from agents.rehearsal.cassettes import Deck
from agents.rehearsal.replies import BrainReply, Messages

SCRIPTED = "scripted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    model: str  # `rehearsal/<mode>?seed=<number>`
    messages: Messages
    schema_name: str | None
    conversation: str = ""

    @property
    def id(self) -> str:
        """The same call always has the same."""
        said = json.dumps([self.model, list(self.messages), self.schema_name], ensure_ascii=True, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:24]


def ask(call: Call, deck: Deck | None = None) -> BrainReply:
    """Raises ContractError for a model that there is not, OffScript where a script does not have the call."""
    name = NAME.fullmatch(call.model)
    if name is None:
        raise ContractError(f"Não há modelo de ensaio {call.model!r}.", f"There is no rehearsal model {call.model!r}.")
    if name["mode"] == SCRIPTED:
        return (deck or Deck()).reply(call.messages, schema_name=call.schema_name, conversation=call.conversation)
    return reply(
        call.messages, schema_name=call.schema_name, mode=name["mode"] or "honest", seed=int(name["seed"] or 0)
    )


def schema_name_in(response_format: Mapping[str, Any] | None) -> str | None:
    """Of a `json_schema` format; of any other there is none."""
    if not response_format or response_format.get("type") != "json_schema":
        return None
    name = dict(response_format.get("json_schema") or {}).get("name")
    return str(name) if name else None
