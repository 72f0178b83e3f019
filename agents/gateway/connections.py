"""Connections to model providers: ours, with a cap on what an answer may come to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from typing_extensions import override

from agents.gateway.adapter import MOST_BYTES, MOST_VECTOR_BYTES
from core.http import Garbled, Limits, Oversized, open_client

_LIMITS: Final = Limits(connect=3.0)
_VECTORS: Final = "/embeddings"


@asynccontextmanager
async def capped_client() -> AsyncIterator[httpx.AsyncClient]:
    """Our connections; an answer is read up to a limit, and not unpacked, for what is packed has none."""
    async with open_client(headers={"Accept-Encoding": "identity"}, limits=_LIMITS) as client:
        client.event_hooks["response"].append(_cap)
        yield client


async def _cap(response: httpx.Response) -> None:
    place = f"{response.request.method} {response.request.url.host}"
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Garbled(place)
    if isinstance(response.stream, httpx.AsyncByteStream):
        most = MOST_VECTOR_BYTES if response.request.url.path.endswith(_VECTORS) else MOST_BYTES
        response.stream = _CappedStream(response.stream, most=most, place=place)


class _CappedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, *, most: int, place: str) -> None:
        self._stream = stream
        self._most = most
        self._place = place

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise Oversized(self._place)
            yield piece

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()
