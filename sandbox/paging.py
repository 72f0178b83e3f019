"""Lists that the control plane tells page by page, and for how long one of them may be waited for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.panel import whole_number

PAGE: Final = 1000
_LARGEST_PAGE: Final = 10_000
_LONGEST_WAIT: Final = 60
_LAST_NUMBER: Final = 10**12


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """So many of the entries behind this number."""

    after: int
    limit: int

    def told(self, items: Sequence[dict[str, Any]], *, forgotten: int) -> dict[str, Any]:
        """`next` is what `after` takes for the page behind this one."""
        following = items[-1]["number"] if len(items) == self.limit else None
        return {"items": items, "next": following, "forgotten": forgotten}


def page_of(request: web.Request) -> Page:
    after = whole_number(request, "after", default=0, most=_LAST_NUMBER)
    return Page(after=after, limit=max(1, whole_number(request, "limit", default=PAGE, most=_LARGEST_PAGE)))


def patience_of(request: web.Request) -> int:
    """The seconds that an answer may take where there is nothing to tell yet."""
    return whole_number(request, "wait", default=0, most=_LONGEST_WAIT)
