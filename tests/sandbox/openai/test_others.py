"""Models, embeddings, transcriptions, and all of it driven over the control plane."""

import base64
import hashlib
import math
import struct
from typing import Any

import httpx
import pytest

from sandbox.openai.embeddings import vector_of
from sandbox.openai.transcripts import LARGEST
from sandbox.recordings import voice_note
from sandbox.world import Sandbox
from tests.sandbox.asking import get, post
from tests.sandbox.openai.conftest import KEY

SMALL = "text-embedding-3-small"
AUDIO = b"OggS" + bytes(range(256))


async def embedded(client: httpx.AsyncClient, **told: Any) -> list[Any]:
    answer = await client.post("/embeddings", json={"model": SMALL, **told})
    assert answer.status_code == 200, answer.text
    return [row["embedding"] for row in answer.json()["data"]]


class TestModels:
    async def test_they_are_listed_and_found_by_name(self, openai: httpx.AsyncClient) -> None:
        listed = [row["id"] for row in (await openai.get("/models")).json()["data"]]
        assert {"gpt-4o", SMALL, "whisper-1"} <= set(listed)
        assert (await openai.get("/models/gpt-4o")).json()["id"] == "gpt-4o"
        assert (await openai.get("/models/gpt-9")).status_code == 404


class TestEmbeddings:
    async def test_the_same_text_is_the_same_vector_of_length_one(self, openai: httpx.AsyncClient) -> None:
        one, other, same = await embedded(openai, input=["vaga amanhã", "boleto vencido", "vaga amanhã"])
        assert one == same != other
        assert len(one) == 1536
        assert math.isclose(math.hypot(*one), 1)

    async def test_shared_words_bring_texts_nearer(self) -> None:
        asked, near, far = (
            vector_of(text, 512) for text in ("tem vaga amanhã", "vaga amanhã cedo", "segunda via do boleto")
        )
        assert _nearness(asked, near) > 0.5 > _nearness(asked, far)

    async def test_sizes_and_encodings_are_chosen(self, openai: httpx.AsyncClient) -> None:
        plain = (await embedded(openai, input="oi", dimensions=8))[0]
        packed = (await embedded(openai, input="oi", dimensions=8, encoding_format="base64"))[0]
        assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(plain)
        assert len(await embedded(openai, input=[[1, 2], [3]], dimensions=4)) == 2
        assert len(await embedded(openai, input=[1, 2], dimensions=4)) == 1

    @pytest.mark.parametrize(
        "told",
        [{}, {"input": ""}, {"input": []}, {"input": [3.5]}, {"input": "x", "dimensions": 0}, {"input": ["x"] * 2049}],
    )
    async def test_what_is_wrong_is_refused(self, openai: httpx.AsyncClient, told: dict[str, Any]) -> None:
        assert (await openai.post("/embeddings", json={"model": SMALL, **told})).status_code == 400


