"""The linter's rule about secrets: a persona is read by many, and by a model; a key has no place in it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from agents.personas.lint_sheet import Sheet
from agents.personas.problems import Path, Problem

_SECRET: Final = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9][\w-]{15,}"  # of models and of payments
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}"
    r"|\bEAA[A-Za-z0-9]{20,}|\bAPP_USR-[\w-]{20,}"
    r"|\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{15,}|\bxox[abprs]-[\w-]{10,}|\bhf_[A-Za-z]{20,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bBearer\s+[\w.~+/-]{12,}=*"
    r"|\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"  # an address with its password
    r"|(?i:\b(?:pass(?:word|wd|code)|senha|secret|api[ _-]?key|chave (?:de|da) api|(?:access|auth)[ _-]?token|token)"
    r"\s*(?::|=|é:|is:)\s*[\"'`]?(?=[^\s\"'`{]*[\d!@#$%&*_])[^\s\"'`{]{6,})"
)


def secrets(sheet: Sheet) -> Iterator[Problem]:
    """It is not repeated: what is told of a problem is shown to others, and logged."""
    for path, text in _texts(sheet.persona.model_dump(by_alias=True), ()):
        if _SECRET.search(text):
            yield sheet.warning(
                path,
                "parece uma chave, um token ou uma senha: tire daqui e troque por outra, porque muita gente a leu",
                "looks like a key, a token or a password: take it out and replace it, for many have read it",
            )


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Whatever is written anywhere, names of things too."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, one in value.items():
                yield from _texts(one, (*path, key))
        case list() | tuple():
            for place, one in enumerate(value):
                yield from _texts(one, (*path, place))
