"""What people say about being written to, with a whole message, a button or at the provider: found here, kept there.

Found in every control state and without a persona; a sentence that asks for the same is left to those who read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from channels import consent
from channels.consent import Evidence
from channels.contents import Choice, Content, Text
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId, MessageId
from core.lexicon import ConsentWord, consent_word, normalise
from core.models.people import ConsentSource

# What companies put behind the button of a template that lets people out.
_PAYLOADS: Final = frozenset({"optout", "opt out", "opt-out", "opt_out", "unsubscribe"})
# Of an appointment, perhaps: behind such a label a payload of its own says what it means.
_AMBIGUOUS: Final = frozenset({"cancelar", "cancela", "cancele", "cancel"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """To be let out, or to be let in again."""

    is_stop: bool
    source: ConsentSource
    quote: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wished:
    contact: ContactId
    wish: Wish
    at: datetime
    message: MessageId | None = None
    conversation: ConversationId | None = None


def wish_in(content: Content) -> Wish | None:
    """Of the whole message, if it says nothing else."""
    match content:
        case Text():
            return _wish(consent_word(content.body), ConsentSource.KEYWORD, content.body)
        case Choice(form="template_button"):
            return _wish(_meaning(content), ConsentSource.BUTTON, content.title or content.id)
        case Choice(form="button" | "list"):
            is_stop = content.id.strip().casefold() in _PAYLOADS
            return _wish(ConsentWord.OPT_OUT if is_stop else None, ConsentSource.BUTTON, content.title or content.id)
    return None


async def grant(session: TenantSession, wished: Iterable[Wished]) -> None:
    """In the order in which they were said; the contacts are locked by the caller, before any conversation."""
    for one in sorted(wished, key=lambda one: one.at):
        evidence = Evidence(
            source=one.wish.source,
            quote=one.wish.quote,
            message=one.message,
            conversation=one.conversation,
            at=one.at,
        )
        if one.wish.is_stop:
            await consent.opt_out(session, one.contact, evidence)
        else:
            await consent.opt_in(session, one.contact, evidence)


def _meaning(choice: Choice) -> ConsentWord | None:
    if choice.id.strip().casefold() in _PAYLOADS:
        return ConsentWord.OPT_OUT
    by_payload = consent_word(choice.id)
    has_own_payload = choice.id not in {"", choice.title}
    if by_payload or (has_own_payload and normalise(choice.title) in _AMBIGUOUS):
        return by_payload
    return consent_word(choice.title)


def _wish(word: ConsentWord | None, source: ConsentSource, quote: str) -> Wish | None:
    return None if word is None else Wish(is_stop=word is ConsentWord.OPT_OUT, source=source, quote=quote)
