"""Where `bench-knowledge` measures: a database of its own, a data set's passages, and as many made ones as wanted."""

import asyncio
import hashlib
import json
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import func, select

from admin_api.prepare import upgrade_database
from core.db.sessions import Database
from core.embedded import DATABASE, Embedded
from core.home import Home
from core.ids import CompanyId, new_id
from knowledge.documents import Piece
from knowledge.stores import bases, documents
from knowledge.stores.documents import Source

_AT_ONCE: Final = 1_000
_MADE_UP: Final = 0.45  # of the words of a made passage, those that stand in no real one
_COMMON: Final = 1.2  # another company's texts share common words with ours rather than rare ones
_SYLLABLES: Final = [one + other for one in ("b", "c", "d", "fl", "gr", "lh", "m", "n", "p", "t") for other in "aeiou"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSet:
    """Passages, and questions with the place of the passage that answers."""

    passages: tuple[str, ...]
    questions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    database: Database
    company: CompanyId
    eye: "asyncpg.Connection[Any]"  # sees everything


def read(file: Path) -> DataSet:
    """In the layout of SQuAD."""
    passages: list[str] = []
    questions: list[tuple[str, int]] = []
    for article in json.loads(file.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            questions += [(asked["question"], len(passages)) for asked in paragraph["qas"]]
            passages.append(paragraph["context"])
    return DataSet(passages=tuple(passages), questions=tuple(questions))


@asynccontextmanager
async def open_scene() -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="masteria-bench-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        embedded = Embedded.of(Home.open(Path(folder) / "home"))
        await embedded.start(log=subprocess.DEVNULL)
        try:
            urls = embedded.urls(DATABASE)
            await upgrade_database(urls.migrator.replace("postgresql://", "postgresql+asyncpg://"))
            database = Database(urls.app.replace("postgresql://", "postgresql+asyncpg://"))
            eye = await embedded.postgres.connect(DATABASE)
            yield Scene(database=database, company=await _company(database), eye=eye)
            await eye.close()
            await database.close()
        finally:
            embedded.stop()


async def fill(scene: Scene, base: str, passages: Sequence[tuple[str, str]], *, name: str) -> UUID:
    """In documents of at most a thousand, each in a transaction of its own. The base."""
    async with scene.database.tenant_session(scene.company) as session:
        into = await bases.ensure(session, base)
    for start in range(0, len(passages), _AT_ONCE):
        part = passages[start : start + _AT_ONCE]
        source = Source(key=f"{name} {start}", title=name, kind="txt", content_sha256=f"{name} {start}")
        pieces = [_piece(title, text, position) for position, (title, text) in enumerate(part)]
        async with scene.database.tenant_session(scene.company) as session:
            await documents.put(session, into, source, pieces)
    return into


def made_up(real: Sequence[str], count: int) -> Iterator[str]:
    """Of the words of real ones, mostly of the common, and of words that nobody has: the same for every run."""
    chance = random.Random(1)  # noqa: S311 - a made text, no secret
    counted = Counter(word for passage in real for word in passage.split())
    words, shares = list(counted), list(accumulate(times**_COMMON for times in counted.values()))
    invented = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(40_000)]
    ranks = list(accumulate(1 / (place + 10) for place in range(len(invented))))
    for _ in range(count):
        length = chance.randint(50, 120)
        strange = chance.choices(invented, cum_weights=ranks, k=round(length * _MADE_UP))
        mixed = strange + chance.choices(words, cum_weights=shares, k=length - len(strange))
        chance.shuffle(mixed)
        yield " ".join(mixed) + "."


async def _company(database: Database) -> CompanyId:
    company = CompanyId(new_id())
    async with database.tenant_session(company) as session:
        made = func.priv.create_company(company, "bench", "Bench", "America/Sao_Paulo", "pt-BR")
        await session.scalar(select(made))
    return company


def _piece(title: str, text: str, position: int) -> Piece:
    sha256 = hashlib.sha256(f"{title}\0{text}\0{position}".encode()).hexdigest()
    return Piece(text=text, title=title, position=position, sha256=sha256)
