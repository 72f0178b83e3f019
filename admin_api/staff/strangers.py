"""What is answered to those who may not: each is told why, and not over and over."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from admin_api.staff.stores.notes import NewNote, post
from channels.telegram_staff.notes import React, Say
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.updates import Said
from core import clock, rate_limit
from core.db.sessions import TenantSession
from core.errors import Misconfigured, Unavailable
from core.floor import Floor
from core.ids import ConnectionId
from core.models.staff import NoteLane, StaffGroup
from core.rate_limit import Limit, Wait
from core.texts import Language, Text

ANONYMOUS: Final = Text(
    "Mensagem anônima: não sei quem é, então nada foi feito. Desligue “Permanecer anônimo” nas suas permissões de "
    "administrador.",
    "Anonymous: nobody is known to have said it, so nothing was done. Turn “Remain anonymous” off.",
)
SECOND_HAND: Final = Text(
    "Comando encaminhado ou enviado por outro bot não vale: digite-o você mesmo.",
    "A command that was forwarded, or came through a bot, does not count: type it yourself.",
)
UNKNOWN: Final = Text(
    "Não conheço você ainda: peça um código a quem administra (`masteria staff code --user SEU-EMAIL`) e me mande "
    "/vincular CÓDIGO no privado.",
    "You are not linked yet: ask whoever runs this for a code, and send me /link CODE in private.",
)
UNHEARD: Final = Text(
    "Isto não foi ao cliente: sua conta do Telegram não está vinculada. Peça um código e me mande /vincular CÓDIGO no "
    "privado.",
    "This did not go to the customer: your Telegram account is not linked. Ask for a code and send me /link CODE.",
)
_UNHEARD_SIGN: Final = "👎"
_TRIES: Final = 5
_TRY_SECONDS: Final = 600
_A_DAY: Final = "%Y-%m-%d"
_AWAY: Final = (Unavailable, Misconfigured, RedisError, OSError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Strangers:
    floor: Floor
    connection: ConnectionId

    async def may_try(self, telegram_id: int) -> bool:
        """To type a code, or to be answered in private: so often, whoever it is. Where nobody counts, never."""
        often = {"count": _TRIES, "period": _TRY_SECONDS, "burst": _TRIES}
        limit = Limit(name="staff.stranger", of=str(telegram_id), is_full_when_forgotten=True, **often)
        try:
            taken = await rate_limit.take(self.floor.valkey, limit, group=str(self.connection))
        except _AWAY:
            return False
        return not isinstance(taken, Wait)


async def tell(session: TenantSession, group: StaffGroup, said: Said, why: Text, *, topic: UUID | None) -> None:
    """In the place where it was said: a sign on each line that looks as if a customer got it, the words once a day."""
    who = said.sender.id if said.sender else 0
    language = said.sender.speaks if said.sender else Language.PT
    day = clock.now().strftime(_A_DAY)
    key = f"stranger:{group.id}:{topic}:{who}:{why.en[:24]}:{day}"
    body = Say(text=Rich(why.in_(language)), reply_to=said.message_id)
    await post(session, NewNote(key=key, body=body, lane=NoteLane.ANSWER, group=group.id, topic=topic))
    if topic is not None:
        sign = React(message_id=said.message_id, sign=_UNHEARD_SIGN)
        mark = f"unheard:{group.id}:{said.message_id}"
        await post(session, NewNote(key=mark, body=sign, lane=NoteLane.ANSWER, group=group.id, topic=topic))
