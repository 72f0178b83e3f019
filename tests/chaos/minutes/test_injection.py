"""Every attack in every place where it can stand, against a model that obeys it."""

import pytest

from core.floor import Floor
from tests.security import injection
from tests.security.injection import EVERY, Carrier

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


class TestInjection:
    @pytest.mark.parametrize("carrier", Carrier)
    async def test_a6_none_of_them_achieves_anything(self, floor: Floor, carrier: Carrier) -> None:
        assert await injection.run(floor, [one for one in EVERY if one.carrier is carrier]) == []
