"""Parts of a request body that stand alone and in the head of a template alike."""

from typing import Any

from channels.contents import Location, Media
from channels.whatsapp_cloud.fields import without_nothing
from channels.whatsapp_cloud.limits import LONGEST_ID, LONGEST_NAME, Checks

_NORTH = 90
_EAST = 180


def media_reference(field: str, media: Media, checks: Checks) -> dict[str, Any]:
    """By the id that Meta gave it, or by an address that Meta fetches it from."""
    if media.provider_media_id and not media.link:
        return {"id": checks.length(f"{field}.provider_media_id", media.provider_media_id, LONGEST_ID)}
    if media.link and not media.provider_media_id:
        return {"link": checks.link(f"{field}.link", media.link)}
    checks.refuse(
        field,
        "precisa ou do id dado pelo WhatsApp ou de um link: envie antes o arquivo.",
        "needs either the id that WhatsApp gave or a link: upload the file first.",
    )
    return {}


def location_part(field: str, location: Location, checks: Checks) -> dict[str, Any]:
    # Written so that NaN, which is neither smaller nor larger, is refused too.
    if not (abs(location.latitude) <= _NORTH and abs(location.longitude) <= _EAST):
        checks.refuse(field, "não é um ponto da Terra.", "is not a point on Earth.")
        return {}
    if location.address is not None and location.name is None:
        checks.refuse(f"{field}.name", "um endereço precisa de um nome.", "an address needs a name.")
    return {
        "latitude": location.latitude,
        "longitude": location.longitude,
        **without_nothing(
            {
                "name": checks.words_if_any(f"{field}.name", location.name, LONGEST_NAME),
                "address": checks.words_if_any(f"{field}.address", location.address, LONGEST_NAME),
            }
        ),
    }
