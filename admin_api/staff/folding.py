"""Words as one types them on a phone: without case and accents."""

import unicodedata


def folded(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
