"""Answers to a draft or to an effect that waits: what they may mean, and what has to be asked instead of guessed."""

import re
from typing import Final

from admin_api.staff.asking import Ask
from admin_api.staff.folding import folded
from admin_api.staff.stores import desk_told
from channels.telegram_staff.updates import Said
from core.errors import Conflict

# What people write where they mean that it is all right as it stands.
_YES: Final = re.compile(
    r"(sim|s|ok|okay|okey|pode|pode (ser|sim|fazer|enviar|mandar|ir)|isso|isso mesmo|perfeito|otimo|certo|blz|beleza"
    r"|aprovar|aprova|aprovado|aprovada|aprovo|autorizado|autorizo|enviar|envia|envie|manda|mandar|mande|confirma"
    r"|confirmo|confirmado|yes|yep|sure|approve|approved|send|send it|go|go ahead|fine|good)[.! ]*"
)
_NO: Final = re.compile(r"\s*(recusar|recuso|recusado|refuse|refused)\s*:\s*(?P<why>\S.*)", re.IGNORECASE | re.DOTALL)


async def asked_of(ask: Ask, said: Said) -> str | None:
    """The key of the note that it answers, if that was a question."""
    about = ask.place.about
    if said.reply is None or about is None or not (said.text.strip() or said.file):
        return None
    return await desk_told.key_of(ask.session, about.topic, said.reply.message_id)


def other_words(words: str) -> str:
    """What goes to the customer in the place of a draft. A mere yes is for the button: no customer is told "ok"."""
    if _YES.fullmatch(folded(words)):
        raise Conflict(
            "Para enviar como está, aperte Enviar. Para mudar, responda com o texto inteiro.",
            "To send it as it is, press Send. To change it, reply with the whole text.",
        )
    return words


def refusal(words: str) -> str:
    """Why it is refused. Nothing else that is answered decides about money: it is asked for in plain words."""
    found = _NO.fullmatch(words)
    if found is None:
        raise Conflict(
            "Nada foi decidido. Para aprovar, aperte Aprovar. Para recusar, responda: recusar: o motivo",
            "Nothing was decided. To approve it, press Approve. To refuse it, reply: refuse: the reason",
        )
    return found["why"].strip()
