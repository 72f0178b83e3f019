"""Files for bots: first their address, then, for an hour, their bytes under a token."""

import asyncio

from aiohttp import web

from sandbox import misbehaving
from sandbox.faults import Occasion, Stage
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.errors import bad_request, not_found, unauthorized
from sandbox.telegram.faults import FILE
from sandbox.telegram.files import LARGEST_DOWNLOAD
from sandbox.telegram.office import Office


class Downloads:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        return table(Method("getFile", Reach.READ, self._address))

    def _address(self, ask: Ask) -> Deed:
        file_id = ask.told.text("file_id")
        if not file_id:
            raise bad_request("file_id not specified")
        if (kept := self._office.shelf.find(file_id)) is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(kept.data) > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return lambda: {**kept.wire(), "file_path": self._office.shelf.open(kept)}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        bot = self._office.bots.of_token(request.match_info["token"])
        if bot is None:
            return unauthorized().response()
        trouble = self._office.ground.faults.draw(Occasion(path=FILE, phone_id=str(bot.id)))
        await asyncio.sleep(trouble.delay)
        if trouble.fault is not None and trouble.fault.stage is Stage.BEFORE:
            return await misbehaving.unaccepted(request, trouble.fault)
        kept = self._office.shelf.opened(request.match_info["path"])
        if kept is None:
            return not_found().response()
        answer = web.Response(body=kept.data, content_type="application/octet-stream")
        return answer if trouble.fault is None else await misbehaving.accepted(request, trouble.fault, answer)
