"""Where a sentence ends, in Portuguese, Spanish and English."""

import re
from collections.abc import Iterator
from typing import Final

_END: Final = re.compile(
    r"(?<=[.!?…])[\"”’')\]]{0,3}\s+(?=[\"“‘'(\[¿¡•*–-]{0,3}\s?[A-ZÀ-ÖØ-Þ0-9])|\n+|(?<=;)\s+(?=[a-z]\)|[ivx]+\))"
)
_LONGEST_SHORT: Final = 20  # a text of nothing but such words is looked at once, not once for each of them
_SHORTENED: Final = frozenset(
    {
        *("sr", "sra", "srs", "sras", "dr", "dra", "drs", "prof", "profa", "eng", "exmo", "exma", "mr", "mrs", "ms"),
        *("av", "al", "pça", "nº", "art", "arts", "inc", "cf", "etc", "ex", "pp", "pág", "págs", "fig", "vol", "ed"),
        *("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez", "ref", "obs", "aprox"),
        *("tel", "cel", "cia", "ltda", "s.a", "e.g", "i.e", "st", "vs", "mín", "máx", "ud", "uds", "vd", "vds"),
    }
)


def split_sentences(text: str, *, most_words: int, most_characters: int) -> Iterator[str]:
    """None is longer than the bounds: one that is, is cut between words, or within a word without end."""
    start = 0
    for end in _END.finditer(text):
        if _is_shortened(text[max(start, end.start() - _LONGEST_SHORT) : end.start()]):
            continue
        yield from _bounded(text[start : end.end()].strip(), most_words, most_characters)
        start = end.end()
    yield from _bounded(text[start:].strip(), most_words, most_characters)


def _is_shortened(sentence: str) -> bool:
    last = sentence.rstrip(".").rpartition(" ")[2].lower().lstrip("(\"'")
    return sentence.endswith(".") and (last in _SHORTENED or (len(last) == 1 and last.isalpha()))


def _bounded(sentence: str, most_words: int, most_characters: int) -> Iterator[str]:
    words = sentence.split(" ")
    if len(words) <= most_words and len(sentence) <= most_characters:
        if sentence:
            yield sentence
        return
    part: list[str] = []
    length = 0
    for word in _short_words(words, most_characters):
        if part and (len(part) >= most_words or length + len(word) > most_characters):
            yield " ".join(part)
            part, length = [], 0
        part.append(word)
        length += len(word) + 1
    if part:
        yield " ".join(part)


def _short_words(words: list[str], most: int) -> Iterator[str]:
    for word in words:
        yield from (word[at : at + most] for at in range(0, len(word), most)) if word else ()
