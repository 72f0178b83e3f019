"""Which adapter speaks for which channel. A new channel is a folder and a line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels.base import Adapter
from core.errors import Malformed, NotFound
from core.models.people import ConnectionKind


class Registry:
    """The adapters of a process, made by its entry point and closed by it."""

    def __init__(self, adapters: Mapping[ConnectionKind, Adapter]) -> None:
        self._adapters = MappingProxyType(dict(adapters))

    def get(self, kind: ConnectionKind) -> Adapter:
        found = self._adapters.get(kind)
        if found is None:
            raise NotFound(f"O canal {kind} ainda não existe aqui.", f"The channel {kind} does not exist here yet.")
        return found

    @property
    def kinds(self) -> frozenset[ConnectionKind]:
        return frozenset(self._adapters)


def channel_named(name: str) -> ConnectionKind:
    """People write `WhatsApp`, `WHATSAPP` and `voice_retell`."""
    try:
        return ConnectionKind(name.strip().casefold().replace("_", "-"))
    except ValueError:
        known = ", ".join(ConnectionKind)
        raise Malformed(
            f"Canal desconhecido: {name[:40]!r}. Use um destes: {known}.",
            f"Unknown channel: {name[:40]!r}. Use one of {known}.",
        ) from None
