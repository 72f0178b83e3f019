"""The talks of docs/transcripts, line by line through real turns: every line is answered, and each comes to its end."""

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Final

import pytest

from admin_api.chatting.purchases import furnish
from core.audit import OPERATOR
from core.floor import Floor
from graphs import effects
from graphs.stores import hours
from graphs.stores.hours import Hours
from tests.fixtures.talking import gateway_of, open_talk

FOLDER: Final = Path(__file__).parents[2] / "docs" / "transcripts"
SERVICES: Final = ("demonstração", "primeira consulta")
ENDS: Final[Mapping[str, tuple[str, str]]] = {  # the stage, and a rule that only a good talk comes to
    "agendamento": ("marcado", "stage.leave_back:pedido"),
    "cobranca": ("promessa", "effect.succeeded:retorno.prometer"),
    "suporte": ("reembolso", "effect.waits_for_staff:pedidos.reembolsar"),
    "vendas-consultivas": ("demo", "effect.succeeded:agenda.criar"),
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_whole_talk_comes_to_its_end_and_every_line_is_answered(floor: Floor, name: str) -> None:
    spoken: list[str] = []
    async with gateway_of(floor) as gateway:
        talk = await open_talk(floor, gateway, name)
        async with talk.inbox.session() as session:
            for service in SERVICES:
                opens = Hours(service=service, opens=time(9), closes=time(18))
                await hours.open_on(session, range(5), opens, OPERATOR)
            await furnish(session, phone=f"+{talk.customer.number}", name="Ana")
        for line in (FOLDER / f"{name}.txt").read_text().splitlines():
            assert await talk.say(line), line
            spoken += (await talk.turn()).trace["rules"]
            await effects.run_due(floor)
            await talk.answered()
            spoken += (await talk.turn()).trace["rules"]
        stage, rule = ENDS[name]
        assert (await talk.conversation()).dialogue["stage"] == stage
    assert rule in spoken
    assert [one for one in spoken if one.startswith(("patience.", "model.", "answer.strict"))] == []
