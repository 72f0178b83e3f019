"""Pages and site maps from the web, through the one way out: asked politely, within bounds, or a reason why not."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Final

from core.clock import Deadline
from core.egress import EgressClient, Follow
from core.http import USER_AGENT, Answer, CallFailed, Oversized
from core.logging import get_logger
from core.targets import Blocked, Target, target_of
from core.texts import Text
from knowledge.documents import Refusal
from knowledge.loaders.answers import SiteMap
from knowledge.parsing import read_site_map
from knowledge.robots import EVERYTHING, NOTHING, Robots, read_robots

log = get_logger(__name__)

MOST_PAGE_BYTES: Final = 10 * 1024 * 1024
MOST_MAP_BYTES: Final = 50 * 1024 * 1024
MOST_ROBOTS_BYTES: Final = 512 * 1024
MOST_PAGES: Final = 2_000
_MOST_MAPS: Final = 20
_PAGE_SECONDS: Final = 20.0  # of one request, with its redirects
_VISIT_SECONDS: Final = 60.0  # of a page, with its robots.txt
_LISTING_SECONDS: Final = 120.0  # of all maps of a site: what lists them holds it by a lease of five minutes
_SHORT_PAUSE: Final = 0.5  # between two visits to one site, where it asks for none
_MOST_SITES: Final = 200
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_HEADERS: Final = {
    "user-agent": USER_AGENT,
    "accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5",
}


class WebReason(Enum):
    """Why a page is not read, and what to do about it."""

    ADDRESS = Text("o endereço não pode ser visitado: confira-o", "the address cannot be visited: check it")
    ROBOTS = Text("o site pede que robôs não leiam esta página", "the site asks robots not to read this page")
    MISSING = Text("a página não existe mais", "the page does not exist any more")
    CLOSED = Text("a página exige login", "the page asks for a login")
    PAGE_TOO_LARGE = Text("a página é grande demais", "the page is too large")
    UNREACHABLE = Text("o site não respondeu", "the site did not answer")
    TROUBLE = Text("o site está com problemas", "the site is in trouble")
    ELSEWHERE = Text(
        "a página leva a outro site: use o endereço de lá", "the page leads to another site: use its address there"
    )
    NO_PAGES = Text("o mapa do site não tem páginas deste site", "the site map has no pages of this site")


# What may be otherwise in an hour.
PASSING: Final = frozenset({WebReason.UNREACHABLE, WebReason.TROUBLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class NotFetched:
    reason: WebReason

    @property
    def words(self) -> Text:
        pt, en = self.reason.value
        return Text(f"Não consegui ler: {pt}.", f"I could not read it: {en}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    address: str
    data: bytes = field(repr=False)
    charset: str | None = None


@dataclass(slots=True)
class Visitor:
    """One walk through the web. It remembers what each site asked for."""

    egress: EgressClient
    pause: float = _SHORT_PAUSE
    loopback: frozenset[str] = frozenset()  # whole origins of the sandbox and of tests, as the egress has them
    listing_seconds: float = _LISTING_SECONDS
    _robots: dict[str, Robots] = field(default_factory=dict)
    _visited: dict[str, float] = field(default_factory=dict)

    async def page(self, address: str) -> Fetched | NotFetched:
        answer = await self._visit(address, most=MOST_PAGE_BYTES, until=Deadline.after(_VISIT_SECONDS))
        if isinstance(answer, NotFetched):
            return answer
        found = _CHARSET.search(answer.headers.get("content-type", ""))
        return Fetched(address=address, data=answer.body, charset=found[1] if found else None)

    async def pages_of(self, address: str) -> Sequence[str] | NotFetched | Refusal:
        """The addresses that a site map names, of its own site alone. Maps in maps are followed, one step deep.

        Once the time is up, those that were found by then.
        """
        until = Deadline.after(self.listing_seconds)
        found, waiting, seen = dict[str, None](), [address], set[str]()
        while waiting and len(seen) < _MOST_MAPS and len(found) < MOST_PAGES and not until.passed:
            here = waiting.pop(0)
            seen.add(here)
            said = await self._map(here, until)
            if isinstance(said, SiteMap):
                found |= dict.fromkeys(page for page in said.pages if self._is_of_site(page, address))
            elif here == address:
                return said
            if here == address and isinstance(said, SiteMap):
                waiting += [one for one in dict.fromkeys(said.maps) if self._is_of_site(one, address) and one != here]
        if waiting:
            log.warning("web.listing_cut", maps=len(seen), waiting=len(waiting), pages=len(found))
        nothing = WebReason.UNREACHABLE if until.passed else WebReason.NO_PAGES
        return tuple(found)[:MOST_PAGES] or NotFetched(reason=nothing)

    async def _map(self, address: str, until: Deadline) -> SiteMap | NotFetched | Refusal:
        answer = await self._visit(address, most=MOST_MAP_BYTES, until=until)
        return answer if isinstance(answer, NotFetched) else await read_site_map(answer.body)

    async def _visit(self, address: str, *, most: int, until: Deadline) -> Answer | NotFetched:
        """As robots.txt has it, also where a redirect leads; and none leads to another site."""
        if (reason := await self._reason_against(address)) is not None:
            return NotFetched(reason=reason)
        stopped: list[WebReason] = []

        async def may_follow(there: Target) -> bool:
            is_here = self._is_of_site(there.url, address)
            why_not = await self._reason_against(there.url) if is_here else WebReason.ELSEWHERE
            stopped.extend([] if why_not is None else [why_not])
            return why_not is None

        answer = await self._get(address, most=most, until=until, may_follow=may_follow)
        return NotFetched(reason=stopped[0]) if stopped else answer

    async def _reason_against(self, address: str) -> WebReason | None:
        origin = self._origin(address)
        if origin is None:
            return WebReason.ADDRESS
        return None if (await self._robots_of(origin)).allow(address) else WebReason.ROBOTS

    async def _robots_of(self, origin: str) -> Robots:
        """What is not there forbids nothing; what cannot be asked forbids everything, as the standard has it."""
        if origin not in self._robots:
            until = Deadline.after(_PAGE_SECONDS)
            answer = await self._get(f"{origin}/robots.txt", most=MOST_ROBOTS_BYTES, until=until)
            while len(self._robots) >= _MOST_SITES:
                del self._robots[next(iter(self._robots))]
            self._robots[origin] = _robots_in(answer)
        return self._robots[origin]

    async def _get(
        self, address: str, *, most: int, until: Deadline, may_follow: Follow | None = None
    ) -> Answer | NotFetched:
        await self._wait(self._origin(address))
        deadline = Deadline.after(min(_PAGE_SECONDS, until.remaining))
        try:
            answer = await self.egress.get(
                address, deadline=deadline, max_bytes=most, headers=_HEADERS, may_follow=may_follow
            )
        except Blocked:
            return NotFetched(reason=WebReason.ADDRESS)
        except Oversized:
            return NotFetched(reason=WebReason.PAGE_TOO_LARGE)
        except CallFailed:
            return NotFetched(reason=WebReason.UNREACHABLE)
        reason = _reason_of(answer.status)
        return NotFetched(reason=reason) if reason else answer

    def _is_of_site(self, address: str, other: str) -> bool:
        """With and without `www.` it is the same."""
        origins = [self._origin(one) for one in (address, other)]
        first, second = (origin and origin.replace("://www.", "://", 1) for origin in origins)
        return first is not None and first == second

    def _origin(self, address: str) -> str | None:
        """None: not an address to visit."""
        try:
            return target_of(address, loopback=self.loopback).origin
        except Blocked:
            return None

    async def _wait(self, origin: str | None) -> None:
        if origin is None:
            return
        known = self._robots.get(origin, EVERYTHING)
        due = self._visited.get(origin, 0.0) + max(self.pause, known.pause)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        self._visited[origin] = time.monotonic()


def _robots_in(answer: Answer | NotFetched) -> Robots:
    if isinstance(answer, Answer):
        return read_robots(answer.body.decode("utf-8", errors="replace"))
    return NOTHING if answer.reason in {*PASSING, WebReason.PAGE_TOO_LARGE} else EVERYTHING


def _reason_of(status: int) -> WebReason | None:
    if status == HTTPStatus.OK:
        return None
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        return WebReason.CLOSED
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return WebReason.TROUBLE
    return WebReason.MISSING
