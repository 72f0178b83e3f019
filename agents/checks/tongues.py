"""Which language a text is in, by the small words that only one of three has, and whether it is in any of them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from agents.checks.folding import folded, tokens
from agents.checks.promises import sentences

_LEAST_WORDS: Final = 5
_LEAST_LEAD: Final = 3
_LEAST_STRANGE: Final = 8  # words without a small one among them
_LEAST_LETTERS: Final = 3  # of another script
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
# Those, too, that languages share, and without which hardly a sentence does.
_SMALL: Final[Mapping[str, str]] = {
    "pt": """
        a o e de da do das dos que para pra por se como mas ou na nas no nos em com sem um uma ao aos sua seu mais menos
        ser ter tem pode entre sobre so ate eu me te lhe quando depois antes cada todo toda todos todas
    """,
    "en": "a an i be or as if so but not all any one no more about into after before each every",
    "es": """
        a o y e de la que para por se como mas sin un una al del en con su me te entre sobre cada todo toda todos todas
        cuando despues antes
    """,
}
_SHARED: Final = frozenset(word for word, count in Counter(" ".join(_MARKS.values()).split()).items() if count > 1)
_SAID: Final = {name: frozenset(f"{words} {_SMALL[name]}".split()) for name, words in _MARKS.items()}
_WORDS: Final = {name: frozenset(words.split()) - _SHARED for name, words in _MARKS.items()}


def is_other(text: str, language: str, quoted: Iterable[str]) -> bool:
    """Whether it is plainly in another language. What is copied from a page stays in the page's own."""
    expected = language[:2]
    said = [sentence.text for sentence in sentences(text)]
    if expected not in _WORDS or _strangest(_counted(said), expected) < _LEAST_LEAD:
        return False  # even with what is copied
    pages = "\n".join(map(_spaced, quoted))
    counts = _counted([one for one in said if _spaced(one) not in pages])
    best = _strangest(counts, expected)
    return counts.total() >= _LEAST_WORDS and best >= _LEAST_LEAD and best >= 2 * _score(counts, expected)


def is_no_known(text: str, language: str, known: Iterable[str]) -> bool:
    """Whether it is in another script, or has none of its language's small words. What others said may be repeated."""
    said, small = tokens(text), _SAID.get(language[:2])
    has_none = small is not None and small.isdisjoint(said)
    if not has_none and _strange_letters(said) < _LEAST_LETTERS:
        return False  # even with what is repeated
    repeated = {word for one in known for word in tokens(one)}
    words = [word for word in said if word not in repeated and not word.isdecimal()]
    return _strange_letters(words) >= _LEAST_LETTERS or (has_none and len(words) >= _LEAST_STRANGE)


def _strange_letters(words: Iterable[str]) -> int:
    return sum(_is_strange(letter) for word in words if not word.isascii() for letter in word)


def _is_strange(letter: str) -> bool:
    return letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN")


def _counted(said: Iterable[str]) -> Counter[str]:
    return Counter(tokens(" ".join(said)))


def _strangest(counts: Counter[str], expected: str) -> int:
    """What speaks for the language that does so most, beside the one that is expected."""
    return max(_score(counts, name) for name in _WORDS if name != expected)


def _score(counts: Counter[str], name: str) -> int:
    return sum(count for word, count in counts.items() if word in _WORDS[name])


def _spaced(text: str) -> str:
    return " ".join(folded(text).split())
