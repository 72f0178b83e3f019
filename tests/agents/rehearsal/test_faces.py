"""The two faces on the wire shapes of others: litellm's own calls, and OpenAI's requests and answers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import litellm
import pytest
from litellm.exceptions import BadRequestError, RateLimitError
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from agents.rehearsal import openai_face
from agents.rehearsal.brain import reply
from agents.rehearsal.cassette_file import read_cassette
from agents.rehearsal.cassettes import Deck
from agents.rehearsal.litellm_face import register
from agents.rehearsal.openai_face import OpenAIFace, Refusal
from tests.agents.rehearsal.prompting import passages, responding

FORMAT: Final = {"type": "json_schema", "json_schema": {"name": "respond", "strict": True, "schema": {}}}
ASKED: Final = responding("quanto custa o frete?", passages=passages(("Frete", "O frete custa R$ 9,00.")))
HONEST: Final = reply(ASKED, schema_name="respond")


def request(**others: Any) -> dict[str, Any]:
    return {"model": "rehearsal/honest", "messages": ASKED, "response_format": FORMAT, **others}


def deck(script: str) -> Deck:
    return Deck.of({"conversation-1": read_cassette(script, name="one.yaml")})


@pytest.fixture
def no_providers() -> Iterator[None]:
    before = litellm.custom_provider_map
    yield
    litellm.custom_provider_map = before


@pytest.mark.filterwarnings("ignore:.*ReadOnly:UserWarning")  # of litellm's own types, once per process
@pytest.mark.usefixtures("no_providers")
class TestLiteLlm:
    async def test_a_completion_is_the_brains_answer(self) -> None:
        register()
        response: Any = await litellm.acompletion(**request())
        assert response.choices[0].message.content == HONEST.text
        assert response.choices[0].finish_reason == "stop"
        assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (
            HONEST.input_tokens,
            HONEST.output_tokens,
        )

    async def test_the_same_call_has_the_same_id(self) -> None:
        register()
        ids = {(await litellm.acompletion(**request())).id for _ in range(2)}
        assert len(ids) == 1

    async def test_a_stream_is_the_answer_in_chunks(self) -> None:
        register()
        stream: Any = await litellm.acompletion(**request(), stream=True, stream_options={"include_usage": True})
        received = [chunk async for chunk in stream]
        texts = [chunk.choices[0].delta.content or "" for chunk in received if chunk.choices]
        assert "".join(texts) == HONEST.text
        assert len([text for text in texts if text]) > 3
        assert received[-1].usage.completion_tokens == HONEST.output_tokens

    async def test_the_model_names_mode_and_seed(self) -> None:
        register()
        response: Any = await litellm.acompletion(**request(model="rehearsal/chaotic?seed=3"))
        assert response.choices[0].message.content == reply(ASKED, schema_name="respond", mode="chaotic", seed=3).text

    async def test_metadata_choose_the_script(self) -> None:
        face = deck('- {purpose: respond, say: "Do roteiro."}')
        register(face)
        response: Any = await litellm.acompletion(
            **request(model="rehearsal/scripted"), metadata={"conversation_id": "conversation-1"}
        )
        assert "Do roteiro." in response.choices[0].message.content
        face.finish()

    async def test_a_scripted_refusal_is_an_error_of_its_status(self) -> None:
        register(deck("- {purpose: respond, fail: 429}"))
        with pytest.raises(RateLimitError):
            await litellm.acompletion(
                **request(model="rehearsal/scripted"), metadata={"conversation_id": "conversation-1"}
            )

    async def test_a_scripted_cut_breaks_the_stream(self) -> None:
        register(deck('- {purpose: respond, say: "uma frase com muitas palavras", cut_after: 2}'))
        stream: Any = await litellm.acompletion(
            **request(model="rehearsal/scripted"), metadata={"conversation_id": "conversation-1"}, stream=True
        )
        with pytest.raises(Exception, match="broke off"):
            _ = [chunk async for chunk in stream]

    async def test_a_prompt_off_the_contract_is_a_bad_request(self) -> None:
        register()
        with pytest.raises(BadRequestError, match="contract"):
            await litellm.acompletion(**request(messages=[{"role": "user", "content": "oi"}]))

    def test_it_is_imported_without_the_network_and_the_brain_without_it(self) -> None:
        program = (
            "import sys, socket; socket.socket.connect = None; import agents.rehearsal.openai_face; "
            "assert 'litellm' not in sys.modules and 'openai' not in sys.modules; "
            "import os, agents.rehearsal.litellm_face; assert os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] == 'True'"
        )
        root = Path(__file__).parents[3]
        subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


class TestOpenAI:
    def test_an_answer_is_a_chat_completion(self) -> None:
        body = openai_face.answer(request())
        completion = ChatCompletion.model_validate(body, strict=True)
        assert completion.choices[0].message.content == HONEST.text
        assert completion.usage is not None
        assert completion.usage.total_tokens == HONEST.input_tokens + HONEST.output_tokens
        assert body["x_rehearsal"] == {"is_rehearsal": True, "hang": 0.0, "cut_after": None}

    def test_the_same_request_has_the_same_answer_to_the_letter(self) -> None:
        assert openai_face.answer(request()) == openai_face.answer(request())
        assert openai_face.answer(request())["id"] != openai_face.answer(request(model="rehearsal/gullible"))["id"]

    def test_a_stream_is_chunks_of_a_chat_completion(self) -> None:
        bodies = list(openai_face.stream(request(stream=True, stream_options={"include_usage": True})))
        received = [ChatCompletionChunk.model_validate(body, strict=True) for body in bodies]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in received if chunk.choices) == HONEST.text
        assert received[0].choices[0].delta.role == "assistant"
        assert received[-2].choices[0].finish_reason == "stop"
        assert received[-1].usage is not None
        assert {chunk.id for chunk in received} == {received[0].id}

    def test_usage_is_told_where_it_was_asked_for(self) -> None:
        assert all("usage" not in body for body in openai_face.stream(request(stream=True)))

    def test_a_stream_that_is_cut_lacks_its_end(self) -> None:
        face = OpenAIFace(deck('- {purpose: respond, say: "uma frase com muitas palavras", cut_after: 2}'))
        bodies = list(face.stream(request(model="rehearsal/scripted", metadata={"conversation_id": "conversation-1"})))
        assert len(bodies) == 3
        assert all(body["choices"][0]["finish_reason"] is None for body in bodies)

    def test_a_hang_is_told_to_whoever_serves(self) -> None:
        face = OpenAIFace(deck('- {purpose: respond, say: "Oi!", hang: 5s}'))
        body = face.answer(request(model="rehearsal/scripted", metadata={"conversation_id": "conversation-1"}))
        assert body["x_rehearsal"]["hang"] == 5

    def test_a_bare_name_is_a_mode(self) -> None:
        assert openai_face.answer(request(model="honest"))["choices"] == openai_face.answer(request())["choices"]

    @pytest.mark.parametrize(
        ("script", "status", "kind"),
        [
            ("- {purpose: respond, fail: 429}", 429, "rate_limit_error"),
            ("- {purpose: respond, fail: 503}", 503, "server_error"),
            ("- {purpose: respond, fail: 401}", 401, "invalid_request_error"),
        ],
    )
    def test_a_scripted_refusal_has_its_status(self, script: str, status: int, kind: str) -> None:
        with pytest.raises(Refusal) as caught:
            OpenAIFace(deck(script)).answer(
                request(model="rehearsal/scripted", metadata={"conversation_id": "conversation-1"})
            )
        assert caught.value.status == status
        assert caught.value.body["error"]["type"] == kind
        assert (caught.value.retry_after is not None) == (status == 429)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"messages": []},
            {"messages": "oi"},
            {"messages": ["oi"]},
            {"model": None},
            {"model": "rehearsal/wild"},
            {"model": "rehearsal/HONEST!"},
            {"model": "rehearsal/scripted"},
            {"messages": [{"role": "user", "content": "oi"}]},
            {"response_format": {"type": "json_schema", "json_schema": {"name": "chat"}}},
        ],
    )
    def test_a_request_that_is_wrong_is_refused(self, wrong: dict[str, Any]) -> None:
        for ask in (openai_face.answer, openai_face.stream):
            with pytest.raises(Refusal) as caught:
                ask(request(**wrong))
            assert caught.value.status == 400
