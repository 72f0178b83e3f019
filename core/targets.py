"""Which addresses that a user gave may be visited, judged by their text and by the numbers behind a name."""

import re
from dataclasses import dataclass
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import idna

from core.errors import Refused
from core.texts import Text

MAX_HOPS: Final = 3
MAX_URL: Final = 2048
MAX_NAME: Final = 253
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HIGHEST_PORT: Final = 65535
_FIRST_FREE_PORT: Final = 1024

_NETLOC: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@%/]+))(?::(?P<port>[0-9]{1,5}))?")
_NAME: Final = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMERIC_ENDING: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")

# Names that mean this machine, this network or a cloud's own services; refused before anybody is asked about them.
_HOME_NAMES: Final = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "home.arpa")

_CLOSED_V4: Final = tuple(
    ip_network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure answers its machines here, on an address that looks public
    )
)
# Only global unicast is open, so whatever carries a v4 address inside is refused whole and never unwrapped: mapped,
# compatible, translated and NAT64 lie outside it, Teredo and 6to4 are listed. The cost: no way out of a DNS64 network.
_OPEN_V6: Final = ip_network("2000::/3")
_CLOSED_V6: Final = tuple(
    ip_network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20")
)
_ISATAP: Final = 0x5EFE  # in the upper half of an interface id, followed by a v4 address


class Reason(Enum):
    """Why an address was refused, without a word on what lies behind it."""

    SCHEME = Text("use um endereço que comece com https://", "use an address that starts with https://")
    LENGTH = Text("o endereço é longo demais", "the address is too long")
    CHARACTERS = Text(
        "o endereço tem espaço, barra invertida ou caractere invisível",
        "the address holds a space, a backslash or an invisible character",
    )
    CREDENTIALS = Text("tire usuário e senha do endereço", "take user and password out of the address")
    HOST = Text("o nome do servidor não é válido", "the name of the server is not valid")
    NUMBER = Text(
        "escreva o IP na forma comum, como 8.8.8.8, ou use um nome",
        "write the IP in its common form, such as 8.8.8.8, or use a name",
    )
    PORT = Text("use a porta 443 ou uma acima de 1023", "use port 443 or one above 1023")
    NOT_PUBLIC = Text("o endereço não é público na internet", "the address is not public on the internet")
    DOWNGRADE = Text("o servidor redirecionou de https para http", "the server redirected from https to http")
    HOPS = Text(
        f"o servidor redirecionou mais de {MAX_HOPS} vezes", f"the server redirected more than {MAX_HOPS} times"
    )
    HEADER = Text("um cabeçalho não pode ser enviado", "a header cannot be sent")


class Blocked(Refused):
    """We do not go there."""

    status = 422
    title = Text("Endereço recusado", "Address refused")

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"Não acessamos este endereço: {reason.value.pt}.", f"Not fetched: {reason.value.en}.")
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An address in the one form that every parser below us reads alike."""

    url: str
    origin: str
    is_loopback: bool


def target_of(url: str, *, loopback: frozenset[str] = frozenset()) -> Target:
    """Refuse what no lookup is needed to refuse; `core/egress.py` does the rest. Also what a form checks on saving."""
    parts = _split(url)
    host, port = _host_and_port(parts)
    origin = _origin(parts.scheme, host, port)
    is_loopback = origin in loopback
    if not is_loopback:
        _demand_public(parts.scheme, host, port)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~")
    return Target(url=f"{origin}{path}" + (f"?{query}" if query else ""), origin=origin, is_loopback=is_loopback)


def _origin(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _split(url: str) -> SplitResult:
    demand_legible(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Blocked(Reason.HOST) from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise Blocked(Reason.SCHEME)
    if "@" in parts.netloc:
        raise Blocked(Reason.CREDENTIALS)
    return parts


def demand_legible(url: str) -> None:
    if len(url) > MAX_URL:
        raise Blocked(Reason.LENGTH)
    if any(not character.isprintable() or character.isspace() or character == "\\" for character in url):
        raise Blocked(Reason.CHARACTERS)


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    found = _NETLOC.fullmatch(parts.netloc)
    if found is None:
        raise Blocked(Reason.HOST)
    port = int(found["port"] or _DEFAULT_PORTS[parts.scheme])
    if not 0 < port <= _HIGHEST_PORT:
        raise Blocked(Reason.PORT)
    return _v6(found["v6"]) if found["v6"] else _name(found["name"]), port


def _v6(written: str) -> str:
    try:
        return f"[{IPv6Address(written)}]"
    except AddressValueError:
        raise Blocked(Reason.HOST) from None


def _name(written: str) -> str:
    """Lower case, ASCII, no final dot. What reads as a number must be a dotted quad: resolvers know other forms."""
    try:
        name = (written if written.isascii() else idna.encode(written[:MAX_NAME], uts46=True).decode()).lower()
        name = name.removesuffix(".")
        if "xn--" in name:
            idna.decode(name)
    except UnicodeError:  # which every error of idna is
        raise Blocked(Reason.HOST) from None
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise Blocked(Reason.HOST)
    if _NUMERIC_ENDING.fullmatch(name):
        _demand_dotted_quad(name)
    return name


def _demand_dotted_quad(name: str) -> None:
    try:
        IPv4Address(name)
    except AddressValueError:
        raise Blocked(Reason.NUMBER) from None


def _demand_public(scheme: str, host: str, port: int) -> None:
    if scheme != "https":
        raise Blocked(Reason.SCHEME)
    # Below 1024 live mail, files, names and remote shells, which a greeting in TLS can still bother; above it small
    # companies run real receivers (8443, 5678), and only public machines that speak TLS can be reached at all.
    if port != _DEFAULT_PORTS["https"] and port < _FIRST_FREE_PORT:
        raise Blocked(Reason.PORT)
    is_literal = host.startswith("[") or _NUMERIC_ENDING.fullmatch(host)
    is_home = "." not in host or any(host == name or host.endswith(f".{name}") for name in _HOME_NAMES)
    if not is_public(host.strip("[]")) if is_literal else is_home:
        raise Blocked(Reason.NOT_PUBLIC)


def is_public(address: str) -> bool:
    """May this address be dialled on a user's behalf? What is not plainly an address may not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in block for block in _CLOSED_V4)
    is_isatap = int(ip) >> 32 & 0xFDFFFFFF == _ISATAP
    return ip in _OPEN_V6 and not is_isatap and not any(ip in block for block in _CLOSED_V6)


def is_loopback_address(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
