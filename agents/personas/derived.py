"""What follows from a persona alone is worked out once for each: a definition never changes."""

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

from agents.personas.definition import Persona

T = TypeVar("T")
_KEPT: Final = 256  # personas


def once(make: Callable[[Persona], T]) -> Callable[[Persona], T]:
    """By identity: to hash a definition, or to compare two, takes longer than most of what follows from one."""
    known: dict[int, tuple[Persona, T]] = {}  # with the persona, so that no other one gets its place in memory

    @wraps(make)
    def made(persona: Persona) -> T:
        found = known.get(id(persona))
        if found is None:
            if len(known) >= _KEPT:
                del known[next(iter(known))]
            found = known[id(persona)] = (persona, make(persona))
        return found[1]

    return made
