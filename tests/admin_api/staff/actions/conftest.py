"""One company for all tests of a file, each with customers of its own."""

import pytest

from core.floor import Floor
from tests.admin_api.staff.counter import Counter, open_counter


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))
