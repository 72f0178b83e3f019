"""What the operator's commands say of the events on disk, and of the keys that they wait for."""

from dataclasses import replace
from pathlib import Path

import pytest

from admin_api.commands import doctor, keys, status
from admin_api.commands.doctor import Level, Patient
from admin_api.commands.keys import Keyroom
from core.crypto import InstallationKey, KeyRing, write_key_file
from core.db.sessions import Database
from core.errors import Misconfigured
from core.floor import Floor
from core.home import Home
from core.spool import SpoolKey
from tests.fixtures.spools import Handler, open_spool

LOST = InstallationKey("k-lost", b"9" * 32)


@pytest.fixture
def room(floor: Floor, tmp_path: Path) -> Keyroom:
    """The keys of the floor and one that protects nothing in the database."""
    file = tmp_path / "keys"
    write_key_file(file, (*floor.ring.keys, LOST))
    return Keyroom(floor.database, KeyRing(file.read_text, str(file)), file, tmp_path / "spool")


async def _append(folder: Path) -> None:
    await open_spool(folder, key=SpoolKey(LOST.name, LOST.derive("spool"))).append(b"abc")


class TestKeys:
    async def test_a_key_that_an_event_on_disk_waits_for_is_not_forgotten(self, room: Keyroom) -> None:
        await _append(room.spool)

        assert (await keys._list(room))[LOST.name] == 1
        assert (await keys._forget(room))["forgotten"] == 0
        assert LOST.name in room.ring.names

    async def test_nor_one_that_an_event_set_aside_waits_for(self, room: Keyroom) -> None:
        await _append(room.spool)
        await open_spool(room.spool).replay(Handler())

        assert (await keys._forget(room))["forgotten"] == 0

    async def test_where_none_waits_it_is_forgotten(self, room: Keyroom) -> None:
        assert (await keys._forget(room))["forgotten"] == 1

    async def test_a_spool_that_may_not_be_looked_at_forgets_nothing(self, room: Keyroom) -> None:
        room = replace(room, spool=Path(__file__))

        with pytest.raises(Misconfigured, match="spool"):
            await keys._forget(room)
        assert LOST.name in room.ring.names


class TestDoctor:
    async def test_what_was_set_aside_is_bad_and_the_doctor_says_what_to_do(self, floor: Floor, tmp_path: Path) -> None:
        patient = _patient(floor, tmp_path)
        assert [finding.level for finding in await doctor._spool(patient)] == [Level.OK]
        await _append(tmp_path / "spool")
        await open_spool(tmp_path / "spool").replay(Handler())

        [finding] = await doctor._spool(patient)

        assert finding.level is Level.BAD
        assert "masteria keys list" in finding.what.pt

    async def test_what_waits_too_long_is_bad(
        self, floor: Floor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor, "_MOST_LAG_SECONDS", -1)
        await _append(tmp_path / "spool")
        assert [finding.level for finding in await doctor._spool(_patient(floor, tmp_path))] == [Level.BAD]


class TestStatus:
    async def test_what_waits_and_what_was_set_aside_are_shown(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await _append(tmp_path / "spool")
        await open_spool(tmp_path / "spool").replay(Handler())
        await _append(tmp_path / "spool")

        status._show_spool(status._spool(Home(tmp_path)))

        shown = capsys.readouterr().out
        assert "1 (0 s)" in shown
        assert shown.rstrip().endswith(" 1")


def _patient(floor: Floor, home: Path) -> Patient:
    database: Database = floor.database
    return Patient(floor.settings.model_copy(update={"masteria_home": home}), database)
