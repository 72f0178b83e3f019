"""Which of the people in the staff group is meant."""

from collections.abc import Sequence

from admin_api.staff.folding import folded
from admin_api.staff.roles import NAMES
from admin_api.staff.stores.people import Linked
from admin_api.terminal import text
from core.errors import Conflict, NotFound
from core.models.people import Role


def named(people: Sequence[Linked], name: str | None) -> Linked:
    """By the beginning of a name, or by the role; who answers customers where nobody is named."""
    if name is None:
        return next((one for one in people if one.role is Role.AGENT), people[0])
    wanted = folded(name)
    meant = [one for one in people if folded(one.name).startswith(wanted) or wanted in _roles(one)]
    if len(meant) == 1:
        return meant[0]
    there = ", ".join(f"{one.name} [{text(NAMES[one.role].pt, NAMES[one.role].en)}]" for one in people)
    if meant:
        raise Conflict(f"`{name}` é mais de uma pessoa: {there}.", f"`{name}` is more than one person: {there}.")
    raise NotFound(f"`{name}` não está no grupo; estão: {there}.", f"`{name}` is not in the group; there: {there}.")


def _roles(one: Linked) -> set[str]:
    return {folded(NAMES[one.role].pt), folded(NAMES[one.role].en)}
