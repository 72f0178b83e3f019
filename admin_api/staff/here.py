"""The company of whoever asks: its hour and its language, in which times are shown and read."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from admin_api.staff import amounts
from admin_api.staff.asking import Ask
from admin_api.tenants.store import own_company
from core import clock
from core.texts import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    zone: ZoneInfo
    language: Language
    now: datetime

    def moment(self, at: datetime) -> str:
        """22/11 14:30, on the company's clock; the year only where it is another."""
        local = at.astimezone(self.zone)
        year = "" if local.year == self.now.year else f"/{local.year}"
        shown = amounts.moment(local, self.language)
        return f"{shown[:-6]}{year}{shown[-6:]}"

    def age(self, since: datetime) -> str:
        return amounts.age(self.now - since, self.language)


async def here_of(ask: Ask) -> Here:
    company = await own_company(ask.session)
    zone = _zone(company.time_zone)
    return Here(zone=zone, language=ask.asker.language, now=clock.now().astimezone(zone))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
