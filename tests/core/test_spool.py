"""The disk spool: durable before it returns, sealed, capped, replayed in order."""

import asyncio
import fcntl
import os
import re
from pathlib import Path
from typing import Final

import pytest

from core.errors import AppError, Malformed, Misconfigured, TooMany, Unavailable
from core.spool import Spool, SpoolFull, SpoolKey, SpoolUnavailable
from tests.fixtures.spools import Handler, open_spool, records, replayed

CANARY: Final = b"canary-5511999990000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    return open_spool(folder)


def contents(folder: Path) -> bytes:
    """Every name and every byte under the folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in paths)


class TestCheck:
    def test_it_makes_folders_and_files_for_their_owner_alone(self, folder: Path) -> None:
        open_spool(folder)

        made = [folder, *folder.rglob("*")]
        assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
        assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}

    def test_a_file_in_its_place_stops_the_boot_and_says_which(self, folder: Path) -> None:
        folder.write_text("a file")

        with pytest.raises(Misconfigured, match=re.escape(f"{folder} (a file is where a folder should be)")):
            open_spool(folder)

    async def test_it_may_be_run_while_others_append(self, folder: Path, spool: Spool) -> None:
        async def check_again() -> None:
            for _ in range(20):
                await asyncio.to_thread(open_spool, folder)

        await asyncio.gather(check_again(), *(spool.append(b"abc") for _ in range(50)))

        assert len(await replayed(spool)) == 50

    async def test_a_wrong_count_is_put_right(self, folder: Path, spool: Spool) -> None:
        await spool.append(b"first")
        (folder / "ledger").write_bytes(bytes(8) + b"\xff" * 8)

        await open_spool(folder).append(b"second")

        assert await replayed(spool) == [b"first", b"second"]


class TestAppend:
    @pytest.mark.parametrize("record", [b"", b"abc", bytes(range(256)) * 1000])
    async def test_what_was_appended_is_handed_back(self, spool: Spool, record: bytes) -> None:
        await spool.append(record)

        assert await replayed(spool) == [record]

    async def test_nothing_of_a_record_can_be_read_on_the_disk(self, folder: Path, spool: Spool) -> None:
        await spool.append(CANARY)

        found = contents(folder)
        assert CANARY not in found
        assert b"5511999990000" not in found

    async def test_the_same_record_twice_looks_different(self, folder: Path, spool: Spool) -> None:
        await spool.append(CANARY)
        await spool.append(CANARY)

        first, second = (path.read_bytes() for path in records(folder))
        assert first[-len(CANARY) :] != second[-len(CANARY) :]

    async def test_the_event_loop_goes_on_meanwhile(self, folder: Path, spool: Spool) -> None:
        ledger = os.open(folder / "ledger", os.O_RDONLY)
        fcntl.flock(ledger, fcntl.LOCK_EX)
        pending = asyncio.ensure_future(spool.append(b"abc"))
        await asyncio.sleep(0.05)
        assert not pending.done()
        os.close(ledger)

        await pending
        assert await replayed(spool) == [b"abc"]

    async def test_over_the_cap_it_is_refused_and_nothing_is_kept(self, folder: Path) -> None:
        spool = open_spool(folder, max_bytes=250)
        await spool.append(bytes(100))
        before = contents(folder)

        with pytest.raises(SpoolFull) as caught:
            await spool.append(bytes(100))

        assert caught.value.status == 503
        assert caught.value.retryable
        assert contents(folder) == before

    async def test_the_cap_holds_for_many_at_once(self, folder: Path) -> None:
        spool = open_spool(folder, max_bytes=1000)

        await asyncio.gather(*(spool.append(bytes(68)) for _ in range(40)), return_exceptions=True)

        status = await spool.status()
        assert status.size == 1000
        assert status.depth == 10

    async def test_a_replayed_record_makes_room(self, folder: Path) -> None:
        spool = open_spool(folder, max_bytes=150)
        await spool.append(bytes(100))
        await replayed(spool)

        await spool.append(bytes(100))

    async def test_a_lost_folder_is_told_as_a_refusal(self, folder: Path, spool: Spool) -> None:
        (folder / "drafts").rmdir()

        with pytest.raises(SpoolUnavailable) as caught:
            await spool.append(b"abc")

        assert caught.value.status == 503


class TestReplay:
    async def test_it_goes_in_order_of_arrival(self, folder: Path, spool: Spool) -> None:
        for number in range(30):
            await (spool if number % 2 else open_spool(folder)).append(b"%d" % number)

        assert await replayed(spool) == [b"%d" % number for number in range(30)]

    async def test_the_order_outlives_the_count(self, folder: Path, spool: Spool) -> None:
        for record in (b"1", b"2", b"3"):
            await spool.append(record)
        (folder / "ledger").unlink()

        await spool.append(b"4")

        assert await replayed(spool) == [b"1", b"2", b"3", b"4"]

    async def test_what_was_handled_is_gone(self, folder: Path, spool: Spool) -> None:
        await spool.append(b"abc")

        result = await spool.replay(Handler())

        assert (result.handled, result.set_aside, result.stopped) == (1, 0, None)
        assert await replayed(spool) == []
        assert records(folder) == []

    @pytest.mark.parametrize(
        "failure",
        [
            Unavailable("O PostgreSQL não respondeu.", "PostgreSQL did not answer."),
            TooMany("Devagar.", "Slow down.", retry_after=1),
        ],
    )
    async def test_it_stops_at_a_failure_that_may_pass(self, spool: Spool, failure: AppError) -> None:
        for record in (b"1", b"2", b"3"):
            await spool.append(record)

        result = await spool.replay(Handler({b"2": failure}))

        assert (result.handled, result.stopped) == (1, failure)
        assert await replayed(spool) == [b"2", b"3"]

    async def test_it_stops_at_a_setting_to_mend(self, spool: Spool) -> None:
        await spool.append(b"abc")
        wrong = Misconfigured("Senha recusada.", "Password refused.")

        assert (await spool.replay(Handler({b"abc": wrong}))).stopped is wrong

        assert await replayed(spool) == [b"abc"]

    async def test_a_bug_of_the_handler_loses_nothing(self, spool: Spool) -> None:
        await spool.append(b"abc")

        with pytest.raises(ZeroDivisionError):
            await spool.replay(Handler({b"abc": ZeroDivisionError()}))

        assert await replayed(spool) == [b"abc"]

    async def test_what_the_handler_refuses_for_good_is_set_aside(self, spool: Spool) -> None:
        await spool.append(b"bad")
        await spool.append(b"good")
        handler = Handler({b"bad": Malformed("Malformado.", "Malformed.")})

        result = await spool.replay(handler)

        assert (result.handled, result.set_aside) == (1, 1)
        assert handler.taken == [b"good"]
        assert (await spool.status()).damaged == 1

    @pytest.mark.parametrize("damage", ["empty", "short", "flipped", "foreign"])
    async def test_a_damaged_record_does_not_block_its_neighbours(
        self, folder: Path, spool: Spool, damage: str
    ) -> None:
        for record in (b"1", b"2", b"3"):
            await spool.append(record)
        path = records(folder)[1]
        sealed = path.read_bytes()
        flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
        path.write_bytes({"empty": b"", "short": sealed[:10], "flipped": flipped, "foreign": b"\x09" * 99}[damage])

        handler = Handler()
        result = await spool.replay(handler)

        assert handler.taken == [b"1", b"3"]
        assert (result.handled, result.set_aside) == (2, 1)
        assert [item.name for item in (folder / "damaged").iterdir()] == [path.name]

    async def test_two_records_that_were_swapped_are_both_noticed(self, folder: Path, spool: Spool) -> None:
        for record in (b"1", b"2", b"3"):
            await spool.append(record)
        first, second, _ = records(folder)
        sealed = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(sealed)

        handler = Handler()
        result = await spool.replay(handler)

        assert handler.taken == [b"3"]
        assert result.set_aside == 2

    async def test_a_record_that_was_moved_to_another_place_is_noticed(self, folder: Path, spool: Spool) -> None:
        await spool.append(b"1")
        (path,) = records(folder)
        path.rename(path.with_name(f"{'0' * 15}9{path.name[16:]}"))

        assert (await spool.replay(Handler())).set_aside == 1

    async def test_two_replays_of_one_process_hand_over_once(self, spool: Spool) -> None:
        for number in range(20):
            await spool.append(b"%d" % number)
        handler = Handler()

        await asyncio.gather(spool.replay(handler), spool.replay(handler))

        assert handler.taken == [b"%d" % number for number in range(20)]

    async def test_a_cancelled_replay_keeps_what_it_had_not_handled(self, spool: Spool) -> None:
        await spool.append(b"abc")

        async def endless(_: bytes) -> None:
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(spool.replay(endless), 0.05)

        assert await replayed(spool) == [b"abc"]

    async def test_a_foreign_file_in_the_folder_is_left_alone(self, folder: Path, spool: Spool) -> None:
        (folder / "records" / "README").write_text("not ours")

        assert await replayed(spool) == []


class TestRestore:
    async def test_what_was_set_aside_for_a_missing_key_is_read_once_the_key_is_back(self, folder: Path) -> None:
        await open_spool(folder).append(b"abc")
        stranger = open_spool(folder, key=SpoolKey("k2", b"2" * 32))
        assert (await stranger.replay(Handler())).set_aside == 1

        again = open_spool(folder, key=SpoolKey("k2", b"2" * 32, older={"k1": b"1" * 32}))
        assert await again.restore() == 1

        assert await replayed(again) == [b"abc"]


class TestStatus:
    async def test_an_empty_spool_has_no_depth_and_no_age(self, spool: Spool) -> None:
        status = await spool.status()

        assert (status.depth, status.size, status.oldest_seconds, status.damaged) == (0, 0, 0.0, 0)

    async def test_it_tells_depth_bytes_and_the_age_of_the_oldest(self, spool: Spool) -> None:
        await spool.append(bytes(100))
        await asyncio.sleep(0.05)
        await spool.append(bytes(100))

        status = await spool.status()

        assert status.depth == 2
        assert 200 < status.size < 300
        assert 0.04 < status.oldest_seconds < 30
