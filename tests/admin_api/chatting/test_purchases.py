"""What the demo company's customers have bought and owe is found when they ask, by the personas as they are shipped."""

import pytest

from admin_api.chatting.purchases import furnish
from core.floor import Floor
from tests.fixtures.talking import Talk, gateway_of, open_talk


async def furnished(talk: Talk, *, times: int = 1) -> None:
    for _ in range(times):
        async with talk.inbox.session() as session:
            await furnish(session, phone=f"+{talk.customer.number}", name="Ana")


class TestPurchases:
    async def test_support_tells_of_the_order_that_is_on_its_way(self, floor: Floor) -> None:
        async with gateway_of(floor) as gateway:
            talk = await open_talk(floor, gateway, "suporte")
            await furnished(talk)
            said = await talk.say("oi, cadê meu pedido?") + await talk.say("é o 4521, ainda não chegou")
        assert any("4521: enviado, R$ 349,00, rastreio DM" in one for one in said)

    async def test_collection_shows_what_is_owed_and_each_code_in_one_piece(self, floor: Floor) -> None:
        async with gateway_of(floor) as gateway:
            talk = await open_talk(floor, gateway, "cobranca")
            await furnished(talk)
            said = await talk.say("oi, quero pagar") + await talk.say("529.982.247-25")
        codes = await talk.inbox.rows("SELECT pay_code FROM charges")
        assert len(codes) == 2
        assert all(any(row.pay_code in one for one in said) for row in codes)

    async def test_who_comes_again_has_no_more_of_them(self, floor: Floor) -> None:
        async with gateway_of(floor) as gateway:
            talk = await open_talk(floor, gateway)
            await furnished(talk, times=2)
            await talk.say("oi")
        assert [await talk.inbox.count(table) for table in ("orders", "charges", "contacts")] == [2, 2, 1]

    @pytest.mark.parametrize("phone", ["", "abc"])
    async def test_nobody_has_nothing(self, floor: Floor, phone: str) -> None:
        async with gateway_of(floor) as gateway:
            talk = await open_talk(floor, gateway)
            async with talk.inbox.session() as session:
                await furnish(session, phone=phone, name="Ana")
        assert await talk.inbox.count("orders") == 0
