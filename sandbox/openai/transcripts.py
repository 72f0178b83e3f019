"""What a voice message says: by a table that a rehearsal fills, for nothing here listens to sound."""

import hashlib
from typing import Any, Final

from aiohttp import BodyPartReader, web

from sandbox.openai.errors import OpenAiError, missing, wrong_value
from sandbox.recent import Recent

LARGEST: Final = 25 * 1024 * 1024
_MOST_KEPT: Final = 10_000
_LARGEST_FIELD: Final = 64 * 1024
_FORMATS: Final = ("json", "text", "verbose_json")


class Transcripts:
    def __init__(self) -> None:
        self._texts: Recent[str, str] = Recent(_MOST_KEPT)

    def tell(self, audio: bytes, text: str) -> str:
        """From now on these bytes say this. Returns their fingerprint."""
        fingerprint = hashlib.sha256(audio).hexdigest()
        self.tell_of(fingerprint, text)
        return fingerprint

    def tell_of(self, fingerprint: str, text: str) -> None:
        self._texts.put(fingerprint, text)

    def text_of(self, audio: bytes) -> str:
        told = self._texts.get(hashlib.sha256(audio).hexdigest())
        return f"[áudio de ensaio, {len(audio)} bytes: ninguém disse o que ele fala]" if told is None else told

    def clear(self) -> None:
        self._texts.clear()

    async def answer(self, request: web.Request) -> web.Response:
        form = await _form(request)
        audio, told = form.get("file"), {name: value.decode(errors="replace") for name, value in form.items()}
        if audio is None:
            raise missing("file")
        if not told.get("model"):
            raise missing("model")
        kind = told.get("response_format", "json")
        if kind not in _FORMATS:
            raise wrong_value("response_format", expected="one of " + ", ".join(_FORMATS))
        if not audio:
            message = "Audio file is too short. Minimum audio length is 0.1 seconds."
            raise OpenAiError(400, message, code="audio_too_short", param="file")
        text = self.text_of(audio)
        if kind == "text":
            return web.Response(text=text + "\n", content_type="text/plain")
        return web.json_response({"text": text, **(_details(told) if kind == "verbose_json" else {})})


def _details(told: dict[str, str]) -> dict[str, Any]:
    return {"task": "transcribe", "language": told.get("language", "portuguese"), "duration": 0.0, "segments": []}


async def _form(request: web.Request) -> dict[str, bytes]:
    if not request.content_type.startswith("multipart/"):
        raise missing("file")
    form: dict[str, bytes] = {}
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name:
            form[part.name] = await _read(part, LARGEST if part.name == "file" else _LARGEST_FIELD)
    return form


async def _read(part: BodyPartReader, most: int) -> bytes:
    read = bytearray()
    while piece := await part.read_chunk():
        read += piece
        if len(read) > most:
            message = f"Maximum content size limit ({most}) exceeded ({len(read)} bytes read)"
            raise OpenAiError(413, message, param=part.name)
    return bytes(read)
