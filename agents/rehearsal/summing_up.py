"""Summarise, honestly: what is known, what was asked last, and the customer's last words."""

import re
from collections.abc import Mapping
from typing import Any, Final

from agents.rehearsal.questions import is_question, sentences
from agents.rehearsal.reading import Reading

_MOST_CHARS: Final = 700
_MOST_OF_ONE: Final = 160
_NUMBER: Final = re.compile(r"\d(?:[\d.\-/() ]{4,})\d")  # of a document or a telephone: no summary carries them


def summarise(reading: Reading) -> Mapping[str, Any]:
    is_english = str(reading.card.get("language", "")).startswith("en")
    own = [line.text for line in (*reading.history, *reading.messages) if line.who == "customer"]
    said = [sentence for text in own for sentence in sentences(text)]
    asked = next((sentence for sentence in reversed(said) if is_question(sentence)), None)
    known = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in reading.slots.get("known", {}).items())
    parts = [
        (("Known: ", "Informado: "), known),
        (("Last question: ", "Última pergunta: "), _short(asked or "")),
        (("Last words: ", "Últimas palavras: "), " / ".join(f"“{_short(sentence)}”" for sentence in said[-2:])),
    ]
    text = " ".join(f"{label[0] if is_english else label[1]}{_ended(body)}" for label, body in parts if body)
    return {"summary": text[:_MOST_CHARS] or ("Nothing said yet." if is_english else "Nada foi dito ainda.")}


def _short(sentence: str) -> str:
    plain = _NUMBER.sub("…", sentence)
    return plain if len(plain) <= _MOST_OF_ONE else f"{plain[:_MOST_OF_ONE].rstrip()}…"


def _ended(body: str) -> str:
    return body if body.endswith((".", "?", "!")) else f"{body}."
