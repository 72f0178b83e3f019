"""Which passages a word occurs in: written with the passages, read by the search, by equality alone.

Under row-level security PostgreSQL answers from an index only where the condition's operator can leak nothing, and that
is said of equality and not of the operators of arrays, full text or vectors. Each company's base has its own lists, so
that none of another's rows stand between a question and its answer.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.sql.expression import TextClause

from core.db.sessions import TenantSession
from knowledge.folding import is_code, triples
from knowledge.stores.statements import BYTES, NUMBERS, ONE_UUID, TEXTS, UUIDS, given

BLOCK: Final = 4096  # numbers of passages to a row: what an addition writes anew is at most 12 kB
_SHORTEST: Final = 4  # of the words whose spelling is kept: in shorter ones every letter matters


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One row: numbers of passages, counted from `first`, and the weight of the word in each."""

    base: UUID
    word: str
    first: int
    places: Sequence[int]
    weights: bytes


async def add(session: TenantSession, base: UUID, words: Mapping[int, Mapping[str, int]]) -> None:
    """Of new passages, by their numbers."""
    rows: defaultdict[tuple[str, int], tuple[array[int], bytearray]] = defaultdict(lambda: (array("H"), bytearray()))
    for number, weights in words.items():
        block, rest = divmod(number, BLOCK)
        for word, weight in weights.items():
            places, weighed = rows[word, block]
            places.append(rest)
            weighed.append(weight)
    await _keep_spellings(session, base, {word for word, _ in rows})
    await _write(session, _ADD, base, {key: (bytes(places), bytes(heavy)) for key, (places, heavy) in rows.items()})


async def remove(session: TenantSession, base: UUID, words: Mapping[int, Collection[str]]) -> None:
    """Of passages that are gone, by their numbers."""
    gone: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for number, of_passage in words.items():
        for word in of_passage:
            gone[word, number // BLOCK].add(number % BLOCK)
    kept: dict[tuple[str, int], tuple[bytes, bytes]] = {}
    for run in await find(session, [base], {word for word, _ in gone}):
        key = run.word, run.first // BLOCK
        if key in gone:
            kept[key] = _without(run, gone[key])
    empty = [key for key, (places, _) in kept.items() if not places]
    await _write(session, _REPLACE, base, {key: row for key, row in kept.items() if row[0]})
    if empty:
        emptied = {"words": [word for word, _ in empty], "blocks": [block for _, block in empty]}
        await session.execute(_DELETE, {"base": base} | emptied)


async def find(session: TenantSession, bases: Sequence[UUID], words: Collection[str]) -> list[Run]:
    if not words or not bases:
        return []
    rows = await session.execute(_FIND, {"bases": list(bases), "words": sorted(words)})
    return [
        Run(base=base, word=word, first=block * BLOCK, places=array("H", places), weights=weights)
        for base, word, block, places, weights in rows
    ]


async def spelt_like(session: TenantSession, bases: Sequence[UUID], words: Iterable[str]) -> list[str]:
    """A word for each triple of letters that it shares with one of these, as often as that is."""
    letters = {letters for word in words for letters in triples(word)}
    if not letters:
        return []
    rows = await session.scalars(_LIKE, {"bases": list(bases), "letters": sorted(letters)})
    return [word for row in rows for word in row]


async def _keep_spellings(session: TenantSession, base: UUID, words: set[str]) -> None:
    """Of words that are new to the base."""
    spelt = {word for word in words if len(word) >= _SHORTEST and not is_code(word)}
    fresh = await session.scalars(_FRESH, {"base": base, "words": sorted(spelt)})
    by_letters: defaultdict[str, list[str]] = defaultdict(list)
    for word in fresh:
        for three in set(triples(word)):
            by_letters[three].append(word)
    if by_letters:
        keys = sorted(by_letters)
        rows = {"letters": keys, "words": [" ".join(by_letters[three]) for three in keys]}
        await session.execute(_SPELL, {"tenant": session.tenant_id, "base": base} | rows)


async def _write(
    session: TenantSession, statement: TextClause, base: UUID, rows: Mapping[tuple[str, int], tuple[bytes, bytes]]
) -> None:
    if not rows:
        return
    keys = sorted(rows)
    values = {
        "words": [word for word, _ in keys],
        "blocks": [block for _, block in keys],
        "places": [rows[key][0] for key in keys],
        "weights": [rows[key][1] for key in keys],
    }
    await session.execute(statement, {"tenant": session.tenant_id, "base": base} | values)


def _without(run: Run, gone: set[int]) -> tuple[bytes, bytes]:
    kept = [(place, weight) for place, weight in zip(run.places, run.weights, strict=True) if place not in gone]
    return array("H", [place for place, _ in kept]).tobytes(), bytes(weight for _, weight in kept)


def _given(statement: str) -> TextClause:
    return given(
        statement,
        tenant=ONE_UUID,
        base=ONE_UUID,
        bases=UUIDS,
        words=TEXTS,
        letters=TEXTS,
        blocks=NUMBERS,
        places=BYTES,
        weights=BYTES,
    )


_ROWS: Final = """
    INSERT INTO knowledge_postings (tenant_id, base_id, word, block, places, weights)
    SELECT :tenant, :base, w.word, w.block, w.places, w.weights
    FROM unnest(:words, :blocks, :places, :weights) AS w (word, block, places, weights)
    ON CONFLICT (tenant_id, base_id, word, block) DO UPDATE SET
"""
_ADD: Final = _given(f"""{_ROWS} places = knowledge_postings.places || excluded.places,
    weights = knowledge_postings.weights || excluded.weights""")
_REPLACE: Final = _given(f"{_ROWS} places = excluded.places, weights = excluded.weights")
_DELETE: Final = _given("""
    DELETE FROM knowledge_postings p USING unnest(:words, :blocks) AS w (word, block)
    WHERE p.base_id = :base AND p.word = w.word AND p.block = w.block
""")
_FRESH: Final = _given("""
    SELECT w.word FROM unnest(:words) AS w (word) WHERE NOT EXISTS (
        SELECT FROM knowledge_postings p
        WHERE p.tenant_id = current_tenant() AND p.base_id = :base AND p.word = w.word OFFSET 0)
""")
_FIND: Final = _given("""
    SELECT base_id, word, block, places, weights FROM knowledge_postings
    WHERE base_id = ANY(:bases) AND word = ANY(:words)
""")
_LIKE: Final = _given("SELECT words FROM knowledge_spellings WHERE base_id = ANY(:bases) AND letters = ANY(:letters)")
_SPELL: Final = _given("""
    INSERT INTO knowledge_spellings (tenant_id, base_id, letters, words)
    SELECT :tenant, :base, w.letters, string_to_array(w.words, ' ')
    FROM unnest(:letters, :words) AS w (letters, words)
    ON CONFLICT (tenant_id, base_id, letters) DO UPDATE SET words = knowledge_spellings.words || excluded.words
""")
