"""Why a conversation needs a person, in words for whoever takes it."""

import re
from collections.abc import Mapping
from typing import Final

from core.texts import Language, Text

_KNOWN: Final[Mapping[str, Text]] = {
    "customer_asked": Text("pediu para falar com uma pessoa", "asked for a person"),
    "complaint": Text("está reclamando", "is complaining"),
    "legal_threat": Text("falou em medidas legais", "spoke of legal steps"),
    "crisis": Text("pode estar em perigo: leia já", "may be in danger: read it now"),
    "bot_loop": Text("parece ser outro robô", "seems to be another bot"),
    "no_model": Text("a inteligência artificial está fora do ar", "the AI is unavailable"),
    "echo": Text("alguém respondeu pelo celular da empresa", "somebody answered from the business's phone"),
    "staff": Text("alguém da equipe assumiu", "somebody of the team took it"),
    "api": Text("alguém da equipe assumiu", "somebody of the team took it"),
    "by_staff": Text("a equipe pediu", "the team asked for it"),
    "taken_over": Text("alguém da equipe assumiu", "somebody of the team took it"),
}
_PATTERNS: Final = (
    (re.compile(r"repair>=\d"), Text("o bot não entendeu mais de uma vez", "the bot did not understand repeatedly")),
    (
        re.compile(r"check_failed>=\d"),
        Text("o bot não achou uma resposta segura", "the bot found no answer that it could stand by"),
    ),
    (
        re.compile(r"slot:.+:invalid>=\d"),
        Text("não conseguiu informar um dado", "could not give a piece of information"),
    ),
)


def in_words(reason: str | None, language: Language) -> str:
    """What somebody wrote themselves is shown as they wrote it."""
    if not reason:
        return Text("precisa de uma pessoa", "needs a person").in_(language)
    known = _KNOWN.get(reason) or next((words for pattern, words in _PATTERNS if pattern.fullmatch(reason)), None)
    return known.in_(language) if known else reason
