"""What words mean to a company: `celular` is `telefone`, and each is found by the other."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Malformed, NotFound
from core.ids import new_id
from core.models.knowledge import KnowledgeSynonyms
from knowledge.folding import meant

_LONGEST: Final = 3  # words
_MOST: Final = 12  # of one meaning


async def add(session: TenantSession, words: Sequence[str]) -> None:
    """They mean the same from now on, and what meant the same as one of them does too."""
    await hold_until_commit(session, "synonyms")
    named = {_key(word) for word in words}
    if len(named) < 2:  # noqa: PLR2004 - one word is no synonym of itself
        raise Malformed(
            "Diga pelo menos duas palavras com o mesmo sentido.", "Name at least two words that mean the same."
        )
    known = await every(session)
    group = named.union(*(known[word] for word in named if word in known))
    if len(group) > _MOST:
        raise Malformed(f"Um sentido tem no máximo {_MOST} palavras.", f"No more than {_MOST} words can mean the same.")
    rows = [
        {"tenant_id": session.tenant_id, "id": new_id(), "word": word, "others": sorted(group - {word})}
        for word in sorted(group)
    ]
    added = insert(KnowledgeSynonyms).values(rows)
    key = ["tenant_id", "word"]
    await session.execute(added.on_conflict_do_update(index_elements=key, set_={"others": added.excluded.others}))


async def every(session: TenantSession) -> Mapping[str, frozenset[str]]:
    rows = await session.execute(select(KnowledgeSynonyms.word, KnowledgeSynonyms.others))
    return {word: frozenset(others) for word, others in rows}


async def remove(session: TenantSession, word: str) -> None:
    """This one means only itself again; the others keep each other."""
    await hold_until_commit(session, "synonyms")
    key = _key(word)
    known = await every(session)
    if key not in known:
        raise NotFound(f"Não há sinônimos de {key}.", f"There are no synonyms of {key}.")
    await session.execute(delete(KnowledgeSynonyms).where(KnowledgeSynonyms.word == key))
    for other in known[key]:
        kept = sorted(known[other] - {key})
        row = KnowledgeSynonyms.word == other
        if kept:
            await session.execute(update(KnowledgeSynonyms).where(row).values(others=kept))
        else:
            await session.execute(delete(KnowledgeSynonyms).where(row))


def _key(word: str) -> str:
    """As a question's words are compared."""
    words = meant(word)[0]
    if not words or len(words) > _LONGEST:
        raise Malformed(
            f"Um sinônimo tem de uma a {_LONGEST} palavras com sentido próprio.",
            f"A synonym has one to {_LONGEST} words that mean something.",
        )
    return " ".join(words)
