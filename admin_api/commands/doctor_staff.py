"""What `masteria doctor` says of the staff groups."""

from typing import Final

from admin_api.staff.stores.standing import Standing, standing
from admin_api.tenants.store import all_companies, own_company
from channels.telegram_staff.problems import words_of
from core.db.sessions import Database
from core.texts import Text

_MOST_LAG_SECONDS: Final = 300


async def troubles(database: Database) -> list[Text]:
    """A line for each; none where nothing is wrong."""
    found: list[Text] = []
    for company in await all_companies(database):
        async with database.tenant_session(company) as session:
            how = await standing(session)
            slug = (await own_company(session)).slug
        found += _of(slug, how)
    return found


def _of(slug: str, how: Standing) -> list[Text]:
    words = [words for name in how.problems if (words := words_of(name)) is not None]
    lines = [Text(f"Equipe de `{slug}`: {one.pt}", f"Staff of `{slug}`: {one.en}") for one in words]
    if how.waiting and how.oldest_seconds > _MOST_LAG_SECONDS:
        minutes = round(how.oldest_seconds / 60)
        lines.append(
            Text(
                f"Equipe de `{slug}`: {how.waiting} avisos esperam há {minutes} min: veja `masteria staff status`.",
                f"Staff of `{slug}`: {how.waiting} notes have waited for {minutes} min: see `masteria staff status`.",
            )
        )
    if how.failed:
        lines.append(
            Text(
                f"Equipe de `{slug}`: o Telegram recusou {how.failed} avisos desde ontem: veja o registro do processo.",
                f"Staff of `{slug}`: Telegram refused {how.failed} notes since yesterday: see the process's log.",
            )
        )
    return lines
