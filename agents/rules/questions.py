"""What a message asks, and in which language it is written."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from agents.extractors.found import vocabulary
from agents.rules.phrasing import words
from agents.rules.sentences import Clause

_MOST: Final = 400  # characters of a query


def query(text: str, clauses: Sequence[Clause], taken: Sequence[tuple[int, int]]) -> str | None:
    """The sentences that ask, in the customer's own words; not those that were understood as something else."""
    asked = []
    for asks, group in groupby(clauses, key=_asks):
        parts = [part for part in group if not _CHAT.fullmatch(part.words) and not _is_taken(part, taken)]
        if asks and parts:
            asked.append(text[parts[0].whole[0] : parts[-1].whole[1]])
    return "? ".join(asked)[:_MOST].rstrip() + "?" if asked else None


def language(clauses: Sequence[Clause], default: str) -> str:
    """By words that only one of the three has; the one before where that tells nothing."""
    counts = Counter(
        one for clause in clauses for word in clause.words.split() for one, known in _TELLING.items() if word in known
    )
    (best, most), *rest = [*counts.most_common(2), ("", 0)] if counts else [("", 0)]
    return best if most and (not rest or most > rest[0][1]) else default


def opens(clause: Clause) -> bool:
    """Whether it begins as a question does, with or without its mark."""
    return bool(_OPENING.match(clause.words))


def _asks(clause: Clause) -> bool:
    return clause.asks or opens(clause)


def _is_taken(clause: Clause, taken: Sequence[tuple[int, int]]) -> bool:
    start, end = clause.whole
    return any(start < behind and before < end for before, behind in taken)


_OPENING: Final = re.compile(
    rf"(?:(?:{words('oi|ola|e|mas|bom dia|boa tarde|boa noite|entao|me diz|me fala|queria saber')}"
    rf"|{words('gostaria de saber|quero saber|hi|hello')})){{0,3}}"
    + words(
        "qual|quais|quanto|quantos|quantas|que horas|onde|como funciona|como faz|como faco|como e|como eu faco|"
        "por que|o que e|voces tem|voces aceitam|voces fazem|voces entregam|voces atendem"
        "|voces vendem|voces trabalham|tem como|aceita|what|how|where|which|do you|does it|is there|cual|cuanto|"
        "cuantos|donde|tienen|queria saber|gostaria de saber|quero saber|que dia"
    )
)
_CHAT: Final = re.compile(
    "(?:"
    + words(
        "tudo bem|tudo bom|td bem|como vai|oi|ola|e ai|e voce|ne|ta|ok|certo|entendeu|bom dia|boa tarde|boa noite"
        "|how are you|que tal|alo|hello|hein|sabe|por favor|favor|com voce|tudo certo|hi|pode ser|e"
    )
    + "){1,5}"
)
_TELLING: Final = {
    "pt-BR": vocabulary(
        "nao voce voces quero queria gostaria obrigado obrigada falar uma um meu sim ola oi bom boa dia com isto",
        "iso tem quanto qual pra em preciso mais mensagem",
    ),
    "en": vocabulary(
        "the i you my want to is are can please how what where when thanks hello hi yes does dont your it im need",
        "not with for this have of and stop",
    ),
    "es": vocabulary(
        "quiero hola gracias el los las usted una mi cuanto donde necesito hablar puedo pero tienen hay cual yo buenos",
        "buenas",
    ),
}
