"""What waits to be said, through JSON and back: the same thing."""

import json
from typing import Final

import pytest

from channels.telegram_staff.notes import (
    About,
    Body,
    Button,
    Card,
    Change,
    CloseTopic,
    DeleteTopic,
    Locate,
    OpenTopic,
    React,
    Say,
    Show,
    Unsay,
    from_json,
    to_json,
)
from channels.telegram_staff.rich import Rich, bold, link
from core.ids import new_id
from core.models.staff import LineKind
from core.models.stream import MessageKind

ROWS: Final = ((Button(text="Aceitar", data="b:1"), Button(text="Ver", url="https://x.example")),)
BODIES: Final[tuple[Body, ...]] = (
    Say(text=bold("Olá") + " 😀", buttons=ROWS, reply_to=7, about=About(said=new_id()), merges=True, is_silent=True),
    Say(text=Rich("só isto")),
    Show(
        storage_key="k", kind=MessageKind.VOICE, mime="audio/ogg", filename="voz.ogg", caption=link("x", "https://y"),
        about=About(said=new_id(), kind=LineKind.SENT), media_id=new_id(), is_passing=True,
    ),
    Locate(latitude=-23.5, longitude=-46.6, about=About(said=new_id())),
    Card(text=Rich("cartão"), buttons=ROWS),
    Change(message_id=12, text=Rich("novo"), buttons=((Button(text="Copiar", copied="123"),),)),
    React(message_id=5, sign="👍"),
    React(message_id=5, sign=""),
    OpenTopic(name="Ana · 8765"),
    CloseTopic(),
    DeleteTopic(),
    Unsay(message_ids=(1, 2, 3)),
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
class TestRoundTrip:
    def test_it_comes_back_as_it_was(self, body: Body) -> None:
        assert from_json(json.loads(json.dumps(to_json(body)))) == body

    def test_its_type_is_told(self, body: Body) -> None:
        assert isinstance(to_json(body)["type"], str)
