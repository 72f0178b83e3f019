"""The card at the head of a customer's topic: pure, from what is known of the conversation to text and choices."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from admin_api.staff.amounts import moment
from admin_api.staff.buttons import Choice
from admin_api.staff.reasons import in_words
from admin_api.staff.stores.desk import View
from channels.telegram_staff.rich import Rich, bold, italic, lines, quote, shortened
from core.models.people import ConnectionKind
from core.models.service import HandoffState
from core.models.stream import Control
from core.texts import Text

LONGEST: Final = 3500  # of Telegram's 4,096, in which also emojis count twice
_LONGEST_PART: Final = 600
_LONGEST_QUOTE: Final = 300
_MOST_SLOTS: Final = 12
TAKE: Final = "desk.take"
TRANSFER: Final = "desk.transfer"
RESOLVE: Final = "desk.resolve"
GIVE_BACK: Final = "desk.return"

_KINDS: Final[Mapping[ConnectionKind, str]] = {
    ConnectionKind.WHATSAPP: "WhatsApp",
    ConnectionKind.BAILEYS: "WhatsApp (QR)",
    ConnectionKind.SMS: "SMS",
    ConnectionKind.VOICE_RETELL: "Voz",
    ConnectionKind.VOICE_VAPI: "Voz",
    ConnectionKind.TELEGRAM: "Telegram",
}
_SIGNS: Final = {
    Control.QUEUED: "🟠",
    Control.HUMAN: "🟢",
    Control.COPILOT: "🔵",
    Control.BOT: "🤖",
    Control.CLOSED: "⚪",
}
_LABELS: Final[Mapping[str, Text]] = {
    TAKE: Text("✋ Aceitar", "✋ Take"),
    TRANSFER: Text("➡️ Transferir", "➡️ Transfer"),
    RESOLVE: Text("✅ Resolver", "✅ Resolve"),
    GIVE_BACK: Text("🤖 Devolver", "🤖 Return to bot"),
}
# What a conversation came to, as it is kept.
CATEGORIES: Final[Mapping[str, Text]] = {
    "atendido": Text("Atendido", "Helped"),
    "vendido": Text("Vendido", "Sold"),
    "agendado": Text("Agendado", "Booked"),
    "sem_interesse": Text("Sem interesse", "Not interested"),
    "engano": Text("Engano ou spam", "Wrong number or spam"),
    "outro": Text("Outro", "Other"),
}
_OFFERED: Final[Mapping[Control, tuple[tuple[str, ...], ...]]] = {
    Control.QUEUED: ((TAKE, TRANSFER), (RESOLVE, GIVE_BACK)),
    Control.HUMAN: ((TRANSFER, GIVE_BACK), (RESOLVE,)),
    Control.COPILOT: ((TAKE, TRANSFER), (RESOLVE, GIVE_BACK)),
    Control.BOT: ((TAKE, TRANSFER),),
    Control.CLOSED: (),
}


def card(view: View) -> Rich:
    """Times are clock times, not spans: the card stays true while nobody edits it."""
    brief: Mapping[str, Any] = view.waiting.brief if view.waiting else {}
    parts = (
        f"{_SIGNS[view.control]} " + bold(view.person) + f" · {_line(view)}",
        _who(view),
        _reason(view),
        "",
        _wants(view, brief),
        _labelled(view, Text("Etapa", "Stage"), view.stage or brief.get("stage_label")),
        *_slots(view, brief),
        *_quotes(view),
        "",
        _window(view),
        _consent(view),
        _outcome(view),
    )
    return shortened(lines(*_tidy(parts)), LONGEST)


def _line(view: View) -> str:
    """The kind is said once, also where the line is called after it."""
    kind = _KINDS[view.kind]
    return view.line if view.line.casefold().startswith(kind.casefold()) else f"{kind} {view.line}"


def choices(view: View) -> list[list[Choice]]:
    """Under the epoch that the card shows: who pressed too late is told that it changed."""
    offered = _OFFERED[view.control]
    if view.control is Control.HUMAN and view.assignee is None:
        offered = ((TAKE, TRANSFER), (RESOLVE, GIVE_BACK))
    return [
        [
            Choice(
                text=_LABELS[action].in_(view.language),
                action=action,
                conversation=view.conversation,
                epoch=view.epoch,
            )
            for action in row
        ]
        for row in offered
    ]


def who_has_it(view: View) -> str:
    """In one line, for the card and for whoever came second."""
    at = moment(view.local(view.since), view.language)
    name = view.assignee_name or Text("alguém da equipe", "somebody of the team").in_(view.language)
    if view.control is Control.HUMAN:
        words = _held_by(view, name, at)
    else:
        words = {
            Control.QUEUED: Text(f"Ninguém assumiu ainda: espera desde {at}.", f"Nobody has it: waiting since {at}."),
            Control.COPILOT: Text(f"O bot rascunha, a equipe envia, desde {at}.", f"The bot drafts since {at}."),
            Control.BOT: Text(f"O bot está atendendo desde {at}.", f"The bot has had it since {at}."),
            Control.CLOSED: Text(f"Encerrada em {at}.", f"Closed at {at}."),
        }[view.control]
    return words.in_(view.language)


def _held_by(view: View, name: str, at: str) -> Text:
    if view.assignee is None and view.reason == "echo":
        return Text(f"Respondida pelo celular da empresa desde {at}.", f"Answered from the phone since {at}.")
    return Text(f"{name} está atendendo desde {at}.", f"{name} has had it since {at}.")


def _who(view: View) -> Rich:
    return Rich("") + who_has_it(view)


def _reason(view: View) -> Rich | None:
    waiting = view.waiting
    if waiting is None or view.control not in {Control.QUEUED, Control.HUMAN}:
        return None
    why = in_words(waiting.reason, view.language)
    told = italic(Text(f"Motivo: {why}", f"Reason: {why}").in_(view.language))
    if waiting.state is not HandoffState.QUEUED:
        return told
    return told + Text(f" · fila {waiting.queue}", f" · queue {waiting.queue}").in_(view.language)


def _wants(view: View, brief: Mapping[str, Any]) -> Rich | None:
    asked = brief.get("last_question") or {}
    words = brief.get("summary") or asked.get("text")
    return _labelled(view, Text("O que quer", "Wants"), words)


def _slots(view: View, brief: Mapping[str, Any]) -> Iterable[Rich | None]:
    for slot in list(brief.get("slots") or ())[:_MOST_SLOTS]:
        doubt = "" if slot.get("is_confirmed") else Text(" (a confirmar)", " (to be confirmed)").in_(view.language)
        label = str(slot.get("label") or slot.get("slot") or "?")
        yield _labelled(view, Text(label, label), f"{slot.get('value', '?')}{doubt}")


def _quotes(view: View) -> Iterable[Rich]:
    return (quote(_short(words, _LONGEST_QUOTE)) for words in view.quotes)


def _window(view: View) -> Rich | None:
    until = view.window_until
    if view.is_window_closed:
        text = Text(
            "⛔ Janela de 24 h fechada: só modelos aprovados.", "⛔ The 24-hour window is closed: only templates."
        )
        return Rich(text.in_(view.language))
    if until is None:
        return None
    at = moment(view.local(until), view.language)
    return Rich(Text(f"⏱ Janela aberta até {at}.", f"⏱ The window is open until {at}.").in_(view.language))


def _consent(view: View) -> Rich | None:
    if view.opted_out_at is None:
        return None
    words = Text("🔕 Pediu para não receber mensagens.", "🔕 Asked not to be written to.")
    if not view.hears_nothing:
        words = Text(
            "🔕 Saiu da lista, mas escreveu depois: pode receber a sua resposta.",
            "🔕 Opted out, but has written since: may be answered.",
        )
    return Rich(words.in_(view.language))


def _outcome(view: View) -> Rich | None:
    waiting = view.waiting
    if view.control is not Control.CLOSED or waiting is None or waiting.category is None:
        return None
    known = CATEGORIES.get(waiting.category)
    category = known.in_(view.language) if known else waiting.category
    told = f"{category}: {waiting.note}" if waiting.note else category
    return _labelled(view, Text("Desfecho", "Outcome"), told)


def _labelled(view: View, label: Text, words: str | None) -> Rich | None:
    return bold(f"{label.in_(view.language)}: ") + _short(str(words), _LONGEST_PART) if words else None


def _short(words: str, longest: int) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def _tidy(parts: Iterable[Rich | str | None]) -> list[Rich | str]:
    """No gap at an end, and none beside another."""
    kept: list[Rich | str] = []
    for part in parts:
        if part is None or (part == "" and (not kept or kept[-1] == "")):
            continue
        kept.append(part)
    return kept[:-1] if kept and kept[-1] == "" else kept
