"""What a site asks of visitors that are no people (RFC 9309): the longest rule that fits an address decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

OUR_NAME: Final = "master-ia"
_MOST_RULES: Final = 2_000
_LONGEST_RULE: Final = 512
_LONGEST_PAUSE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: str
    allows: bool

    def fits(self, place: str) -> bool:
        """Each part between stars at its first place: nothing is gained by a later one, and no time is lost."""
        head, *parts = self.pattern.removesuffix("$").split("*")
        if not place.startswith(head):
            return False
        at = len(head)
        last = parts.pop() if parts and self.pattern.endswith("$") else None
        for part in parts:
            at = place.find(part, at)
            if at < 0:
                return False
            at += len(part)
        if not self.pattern.endswith("$"):
            return True
        return at == len(place) if last is None else place.endswith(last) and len(place) - len(last) >= at


@dataclass(frozen=True, kw_only=True, slots=True)
class Robots:
    rules: tuple[Rule, ...] = ()
    pause: float = 0.0  # seconds between two visits

    def allow(self, address: str) -> bool:
        parts = urlsplit(address)
        place = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fitting = [rule for rule in self.rules if rule.fits(place)]
        if place == "/robots.txt" or not fitting:
            return True
        return max(fitting, key=lambda rule: (len(rule.pattern), rule.allows)).allows


EVERYTHING: Final = Robots()
NOTHING: Final = Robots(rules=(Rule("/", allows=False),))


def read_robots(text: str) -> Robots:
    """The groups that name us; where none does, those for everybody."""
    lines = [(name, value) for name, value in map(_parted, text.splitlines()) if name]
    ours, everybody = _group(lines, OUR_NAME), _group(lines, "*")
    rules, pause = ours if ours is not None else everybody or ((), 0.0)
    return Robots(rules=tuple(rules[:_MOST_RULES]), pause=pause)


def _parted(line: str) -> tuple[str, str]:
    name, _, value = line.partition("#")[0].partition(":")
    return name.strip().lower().lstrip("\ufeff"), value.strip()


def _group(lines: Sequence[tuple[str, str]], agent: str) -> tuple[Sequence[Rule], float] | None:
    """Several groups for one name are one. None: it is not named."""
    rules: list[Rule] = []
    pause, is_named, was_ever, is_heading = 0.0, False, False, False
    for name, value in lines:
        if name == "user-agent":
            is_named = value.lower() == agent or (is_heading and is_named)
            was_ever = was_ever or is_named
            is_heading = True
            continue
        is_heading = is_heading and name == "sitemap"
        if is_named and name in {"allow", "disallow"} and 0 < len(value) <= _LONGEST_RULE:
            rules.append(Rule(value, allows=name == "allow"))
        elif is_named and name == "crawl-delay":
            pause = _seconds(value)
    return (rules, pause) if was_ever else None


def _seconds(value: str) -> float:
    try:
        return min(max(float(value), 0.0), _LONGEST_PAUSE)
    except ValueError:
        return 0.0
