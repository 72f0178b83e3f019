"""Files of the staff group that became no message's go after a day; those that are needed stay."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from core import clock
from core.db.sessions import Database
from core.objects import Label, ObjectKey
from core.storage import open_storage
from graphs.stray_files import KIND, forget_strays
from tests.fixtures.rows import make_filled_company


async def test_only_what_nothing_refers_to_and_is_a_day_old_goes(database: Database, tmp_path: Path) -> None:
    ana = await make_filled_company(database, "ana")
    storage = open_storage(f"file://{tmp_path}")
    stray, sent, waiting, other = (
        ObjectKey(company=ana.company, kind=kind, name=name)
        for kind, name in ((KIND, "a"), (KIND, "b"), (KIND, "c"), ("media", "d"))
    )
    for key in (stray, sent, waiting, other):
        await storage.put(key, b"x", label=Label(content_type="image/png"))
    async with database.tenant_session(ana.company) as session:
        await session.execute(text("UPDATE media_files SET storage_key = :key"), {"key": sent.path})
        shown = text("UPDATE staff_notes SET body = jsonb_build_object('storage_key', CAST(:key AS text))")
        await session.execute(shown, {"key": waiting.path})

    assert await forget_strays(database, storage, ana.company) == 0
    clock.follow_shift(timedelta(days=2))
    try:
        assert await forget_strays(database, storage, ana.company) == 1
    finally:
        clock.follow_shift(timedelta(0))

    there = [await storage.exists(key) for key in (stray, sent, waiting, other)]
    assert there == [False, True, True, True]
