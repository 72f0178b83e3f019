"""Where a draft would send people: every address in it, also one that is only written like an address."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from agents.checks.folding import folded

_TLDS: Final = (
    "com|br|net|org|io|app|me|ly|link|site|online|store|shop|dev|ai|co|info|xyz|gov|edu|ru|cn|tk|top|page|bio|ee|gg|to"
    "|us|uk|pt|es|ar|mx|click|live|club|biz|gl|tv|cc|ws|vip|pro|zip|mov|example|test|invalid|tech|cloud|space|website"
)
_SCHEMED: Final = r"\b(?:h[tx]{2}ps?|ftp|tel|mailto|sms|whatsapp|tg|javascript|data|intent|file):(?:/{2})?[^\s<>\"'|]+"
_BARE: Final = rf"(?<![@\w.-])(?:www\.)?(?:[\w-]+\.)+(?:{_TLDS})\b(?![\w@-])(?:[:/?#][^\s<>\"'|]*)?"
_DOT: Final = r"(?:\s?(?:\[\.\]|\(\.\)|[\[(](?:dot|ponto)[\])])\s?|\s(?:ponto|dot)\s)"
_HIDDEN: Final = rf"\b[\w-]{{2,}}{_DOT}(?:com|br|net|org|io|app)\b"
_ADDRESS: Final = re.compile(f"{_SCHEMED}|{_BARE}|{_HIDDEN}")
_SCHEME: Final = re.compile(r"^(?:https?://)?(?:www\.)?")
_HOST: Final = re.compile(r"^(?:https?://)?(?P<host>[a-z0-9.-]+)(?::443)?(?P<rest>[/?#].*)?$")


def addresses(text: str) -> Iterator[str]:
    for found in _ADDRESS.finditer(folded(text)):
        yield found[0].rstrip(".,;:!?)]}…*_")


def without_addresses(text: str) -> str:
    return _ADDRESS.sub(" ", folded(text))


def foreign(text: str, *, allowed: Sequence[str], given: Iterable[str]) -> Iterator[str]:
    """Those that neither were given word by word nor lie with a host that is allowed, without anything attached."""
    known = {_bare(address) for one in given for address in addresses(one)}
    hosts = tuple(host for entry in allowed if (host := _host_of_entry(entry)))
    for address in addresses(text):
        if _bare(address) not in known and not _lies_with(address, hosts):
            yield address


def _lies_with(address: str, hosts: Sequence[str]) -> bool:
    found = _HOST.fullmatch(address)
    if found is None or "?" in (found["rest"] or "") or "#" in (found["rest"] or ""):
        return False
    host = found["host"].removeprefix("www.")
    return any(host == known or host.endswith(f".{known}") for known in hosts)


def _host_of_entry(entry: str) -> str:
    """A persona writes `loja.com.br`, or the whole address of its home page."""
    found = _HOST.fullmatch(folded(entry).strip())
    return found["host"].removeprefix("www.") if found else ""


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")
