"""What belongs to an inner note although it does not say so: the rest of an album, and of a text that was cut in two.

So does the rest of an album whose words were a command, or were said to the bot.

Telegram puts the words of an album on its first item alone, and its apps send a long text as several messages.
"""

from typing import Final

from admin_api.staff import ticks
from admin_api.staff.asking import Ask
from admin_api.staff.spots import spot_of
from admin_api.staff.stores import desk_told
from channels.telegram_staff.notes import React
from channels.telegram_staff.rich import units
from channels.telegram_staff.updates import Said
from core.errors import Conflict
from core.models.staff import NoteLane

_CUT: Final = 4000  # units of a message: the app cuts at 4,096, at a border of words


async def begin(ask: Ask, said: Said) -> None:
    """Remembered by a note of its own, for what may follow."""
    keys = [_of_album(ask, said.album)] if said.album else []
    if units(said.text) >= _CUT:
        keys.append(_of_text(ask, ask.place.message_id))
    for key in keys:
        await spot_of(ask).post(React(message_id=ask.place.message_id, sign=ticks.INNER), key=key, lane=NoteLane.NEWS)


async def hold_album(ask: Ask) -> None:
    """Done or refused, what its words asked for: its other items are not for the customer."""
    if ask.place.album is not None and ask.place.about is not None:
        held = React(message_id=ask.place.message_id, sign=ticks.INNER)
        await spot_of(ask).post(held, key=_of_album(ask, ask.place.album), lane=NoteLane.NEWS)


async def continues(ask: Ask, said: Said) -> bool:
    """True for the rest of an album. The rest of a text may be meant for the customer: it is asked, and not sent."""
    if said.album and await desk_told.has(ask.session, _of_album(ask, said.album)):
        return True
    if await desk_told.has(ask.session, _of_text(ask, ask.place.message_id - 1)):
        raise Conflict(
            "Não enviei: parece a continuação da nota interna acima. Se era para o cliente, mande de novo.",
            "Not sent: it looks like the rest of the inner note above. If it was for the customer, send it again.",
        )
    return False


def _of_album(ask: Ask, album: str) -> str:
    return f"inner:{ask.place.group}:{ask.asker.person}:{album}"


def _of_text(ask: Ask, message: int) -> str:
    return f"inner:{ask.place.group}:{ask.asker.person}:{message}"
