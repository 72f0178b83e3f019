"""What the demo company knows, so that a newcomer's first question is answered, with where the answer stands."""

from hashlib import sha256
from importlib.resources import files
from typing import Final

from core.db.sessions import TenantSession
from knowledge.chunking import pieces_of
from knowledge.loaders.answers import Hints
from knowledge.loaders.textual import load
from knowledge.stores import bases, documents
from knowledge.stores.documents import Source

_FOLDER: Final = files("admin_api.tenants").joinpath("demo_bases")


async def install(session: TenantSession) -> None:
    """A base for each that the shipped personas name. They are ours: nothing in them need be held at a distance."""
    for file in sorted(_FOLDER.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".md"):
            continue
        data = file.read_bytes()
        loaded = load(data, Hints(name=file.name))
        source = Source(
            key=file.name,
            title=loaded.title,
            kind=loaded.kind.value,
            content_sha256=sha256(data).hexdigest(),
            notes=loaded.notes,
        )
        base = await bases.ensure(session, file.name.removesuffix(".md"))
        await documents.put(session, base, source, pieces_of(loaded))
