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
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NUMERIC: Final = rf"(?<![\w.,])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|[.,]\d)(?::\d+)?(?:[/?#][^\s<>\"'|]*)?"
_ADDRESS: Final = re.compile(f"{_SCHEMED}|{_BARE}|{_HIDDEN}|{_NUMERIC}")
# What runs or opens something, or hides whose it is: nobody's word makes it one to be sent.
_NEVER: Final = re.compile(
    r"(?:javascript|data|intent|file|ftp):|(?:h[tx]{2}ps?:/*)?(?:[^/@]*@)?(?:[\d.]+|0x[\da-f]+|\[[^\]]*\]?)(?:[:/?#]|$)"
)
_SCHEME: Final = re.compile(r"^(?:https?://)?(?:www\.)?")
_HOST: Final = re.compile(r"^(?:https?://)?(?P<host>[a-z0-9.-]+)(?::443)?(?P<rest>[/?#].*)?$")


def addresses(text: str) -> Iterator[str]:
    for found in _ADDRESS.finditer(folded(text)):
        yield found[0].rstrip(".,;:!?)]}…*_")


def without_addresses(text: str) -> str:
    return _ADDRESS.sub(" ", folded(text))


def foreign(text: str, *, allowed: Sequence[str], own: Iterable[str], pages: Iterable[str]) -> Iterator[str]:
    """Those that neither the company gives word by word nor lie with a host that is allowed.

    With anything attached to them, they are given word by word by a page, too: `own` are approved texts, `pages` what
    is cited, in which anybody may have planted an address.
    """
    found = list(addresses(text))
    if not found:
        return
    known = {_bare(address) for one in own for address in addresses(one)}
    given = {_bare(address) for one in pages for address in addresses(one)}
    hosts = tuple(host for entry in allowed if (host := _host_of_entry(entry)))
    for address in found:
        bare = _bare(address)
        is_allowed = bare in known or _lies_with(address, hosts, with_rest=bare in given)
        if not is_allowed or _NEVER.match(address):
            yield address


def _lies_with(address: str, hosts: Sequence[str], *, with_rest: bool) -> bool:
    found = _HOST.fullmatch(address)
    if found is None or (not with_rest and re.search(r"[?#]", found["rest"] or "")):
        return False
    host = found["host"].removeprefix("www.")
    return any(host == known or host.endswith(f".{known}") for known in hosts)


def _host_of_entry(entry: str) -> str:
    """A persona writes `loja.com.br`, or the whole address of its home page."""
    found = _HOST.fullmatch(folded(entry).strip())
    return found["host"].removeprefix("www.") if found else ""


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")
