"""`make bench-desk`: how long from a press on "Aceitar" until the customer's phone shows what staff wrote.

The engine and the process of the staff group run as a user starts them; the sandbox plays Telegram and WhatsApp. The
yardstick of the same run is the wire alone: one update fetched by a long poll, then one message posted to WhatsApp.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.cards import TAKE
from bench.desk_scene import Customer, Scene, open_scene
from core.ids import new_id

SAMPLES: Final = 60
AT_ONCE: Final = 4  # people who answer at the same time, without a pause
WARM: Final = 5
TARGET_SECONDS: Final = 2.0
_PATIENCE: Final = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """From the press, and from the line that was typed after it was answered, until the customer has it."""

    claim: float
    line: float


def main() -> int:
    return asyncio.run(_measure())


async def _measure() -> int:
    async with open_scene(SAMPLES + WARM) as scene:
        wire = [await _wire(scene, number) for number in range(20)]
        for customer in scene.customers[:WARM]:
            await _sample(scene, customer)
        samples = await _many(scene, scene.customers[WARM:])
    claim, line = _p95([one.claim for one in samples]), _p95([one.line for one in samples])
    yardstick = statistics.median(wire)
    _row("the wires alone, median", yardstick, "yardstick")
    _row("press until the customer has the reply, median", statistics.median(one.claim for one in samples), "published")
    _row("press until the customer has the reply, p95", claim, f"target < {TARGET_SECONDS}")
    _row("line typed until the customer has it, p95", line, f"target < {TARGET_SECONDS}")
    result = {
        "bench": "desk",
        "claim_p95_seconds": round(claim, 3),
        "line_p95_seconds": round(line, 3),
        "ratio": round(claim / yardstick, 1),
        "samples": len(samples),
    }
    print(json.dumps(result))
    return 0 if claim < TARGET_SECONDS and line < TARGET_SECONDS else 1


async def _many(scene: Scene, customers: Sequence[Customer]) -> list[Sample]:
    waiting, samples = list(customers), []

    async def hand() -> None:
        while waiting:
            samples.append(await _sample(scene, waiting.pop()))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(hand())
    return samples


async def _sample(scene: Scene, customer: Customer) -> Sample:
    """The press is answered before anybody types, as it is when a person does it."""
    data = await _button(scene, customer)
    acts, words = scene.sandbox.telegram.acts, f"Oi, em que posso ajudar? {customer.number}"
    began = time.perf_counter()
    press = acts.press(scene.chat, scene.bia, customer.thread, data=data)
    await scene.sandbox.telegram.answered(press.id, seconds=_PATIENCE)
    if press.text != "Agora é com você.":
        raise RuntimeError(f"the press was answered by {press.text!r}")
    typed = time.perf_counter()
    scene.type(customer.thread, words)
    await scene.until_heard(customer, words, seconds=_PATIENCE)
    ended = time.perf_counter()
    return Sample(claim=ended - began, line=ended - typed)


async def _button(scene: Scene, customer: Customer) -> str:
    """As the card carries it. Cards themselves come as slowly as Telegram lets a group be written to."""
    choice = Choice(text="Aceitar", action=TAKE, conversation=customer.conversation, epoch=customer.epoch)
    async with scene.floor.database.tenant_session(scene.company) as session:
        made = await Buttons(scene.floor.ring).make(session, new_id(), choice)
    if made.data is None:
        raise RuntimeError("a button without data")
    return made.data


async def _wire(scene: Scene, number: int) -> float:
    """A bot of nobody's: told of a line, and a message posted for it."""
    telegram, bot = scene.sandbox.telegram, scene.idle_bot
    began = time.perf_counter()
    telegram.acts.write(telegram.office.chats.private(bot.id, scene.bia), scene.bia, scene.line(f"oi {number}"))
    async with aiohttp.ClientSession(scene.sandbox.url) as client:
        asked = {"offset": scene.seen + 1, "timeout": 5}
        async with client.post(f"/bot{bot.account.token}/getUpdates", json=asked) as answer:
            told = await answer.json()
        scene.seen = told["result"][-1]["update_id"]
        body = {
            "messaging_product": "whatsapp",
            "to": f"+{scene.customers[0].number}",
            "type": "text",
            "text": {"body": f"oi {number}"},
        }
        headers = {"authorization": f"Bearer {scene.token}"}
        async with client.post(f"/v23.0/{scene.phone_id}/messages", json=body, headers=headers) as answer:
            answer.raise_for_status()
    return time.perf_counter() - began


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _row(what: str, seconds: float, verdict: str) -> None:
    print(f"{what:<56} {seconds:>8.3f} s  {verdict}")


if __name__ == "__main__":
    sys.exit(main())
