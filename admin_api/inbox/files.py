"""A file on its way out: as it is read, and closed behind whoever hangs up half-way."""

from contextlib import aclosing

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from channels.media import Download


class FileResponse(StreamingResponse):
    def __init__(self, file: Download) -> None:
        super().__init__(file.chunks, headers=dict(file.headers))
        self._chunks = file.chunks

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().__call__(scope, receive, send)
