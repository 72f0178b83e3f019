"""What a voice message says: by a table that a rehearsal fills, or by its own comments; nothing here hears sound."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import BodyPartReader, web

from sandbox.openai.errors import OpenAiError, missing, wrong_value
from sandbox.openai.reading import tokens_of
from sandbox.recent import Recent
from sandbox.recordings import seconds_in, words_in

LARGEST: Final = 25 * 1024 * 1024
_MOST_KEPT: Final = 10_000
_LARGEST_FIELD: Final = 64 * 1024
_FORMATS: Final = ("json", "text", "verbose_json")
_ENDINGS: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_PAID_BY_TIME: Final = "whisper"  # the newer models are paid by tokens, and know no details
_TOKENS_A_SECOND: Final = 10
_LANGUAGES: Final = {"pt": "portuguese", "en": "english", "es": "spanish"}


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
        """Nothing where nobody said what it says."""
        told = self._texts.get(hashlib.sha256(audio).hexdigest())
        return (words_in(audio) or "") if told is None else told

    def clear(self) -> None:
        self._texts.clear()

    async def answer(self, form: "Form") -> web.Response:
        audio, told = form.audio, form.fields
        kind = told.get("response_format", "json")
        if kind not in _FORMATS or (kind == "verbose_json" and _PAID_BY_TIME not in form.model):
            raise wrong_value("response_format", expected="one of " + ", ".join(_FORMATS))
        if form.ending not in _ENDINGS:
            message = f"Invalid file format. Supported formats: {list(_ENDINGS)}"
            raise OpenAiError(400, message, param="file")
        if not audio:
            message = "Audio file is too short. Minimum audio length is 0.1 seconds."
            raise OpenAiError(400, message, code="audio_too_short", param="file")
        text = self.text_of(audio)
        if kind == "text":
            return web.Response(text=text + "\n", content_type="text/plain")
        usage = {"usage": _usage(form.model, audio, text)}
        return web.json_response(
            {"text": text, **(_details(told, audio, text) if kind == "verbose_json" else {}), **usage}
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    audio: bytes
    ending: str
    fields: Mapping[str, str]

    @property
    def model(self) -> str:
        return self.fields["model"]


async def read(request: web.Request) -> Form:
    """What is missing is refused in OpenAI's words."""
    parts, ending = await _form(request)
    fields = {name: value.decode(errors="replace") for name, value in parts.items() if name != "file"}
    if "file" not in parts:
        raise missing("file")
    if not fields.get("model"):
        raise missing("model")
    return Form(audio=parts["file"], ending=ending, fields=fields)


def _details(told: Mapping[str, str], audio: bytes, text: str) -> dict[str, Any]:
    """Sure of what was said; of silence it has no segment."""
    seconds = seconds_in(audio) or 0.0
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": f" {text}",
        "tokens": [],
        "temperature": float(told.get("temperature") or 0.0),
        "avg_logprob": -0.2,
        "compression_ratio": 1.2,
        "no_speech_prob": 0.01,
    }
    language = told.get("language", "pt")
    return {
        "task": "transcribe",
        "language": _LANGUAGES.get(language, language),
        "duration": seconds,
        "segments": [segment] if text else [],
    }


def _usage(model: str, audio: bytes, text: str) -> dict[str, Any]:
    seconds = seconds_in(audio) or 0.0
    if _PAID_BY_TIME in model:
        return {"type": "duration", "seconds": math.ceil(seconds)}
    heard, written = math.ceil(seconds * _TOKENS_A_SECOND), tokens_of(text)
    details = {"text_tokens": 0, "audio_tokens": heard}
    return {
        "type": "tokens",
        "input_tokens": heard,
        "input_token_details": details,
        "output_tokens": written,
        "total_tokens": heard + written,
    }


async def _form(request: web.Request) -> tuple[dict[str, bytes], str]:
    """Its parts by name, and the ending of the file's name."""
    if not request.content_type.startswith("multipart/"):
        raise missing("file")
    form: dict[str, bytes] = {}
    ending = ""
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name:
            ending = (part.filename or "").rpartition(".")[2].lower() if part.name == "file" else ending
            form[part.name] = await _read(part, LARGEST if part.name == "file" else _LARGEST_FIELD)
    return form, ending


async def _read(part: BodyPartReader, most: int) -> bytes:
    read = bytearray()
    while piece := await part.read_chunk():
        read += piece
        if len(read) > most:
            message = f"Maximum content size limit ({most}) exceeded ({len(read)} bytes read)"
            raise OpenAiError(413, message, param=part.name)
    return bytes(read)
