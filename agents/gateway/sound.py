"""OpenAI's way to have a recording written down, as far as both adapters need it."""

from collections.abc import Mapping
from typing import Any, Final

from agents.gateway.adapter import Failed, Failure, Finish, Told
from agents.gateway.port import MediaRequest, Usage
from agents.gateway.prices import sound_cost_micros

_ENDINGS: Final[Mapping[str, str]] = {
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/wav": "wav",
    "audio/webm": "webm",
}
_USUAL_ENDING: Final = "ogg"  # of a voice note
_DETAILED: Final = "whisper"  # these say of each piece how sure they are; the newer ones know plain JSON alone
# What the model itself takes for silence, after which it is known to make up a farewell or a credit.
_SILENT: Final = 0.6
_UNSURE: Final = -1.0


def fields(model: str, request: MediaRequest) -> dict[str, Any]:
    """A provider goes by the ending of the name, so that the name is ours."""
    mime = request.mime.partition(";")[0].strip().lower()
    name = f"audio.{_ENDINGS.get(mime, _USUAL_ENDING)}"
    return {
        "file": (name, request.content, mime),
        "language": request.language.partition("-")[0],
        "response_format": "verbose_json" if _DETAILED in model else "json",
        "temperature": 0.0,
    }


def heard(model: str, answer: Mapping[str, Any], *, is_priced: bool) -> Told:
    """The words of an answer, and what they took: tokens or seconds, as the model is paid."""
    usage = _usage(model, answer, is_priced=is_priced)
    text = answer.get("text")
    if not isinstance(text, str):
        raise Failed(Failure.BROKEN, usage=usage)
    pieces = answer.get("segments")
    if isinstance(pieces, list) and pieces:
        text = "".join(str(piece.get("text", "")) for piece in pieces if not _is_silence(piece))
    return Told(text=text.strip(), finish=Finish.STOP, usage=usage)


def _is_silence(piece: Mapping[str, Any]) -> bool:
    silent, sure = piece.get("no_speech_prob"), piece.get("avg_logprob")
    return isinstance(silent, int | float) and isinstance(sure, int | float) and silent > _SILENT and sure < _UNSURE


def _usage(model: str, answer: Mapping[str, Any], *, is_priced: bool) -> Usage:
    told = answer.get("usage")
    told = told if isinstance(told, Mapping) else {}
    details = told.get("input_token_details")
    audio = int((details if isinstance(details, Mapping) else {}).get("audio_tokens") or 0)
    counts = {"input_tokens": int(told.get("input_tokens") or 0), "output_tokens": int(told.get("output_tokens") or 0)}
    seconds = told.get("seconds") or answer.get("duration")
    if not is_priced:
        return Usage(**counts, cost_micros=None)
    took = float(seconds) if isinstance(seconds, int | float) else None
    return Usage(**counts, cost_micros=sound_cost_micros(model, seconds=took, audio_tokens=audio, **counts))
