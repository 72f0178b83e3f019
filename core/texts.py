"""What a person reads, in Portuguese first and English second."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    PT = "pt-BR"
    EN = "en"


class Text(NamedTuple):
    """One sentence in both languages of the product."""

    pt: str
    en: str

    def in_(self, language: Language) -> str:
        return self.pt if language is Language.PT else self.en


def language_of_terminal(environment: Mapping[str, str] = os.environ) -> Language:
    """Portuguese unless the locale names another language: `C` and an empty locale name none."""
    names = (environment.get(key, "") for key in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((name for name in names if name), "").lower()
    is_neutral = name.split(".")[0] in {"", "c", "posix"}
    return Language.PT if is_neutral or name.startswith("pt") else Language.EN


def language_of_header(accept_language: str) -> Language:
    """The first of our two languages that an `Accept-Language` header names; Portuguese where it names none."""
    for part in accept_language.lower().split(","):
        name = part.split(";")[0].strip()
        if name.startswith("pt"):
            return Language.PT
        if name.startswith("en"):
            return Language.EN
    return Language.PT
