"""Two people, one thing to edit: who saved second must have seen what the first one did (`ETag`, `If-Match`)."""

import hashlib
from typing import Final

from fastapi import Request

from core.errors import Refused
from core.texts import Text

_BYTES: Final = 12


class Stale(Refused):
    """Somebody else changed it meanwhile."""

    status = 412
    title = Text("Mudou enquanto isso", "Changed meanwhile")


def tag_of(*version: object) -> str:
    """Of whatever changes when a person's edit would overwrite another's; not of what only a provider reports."""
    digest = hashlib.blake2b("|".join(map(str, version)).encode(), digest_size=_BYTES)
    return f'"{digest.hexdigest()}"'


def refuse_stale(request: Request, current: str) -> None:
    """Without `If-Match` the caller takes the risk, as HTTP has it. A weak tag never matches."""
    given = request.headers.getlist("if-match")
    tags = {tag.strip() for header in given for tag in header.split(",")}
    if given and not tags & {current, "*"}:
        raise Stale(
            "Alguém mudou isto depois que você leu: leia de novo e repita a mudança.",
            "Somebody changed this after you read it: read it again and repeat your change.",
        )
