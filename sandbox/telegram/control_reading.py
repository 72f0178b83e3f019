"""The control plane's looks at Telegram: the ledger, the chats as people see them, limits, faults and files."""

import base64
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from sandbox.fault_json import fault_to
from sandbox.paging import page_of, patience_of
from sandbox.panel import answer, not_there, read, variant
from sandbox.telegram.book import Accepted, Call, Wanted
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.deliveries import DeliverySettings
from sandbox.telegram.faults import TELEGRAM_FAULTS
from sandbox.telegram.finding import Finding
from sandbox.telegram.flood import FloodSettings
from sandbox.telegram.provider import Telegram

_BY_NAME: Final = {kind.__name__: kind for kind in TELEGRAM_FAULTS}


class ReadingControl:
    def __init__(self, telegram: Telegram, find: Finding) -> None:
        self._telegram = telegram
        self._find = find

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/calls", self._calls)
        router.add_get(f"{prefix}/accepted", self._accepted)
        router.add_get(f"{prefix}/counters", self._counters)
        router.add_get(f"{prefix}/chats/{{chat_id}}/messages", self._messages)
        router.add_get(f"{prefix}/files/{{file_id}}", self._file)
        router.add_get(f"{prefix}/flood", self._flood)
        router.add_put(f"{prefix}/flood", self._set_flood)
        router.add_get(f"{prefix}/webhooks", self._webhooks)
        router.add_put(f"{prefix}/webhooks", self._set_webhooks)
        router.add_post(f"{prefix}/faults", self._add_fault)

    async def _calls(self, request: web.Request) -> web.Response:
        page, book = page_of(request), self._telegram.book
        calls = book.calls_page(after=page.after, limit=page.limit)
        return answer(page.told([_call(call) for call in calls], forgotten=book.forgotten))

    async def _accepted(self, request: web.Request) -> web.Response:
        """With `wait` it answers as soon as there is something, or after that many seconds."""
        page, book = page_of(request), self._telegram.book
        wanted = Wanted(
            bot_id=self._optional(request, "bot_id"),
            chat_id=self._optional(request, "chat_id"),
            thread_id=self._optional(request, "thread_id"),
            act=request.query.get("act"),
        )
        found = await book.within(patience_of(request), wanted, after=page.after, limit=page.limit)
        return answer(page.told([accepted_to(each) for each in found], forgotten=book.forgotten))

    async def _counters(self, _request: web.Request) -> web.Response:
        telegram = self._telegram
        updates = {
            str(bot.id): {"pending": len(bot.updates), "confirmed": bot.updates.confirmed} for bot in telegram.bots
        }
        book = {"calls": telegram.book.called, "accepted": telegram.book.taken, "forgotten": telegram.book.forgotten}
        flood = {"refused": telegram.office.flood.refused}
        webhooks = asdict(telegram.office.deliveries.counters)
        return answer({"ledger": book, "updates": updates, "flood": flood, "webhooks": webhooks})

    async def _messages(self, request: web.Request) -> web.Response:
        """What changed behind the version `after`, each as it is now; `thread_id` 0 is what stands in no topic."""
        chat = self._find.chat(self._find.number(request, "chat_id"), bot_id=self._optional(request, "bot_id"))
        page, thread = page_of(request), self._optional(request, "thread_id")
        seen = self._telegram.office.chats.seen
        found = await seen(chat, after=page.after, seconds=patience_of(request), limit=page.limit)
        items = [_message(chat, each) for each in found if thread in {None, each.thread_id or 0}]
        last = found[-1].version if found else page.after
        return answer({"items": items, "version": last})

    async def _file(self, request: web.Request) -> web.Response:
        """The bytes of a file in a message, for whoever looks at the chat."""
        if (kept := self._telegram.office.shelf.find(request.match_info["file_id"])) is None:
            raise not_there("file_id")
        told = {"kind": kept.kind, "name": kept.name, "mime_type": kept.mime_type, "sha256": kept.sha256}
        return answer(told | {"data": base64.b64encode(kept.data).decode()})

    async def _flood(self, _request: web.Request) -> web.Response:
        return answer(asdict(self._telegram.office.flood.settings))

    async def _set_flood(self, request: web.Request) -> web.Response:
        """What is not told is as after the start; null is no limit."""
        self._telegram.office.flood.settings = await read(request, FloodSettings)
        return await self._flood(request)

    async def _webhooks(self, _request: web.Request) -> web.Response:
        deliveries = self._telegram.office.deliveries
        pending = deliveries.pending(self._telegram.bots)
        counters = {**asdict(deliveries.counters), "pending": pending}
        return answer({"settings": asdict(deliveries.settings), "counters": counters})

    async def _set_webhooks(self, request: web.Request) -> web.Response:
        self._telegram.office.deliveries.settings = await read(request, DeliverySettings)
        return await self._webhooks(request)

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Those that only Telegram has; the others are set beside WhatsApp's, with one of our paths."""
        told = await read(request, dict[str, Any])
        faults = self._telegram.office.ground.faults
        faults.add(variant(_BY_NAME, told, key="name"))
        return answer({"faults": [fault_to(fault) for fault in faults.set_now]})

    def _optional(self, request: web.Request, name: str) -> int | None:
        return self._find.number(request, name) if name in request.query else None


def accepted_to(accepted: Accepted) -> dict[str, Any]:
    done = accepted.done
    return {
        "number": accepted.number,
        "monotonic_ns": accepted.at.monotonic_ns,
        "wall_ns": accepted.at.wall_ns,
        "call": accepted.call,
        "bot_id": accepted.bot_id,
        "method": accepted.method,
        "act": done.act.value,
        "chat_id": done.chat_id,
        "thread_id": done.thread_id,
        "message_id": done.message_id,
        "kind": done.kind,
        "text": done.text,
        "entities": list(done.entities),
        "reply_markup": done.reply_markup,
        "sha256": done.sha256,
        "details": dict(done.details),
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "number": call.number,
        "monotonic_ns": call.at.monotonic_ns,
        "wall_ns": call.at.wall_ns,
        "bot_id": call.bot_id,
        "method": call.method,
        "chat_id": call.chat_id,
        "thread_id": call.thread_id,
        "parameters": dict(call.parameters),
        "files": dict(call.files),
        "outcome": call.outcome.value,
        "code": call.code,
        "description": call.description,
        "fault": call.fault,
    }


def _message(chat: Chat, message: Message) -> dict[str, Any]:
    reactions = [{"user_id": user_id, "reaction": told} for user_id, told in message.reactions.items()]
    told = {"message_id": message.id} if message.is_deleted else chat.told(message)
    more = {"kind": message.kind, "is_service": message.is_service, "reactions": reactions}
    return {"version": message.version, "is_deleted": message.is_deleted, **more, "message": told}
