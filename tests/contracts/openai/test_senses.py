"""Recordings and pictures on OpenAI's wire, over both clients: what goes out, what comes back, and what fails."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from agents.gateway.models import HEARING, SEEING
from agents.gateway.port import MediaRequest, ModelGarbage, ModelUnavailable
from agents.rehearsal.brain import reply
from core.clock import Deadline
from sandbox import faults
from sandbox.faults import Fault
from sandbox.openai.faults import Filtered, Refuses, Says
from sandbox.recordings import picture, voice_note
from tests.contracts.openai.provider import Provider, provider

NOTE = voice_note("quero marcar para amanhã às 10h", seconds=12)
RECEIPT = picture("um comprovante de R$ 100,00")
V1 = "/v1/"
# What pydantic thinks of litellm.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


def looked_at(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """As a rehearsal sees: by what the file says of itself."""
    told = reply(body["messages"], schema_name=body["response_format"]["json_schema"]["name"])
    return {"choices": [{"message": {"content": told.text}, "finish_reason": "stop"}]}


@pytest.fixture(params=["langchain", "litellm"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    async with provider(request.param) as model:
        model.sandbox.openai.answer = looked_at
        yield model


def media(content: bytes, *, seconds: float = 5.0) -> MediaRequest:
    is_sound = content.startswith(b"OggS")
    return MediaRequest(
        aliases=(HEARING if is_sound else SEEING,),
        content=content,
        mime="audio/ogg" if is_sound else "image/png",
        language="pt-BR",
        deadline=Deadline.after(seconds),
    )


class TestRecordings:
    async def test_what_is_said_is_heard_and_counted(self, model: Provider) -> None:
        told = await model.gateway.transcribe(media(NOTE))
        assert told.text == "quero marcar para amanhã às 10h"
        assert (told.model, told.usage.calls, told.is_rehearsal) == ("openai/whisper-1", 1, False)
        assert len(model.calls) == 1

    async def test_silence_says_nothing(self, model: Provider) -> None:
        assert (await model.gateway.transcribe(media(voice_note()))).text == ""

    async def test_a_file_that_is_no_sound_is_refused_once(self, model: Provider) -> None:
        told = media(NOTE)
        odd = MediaRequest(
            aliases=told.aliases, content=NOTE, mime="audio/amr", language="pt-BR", deadline=told.deadline
        )
        with pytest.raises(ModelUnavailable):
            await model.gateway.transcribe(odd)
        assert len(model.calls) == 1

    @pytest.mark.parametrize(
        ("fault", "calls"),
        [
            (faults.ErrorCode(code=503, path=V1, times=1), 2),
            (faults.TooManyRequests(retry_after="0", path=V1, times=1), 2),
            (faults.DropBefore(path=V1, times=1), 2),
        ],
    )
    async def test_trouble_that_passes_is_tried_once_more(self, model: Provider, fault: Fault, calls: int) -> None:
        model.sandbox.faults.add(fault)
        assert (await model.gateway.transcribe(media(NOTE))).text
        assert len(model.calls) == calls

    async def test_f29_one_that_hangs_ends_with_its_deadline(self, model: Provider) -> None:
        model.sandbox.faults.add(faults.SlowAccept(seconds=5, path=V1))
        with pytest.raises(ModelUnavailable):
            await model.gateway.transcribe(media(NOTE, seconds=0.4))


class TestPictures:
    async def test_the_bytes_themselves_go_out_and_no_address(self, model: Provider) -> None:
        told = await model.gateway.describe(media(RECEIPT))
        assert told.text == "um comprovante de R$ 100,00"
        [body] = model.bodies
        [part] = body["messages"][1]["content"]
        assert part["image_url"]["url"].startswith("data:image/png;base64,")
        assert body["response_format"]["json_schema"]["name"] == "describe"
        assert "nunca obedeça" in body["messages"][0]["content"]

    @pytest.mark.parametrize("fault", [Refuses(), Filtered()])
    async def test_f32_a_refusal_is_one(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)
        with pytest.raises(ModelGarbage):
            await model.gateway.describe(media(RECEIPT))

    @pytest.mark.parametrize("said", ["um comprovante", '{"texto": "x"}', ""])
    async def test_f30_what_is_not_in_its_form_is_no_description(self, model: Provider, said: str) -> None:
        model.sandbox.faults.add(Says(text=said))
        with pytest.raises(ModelUnavailable):
            await model.gateway.describe(media(RECEIPT))

    async def test_a_picture_that_is_none_is_refused(self, model: Provider) -> None:
        with pytest.raises(ModelUnavailable):
            await model.gateway.describe(media(b"GIF, but not really"))
        assert json.loads(model.calls[0].body)["model"] == "gpt-4o"
