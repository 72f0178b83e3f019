"""What a search would find that weighed every passage: the yardstick for one that weighs only the likely ones."""

from collections.abc import Sequence

from core.db.sessions import TenantSession
from knowledge import asking
from knowledge.stores import passages, postings
from knowledge.stores.passages import Ranked


async def weigh_all(session: TenantSession, question: str, names: Sequence[str], *, most: int) -> list[Ranked]:
    """The best of the bases by the product with the question, the best first. It corrects no spelling."""
    asked = asking.read(question)
    shelves = await passages.shelves(session, names, [])
    runs = {word: await postings.find(session, list(shelves.ids), [word]) for word in asked.readings}
    counts = {word: sum(len(run.places) for run in found) for word, found in runs.items()}
    asked = asking.with_rarity(asked, counts, shelves.passages)
    return await passages.rank(session, list(shelves.ids), asking.vector(asked), most=most, among=None)
