"""Which language a text is in, by the small words that only one of three has."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from agents.checks.folding import folded, tokens
from agents.checks.promises import sentences

_LEAST_WORDS: Final = 5
_LEAST_LEAD: Final = 3
_MARKS: Final[Mapping[str, str]] = {
    "pt": """
        nao voce voces e o os um uma uns em no na nos nas do da dos das ao aos pelo pela com sem seu sua seus suas meu
        minha isso isto esse essa este esta ele ela eles elas mas muito tambem ja ate foi sao tem temos posso pode
        obrigado obrigada oi ola bom boa dia hoje amanha qual quais quando quem onde aqui nosso nossa fazer mais
    """,
    "en": """
        the and of to is are was were you your yours we our us they them it its this that these those with for from at
        by on in have has had do does did not can could will would should may please thanks thank hello hi what which
        when where who how here there yes no me
    """,
    "es": """
        el los las y en con sin su sus usted ustedes pero muy tambien ya hasta es son tiene tenemos puedo puede gracias
        hola buenos buenas hoy manana cual cuales cuando quien donde aqui nuestro nuestra hacer mas esto eso una
        unos del al lo le nos si estoy esta
    """,
}
_SHARED: Final = frozenset(word for word, count in Counter(" ".join(_MARKS.values()).split()).items() if count > 1)
_WORDS: Final = {name: frozenset(words.split()) - _SHARED for name, words in _MARKS.items()}


def is_other(text: str, language: str, quoted: Iterable[str]) -> bool:
    """Whether it is plainly in another language. What is copied from a page stays in the page's own."""
    expected = language[:2]
    counts = Counter(tokens(" ".join(_own(text, "\n".join(map(_spaced, quoted))))))
    if expected not in _WORDS or counts.total() < _LEAST_WORDS:
        return False
    scores = {name: sum(counts[word] for word in words) for name, words in _WORDS.items()}
    best = max(score for name, score in scores.items() if name != expected)
    return best >= _LEAST_LEAD and best >= 2 * scores[expected]


def _own(text: str, pages: str) -> Iterator[str]:
    return (sentence.text for sentence in sentences(text) if _spaced(sentence.text) not in pages)


def _spaced(text: str) -> str:
    return " ".join(folded(text).split())
