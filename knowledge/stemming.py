"""The stem of a word, found one way for Portuguese, Spanish and English: whose text it is need not be known.

Relatives that no rule joins are listed. Strangers that share a stem by chance cost little: letters are weighed as well.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_SHORTEST: Final = 4
_LEFT: Final = 3  # letters that a word keeps, whatever it loses

# Longest first.
_PLURALS: Final = (
    ("coes", "cao"), ("ciones", "cao"), ("cion", "cao"), ("tions", "cao"), ("tion", "cao"), ("soes", "sao"),
    ("siones", "sao"), ("sion", "sao"), ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"),
    ("ies", "y"), ("ied", "y"), ("anes", "an"), ("enes", "en"), ("eses", "e"), ("ares", "ar"), ("eres", "er"),
    ("ss", "ss"), ("s", ""),
)  # fmt: skip
_ENDINGS: Final = (
    "amentos", "imentos", "amiento", "imiento", "amento", "imento", "mente", "idade", "edade", "idad", "edad", "acao",
    "icao", "izar", "ador", "idor", "iendo", "ieron", "ating", "ering", "ening", "ando", "endo", "indo", "aron", "eron",
    "aran", "eran", "iran", "avan", "aban", "arse", "erse", "irse", "arlo", "erlo", "irlo", "arla", "erla", "irla",
    "arle", "erle", "irle", "ated", "ered", "ened", "ness", "able", "ment", "amo", "emo", "imo", "ava", "aba", "ado",
    "ada", "ido", "ida", "ian", "ing", "ate", "ity", "ly", "ed", "ar", "er", "ir", "an", "en", "ou", "eu", "iu",
)  # fmt: skip
_FAMILIES: Final = """
    abrir abierto abierta aberto aberta / cobrir cubierto cubierta coberto coberta / construir construye construyen
    construyo construyeron / descobrir descubrir descubierto descubierta descoberto descoberta / destruir destruye
    destruyen destruyo destruyeron / devolver devuelto devuelta devolucao / elegir elige eligen eligio elijo / escribir
    escrito escrita escrever / incluir incluye incluyen incluyo / medir mide miden midio / morir murio murieron / pais
    paises / pedir pide piden pidio pido / resolver resuelto resuelta resolucao / seguir sigue siguen siguio / servir
    sirve sirven sirvio / volver vuelto / usar usa uso usado usada usan usam
    become became / begin began begun / bind bound / break broke broken / breed bred / bring brought / build built /
    burn burnt / buy bought / catch caught / child children / choose chose chosen / come came / deliver delivery / die
    died dying / dig dug / discover discovery / draw drew drawn / drink drank drunk / drive drove driven / eat ate eaten
    / fall fell fallen / feed fed / feel felt / fight fought / find found / fly flew flown / foot feet / forget forgot
    forgotten / freeze froze frozen / get got gotten / give gave given / go goes went gone / grow grew grown / half
    halves / hang hung / hear heard / hide hid hidden / hold held / keep kept / knife knives / know knew known / lay
    laid / lead led / leave left / lend lent / lie lying / life lives / light lit / lose lost / make made / man men /
    meet met / mouse mice / pay paid / rebuild rebuilt / recover recovery / ride rode ridden / rise rose risen / run ran
    / say said / see saw seen / sell sold / send sent / shake shook shaken / shoot shot / sing sang sung / sink sank
    sunk / sit sat / sleep slept / speak spoke spoken / spend spent / stand stood / steal stole stolen / stick stuck /
    strike struck / swim swam swum / take took taken / teach taught / tear tore torn / tell told / think thought / throw
    threw thrown / tooth teeth / understand understood / use used using / wear wore worn / wife wives / win won / wolf
    wolves / woman women / write wrote written
"""
# Spanish parts a stressed vowel that its relatives, and its Portuguese cousins, have whole: puerta, portal, porta.
_PARTED: Final = re.compile(r"(?<=[^\W_aeio])ie(?=[^\W_aeiou])|(?<=[^\W_aeiougq])ue(?=[^\W_aeiou])")


def _first_of_each(families: str) -> Mapping[str, str]:
    every = [family.split() for family in families.split("/")]
    return {word: first for first, *others in every for word in others}


_KIN: Final = _first_of_each(_FAMILIES)


@lru_cache(maxsize=65_536)  # most words of a text were in the one before it
def stem(word: str) -> str:
    """Of a folded word. What has a figure in it keeps every letter."""
    if not word.isalpha():
        return word
    word = _KIN.get(word, word)
    return _end(_shortened(word) if len(word) >= _SHORTEST else word)


def _shortened(word: str) -> str:
    word = _singular(word)
    word = _PARTED.sub(lambda found: "e" if found[0] == "ie" else "o", _KIN.get(word, word))
    word = _without_ending(f"{word[:-1]}n" if word.endswith("m") else word)
    word = word[:-1] if len(word) > _LEFT and word[-1] in "aeo" else word
    word = word[:-1] if len(word) > _LEFT and word.endswith("i") else word
    return word[:-1] if len(word) > _LEFT and word[-1] == word[-2] else word


def _end(word: str) -> str:
    """One letter for what is written `z` at the end and `c` before an ending: luz, luces."""
    return f"{word[:-1]}c" if word.endswith("z") else word


def _singular(word: str) -> str:
    for plural, singular in _PLURALS:
        if word.endswith(plural) and len(word) - len(plural) >= _LEFT - len(singular[:1]):
            return word[: len(word) - len(plural)] + singular
    return word


def _without_ending(word: str) -> str:
    return next((word[: -len(one)] for one in _ENDINGS if word.endswith(one) and len(word) - len(one) >= _LEFT), word)
