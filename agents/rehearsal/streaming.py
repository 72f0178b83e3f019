"""A reply as a provider streams it: a word at a time, cut where a rehearsal cuts it."""

import re
from collections.abc import Iterator
from typing import Final

from agents.rehearsal.replies import BrainReply

_WORD: Final = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+\Z")


def chunks(reply: BrainReply) -> Iterator[str]:
    """All of them together are the text, unless it is cut."""
    most = reply.fault.cut_after if reply.fault else None
    for number, found in enumerate(_WORD.finditer(reply.text)):
        if most is not None and number >= most:
            return
        yield found[0]


def is_cut(reply: BrainReply) -> bool:
    """Whether the line dies before the end."""
    return sum(map(len, chunks(reply))) < len(reply.text)