class TestTranscriptions:
    async def test_known_audio_says_what_the_table_says(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.openai.transcripts.tell(AUDIO, "quero marcar para amanhã")
        assert (await heard(openai, AUDIO))["text"] == "quero marcar para amanhã"

    async def test_a_voice_note_of_ours_says_what_was_written_into_it(self, openai: httpx.AsyncClient) -> None:
        told = await heard(openai, voice_note("quero marcar", seconds=7.2))
        assert told == {"text": "quero marcar", "usage": {"type": "duration", "seconds": 8}}

    async def test_unknown_audio_is_not_made_up(self, openai: httpx.AsyncClient) -> None:
        assert (await heard(openai, AUDIO))["text"] == ""
        detailed = await heard(openai, voice_note(seconds=2), response_format="verbose_json")
        assert (detailed["segments"], detailed["duration"]) == ([], 2.0)

    async def test_newer_models_are_paid_by_tokens(self, openai: httpx.AsyncClient) -> None:
        told = await heard(openai, voice_note("oi", seconds=4), model="gpt-4o-mini-transcribe")
        assert told["usage"]["input_token_details"] == {"text_tokens": 0, "audio_tokens": 40}
        refused = await sent(openai, AUDIO, model="gpt-4o-mini-transcribe", response_format="verbose_json")
        assert refused.status_code == 400

    async def test_formats(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.openai.transcripts.tell(AUDIO, "oi")
        assert (await sent(openai, AUDIO, response_format="text")).text == "oi\n"
        assert (await heard(openai, AUDIO, response_format="verbose_json", language="pt"))["language"] == "portuguese"
        assert (await sent(openai, AUDIO, response_format="srt")).status_code == 400

    async def test_what_is_wrong_is_refused(self, openai: httpx.AsyncClient) -> None:
        assert (await sent(openai, b"")).status_code == 400
        assert (await sent(openai, b"x" * (LARGEST + 1))).status_code == 413
        assert (await sent(openai, AUDIO, model="whisper-9")).status_code == 404
        files = {"file": ("a.amr", AUDIO)}
        refused = await openai.post("/audio/transcriptions", files=files, data={"model": "whisper-1"})
        assert "Invalid file format" in refused.json()["error"]["message"]
        assert (await openai.post("/audio/transcriptions", data={"model": "whisper-1"})).status_code == 400
        assert (await openai.post("/audio/transcriptions", files={"file": ("a.ogg", AUDIO)})).status_code == 400


class TestControl:
    async def test_keys_come_and_go(self, panel: httpx.AsyncClient, openai: httpx.AsyncClient) -> None:
        assert await post(panel, "/openai/keys", {"key": "sk-2", "name": "two"}) == {"keys": ["ours", "two"]}
        assert (await panel.delete("/openai/keys/ours")).json() == {"keys": ["two"]}
        assert (await panel.delete("/openai/keys/ours")).status_code == 404
        assert (await openai.get("/models")).status_code == 401
        await post(panel, "/openai/keys", {"key": ""}, status=422)

    async def test_faults_of_models_are_set_and_seen_beside_the_others(
        self, panel: httpx.AsyncClient, openai: httpx.AsyncClient
    ) -> None:
        await post(panel, "/openai/faults", {"name": "EmptyChoices", "times": 1})
        told = (await get(panel, "/faults"))["faults"]
        assert [(fault["name"], fault["path"]) for fault in told] == [("EmptyChoices", "/v1/chat/completions")]

        answer = await openai.post(
            "/chat/completions", json={"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
        )

        assert answer.json()["choices"] == []
        assert (await get(panel, "/faults"))["met"] == {"EmptyChoices": 1}
        await post(panel, "/openai/faults", {"name": "Nothing"}, status=422)
        await post(panel, "/openai/faults", {"name": "Says"}, status=422)

    async def test_transcripts_are_told_by_bytes_or_fingerprint(
        self, panel: httpx.AsyncClient, openai: httpx.AsyncClient
    ) -> None:
        fingerprint = hashlib.sha256(AUDIO).hexdigest()
        told = await post(panel, "/openai/transcripts", {"audio": base64.b64encode(AUDIO).decode(), "text": "um"})
        assert told == {"sha256": fingerprint}
        assert (await heard(openai, AUDIO))["text"] == "um"
        await post(panel, "/openai/transcripts", {"sha256": fingerprint, "text": "dois"})
        assert (await heard(openai, AUDIO))["text"] == "dois"
        await post(panel, "/openai/transcripts", {"text": "x"}, status=422)
        await post(panel, "/openai/transcripts", {"sha256": "x", "text": "x"}, status=422)

    async def test_settings_and_calls(self, panel: httpx.AsyncClient, openai: httpx.AsyncClient) -> None:
        told = await panel.patch("/openai/settings", json={"models": ["m"], "context_tokens": 9})
        assert told.json() == {"models": ["m"], "context_tokens": 9}
        assert (await panel.patch("/openai/settings", json={"context_tokens": 0})).status_code == 422
        await openai.get("/models")
        items = (await get(panel, "/openai/calls"))["items"]
        assert [(item["phone_id"], item["outcome"]) for item in items] == [("ours", "read")]

    async def test_only_this_machine_comes_in(self, panel: httpx.AsyncClient) -> None:
        assert (await panel.get("/openai/keys", headers={"Host": "rebound.example"})).status_code == 403

    async def test_no_key_is_told(self, panel: httpx.AsyncClient, openai: httpx.AsyncClient) -> None:
        await openai.get("/models")
        assert KEY not in str([await get(panel, "/openai/keys"), await get(panel, "/openai/calls")])


async def sent(client: httpx.AsyncClient, audio: bytes, **told: str) -> httpx.Response:
    files = {"file": ("voz.ogg", audio, "audio/ogg")}
    return await client.post("/audio/transcriptions", files=files, data={"model": "whisper-1", **told})


async def heard(client: httpx.AsyncClient, audio: bytes, **told: str) -> dict[str, Any]:
    answer = await sent(client, audio, **told)
    assert answer.status_code == 200, answer.text
    text: dict[str, Any] = answer.json()
    return text


def _nearness(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
