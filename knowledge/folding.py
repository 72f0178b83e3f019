"""Text as it is compared: words without case and accents, words that carry meaning, codes and numbers as one word."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_SAME: Final = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_RUN: Final = re.compile(r"[^\W_]+(?:[-./,:_][^\W_]+)*")
_PART: Final = re.compile(r"[^\W_]+")
_DIGIT: Final = re.compile(r"\d")
# 1.299,90 and 1,299.90 and 1299,9: the last mark is the decimal one if it parts one or two digits.
_NUMBER: Final = re.compile(r"(\d{1,3}(?:[.,]\d{3})+|\d+)(?:[.,](\d{1,2}))?")
_MARKS: Final = re.compile(r"[-./,:_]")
_LONGEST: Final = 64  # a longer word is none: a line of base64

# Articles, prepositions, pronouns, auxiliaries: which of three languages a question is in need not be known.
_PORTUGUESE: Final = """
    a ao aos as ate com como da das de dela dele deles depois do dos e ela elas ele eles em entre era eram essa essas
    esse esses esta estas este estes estou eu foi foram ha isso isto ja lhe lhes mais mas me mesmo meu meus minha
    minhas muito na nao nas nem no nos nossa nosso num numa o os ou para pela pelas pelo pelos por pra pro qual quais
    quando quanta quantas quanto quantos que quem se sem ser sera sao seu seus so sob sobre sua suas tambem te tem
    tenho ter teu tu um uma umas uns voce voces vc vcs onde porque
"""
_SPANISH: Final = """
    al con cual cuales cuando cuanto cuantos cuanta cuantas del donde el ella ellos en es esta fue fueron hay la las
    lo los mi muy pero quien quienes si sin sobre son su sus tambien tiene un una unos unas y yo
"""
_ENGLISH: Final = """
    an and are at be been by can did do does for from had has have he her his how i in is it its my of on or our she
    that the their there they this to was we were what when where which who whom whose why will with would you your
"""
# What a question is wrapped in: that no passage says it tells nothing of whether one answers.
_WRAPPING: Final = """
    agora ai algum alguma alguem ajuda ajudar aqui boa bom chama chamado consegue consegues conseguem consigo coisa da
    dao dar desejo deseja deve devo dia diga diz dizer duvida existe existem explica explicar faco fala falar faz fazem
    fazer favor feita feito fica ficam funciona funcionam gente gostaria gostava informar informacao noite obrigada
    obrigado oi ola pergunta pergunto pode podem poderia poderiam podia posso possivel precisa preciso precisava queria
    quer quero sabe sabem saber senhor senhora serve servem significa tarde teria tipo vai vao vou
    alguien ayuda buenas buenos debo decir dime dice existen gracias gusta gustaria hace hacen hacer hola necesito
    necesita puede pueden puedes puedo quiero quisiera seria tienen
    able any anyone could exist exists get give help hello hi know like mean means need please should tell thanks want
"""
WRAPPING: Final = frozenset(_WRAPPING.split())
STOP_WORDS: Final = frozenset(f"{_PORTUGUESE} {_SPANISH} {_ENGLISH}".split())


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.casefold())
    return _UNSEEN.sub("", spread).translate(_SAME)


def is_code(word: str) -> bool:
    """It has a digit: what stands beside it in spelling is another product, another year."""
    return not word.isalpha() and _DIGIT.search(word) is not None


def meant(text: str) -> tuple[list[str], list[str]]:
    """The words that carry meaning, in order; and the codes that they are parts of: AB-12/3 is `ab`, `12`, `3`."""
    words: list[str] = []
    codes: list[str] = []
    for run in _RUN.findall(folded(text)):
        if run.isalpha():  # nearly all of them
            words += [run] if run not in STOP_WORDS and len(run) <= _LONGEST else []
        elif not is_code(run):
            words += [part for part in _PART.findall(run) if part not in STOP_WORDS and len(part) <= _LONGEST]
        elif number := _number(run):
            words.append(number)
        else:
            parts = [part for part in _PART.findall(run) if len(part) <= _LONGEST]
            words += [_bare(part) for part in parts if part not in STOP_WORDS]
            codes += [_MARKS.sub("", run)[:_LONGEST]] if len(parts) > 1 else []
    return words, codes


def _number(run: str) -> str | None:
    found = _NUMBER.fullmatch(run)
    if found is None:
        return None
    whole, cents = re.sub(r"\D", "", found[1]), (found[2] or "").rstrip("0")
    return f"{_bare(whole)}.{cents}" if cents else _bare(whole)


def _bare(part: str) -> str:
    """007 is 7, where nothing but figures stands."""
    return part.lstrip("0") or "0" if part.isdigit() else part


# Longest first. What is left must keep three letters.
_PLURALS: Final = (
    ("coes", "cao"), ("ciones", "cao"), ("cion", "cao"), ("tions", "cao"), ("tion", "cao"), ("soes", "sao"),
    ("siones", "sao"), ("sion", "sao"), ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"),
    ("ies", "y"), ("ns", "m"), ("ss", "ss"), ("s", ""),
)  # fmt: skip
_ENDINGS: Final = (
    "amentos", "imentos", "amiento", "imiento", "amento", "imento", "mente", "idade", "acao", "icao", "izar", "ador",
    "idor", "ando", "endo", "indo", "aram", "eram", "iram", "amo", "emo", "imo", "avam", "ness", "able", "ment",
    "ado", "ada", "ido", "ida", "dad", "ing", "ly", "ed", "ar", "er", "ir",
)  # fmt: skip
_SHORTEST: Final = 4
_LEFT: Final = 3


@lru_cache(maxsize=65_536)  # most words of a text were in the one before it
def stem(word: str) -> str:
    """Light, and the same for Portuguese, Spanish and English: whose text it is need not be known."""
    if len(word) < _SHORTEST or is_code(word):
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural) and len(word) - len(plural) >= _LEFT - len(singular[:1]):
            word = word[: len(word) - len(plural)] + singular
            break
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEFT:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > _LEFT and word[-1] in "aeo" else word


def grams(word: str) -> list[str]:
    """Runs of four letters, with its edges: what related and misspelt words have in common."""
    edged = f"_{word}_"
    return [edged[at : at + 4] for at in range(max(1, len(edged) - 3))]


def triples(word: str) -> list[str]:
    edged = f"_{word}_"
    return [edged[at : at + 3] for at in range(len(edged) - 2)]
