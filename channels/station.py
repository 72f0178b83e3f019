"""What work on channels needs beside the floor, made once by the entry point of a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from channels.adapters import open_registry
from channels.lines import Lines
from channels.registry import Registry
from core.floor import Floor
from core.storage import Storage, open_storage


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    floor: Floor
    registry: Registry
    lines: Lines
    storage: Storage


@asynccontextmanager
async def open_station(floor: Floor) -> AsyncIterator[Station]:
    async with open_registry(floor.settings) as registry:
        yield Station(
            floor=floor,
            registry=registry,
            lines=Lines(floor.database, floor.ring),
            storage=open_storage(floor.settings.storage_url),
        )
