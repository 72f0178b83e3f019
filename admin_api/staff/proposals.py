"""What waits for somebody's yes in a topic: a copilot's drafts, and effects that only staff may allow."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from admin_api.staff.amounts import moment, money
from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk_told as telling
from admin_api.staff.stores.desk import View
from agents.tools.registry import SHOWN, TOOLS
from channels.telegram_staff.notes import Button, Change, Rows, Say, from_json
from channels.telegram_staff.rich import Rich, bold, italic, lines, quote, shortened
from core.models.service import Draft, DraftState, Effect, EffectState
from core.models.staff import NoteLane
from core.texts import Language, Text
from graphs.stores import drafts, effects

SEND: Final = "desk.draft.send"
EDIT: Final = "desk.draft.edit"
DROP: Final = "desk.draft.drop"
APPROVE: Final = "desk.effect.approve"
REFUSE: Final = "desk.effect.refuse"
_LONGEST: Final = 3500
_BETWEEN: Final = "\n\n"

_DRAFT_ENDS: Final[Mapping[DraftState, Text]] = {
    DraftState.ACCEPTED: Text("✅ Enviado como estava.", "✅ Sent as it was."),
    DraftState.EDITED: Text("✏️ Enviado com outro texto.", "✏️ Sent with other words."),
    DraftState.REJECTED: Text("🗑 Descartado.", "🗑 Dropped."),
    DraftState.SUPERSEDED: Text("⏭ A conversa andou: não vale mais.", "⏭ The conversation has gone on: void."),
}
_EFFECT_ENDS: Final[Mapping[EffectState, Text]] = {
    EffectState.APPROVED: Text("✅ Aprovado: está sendo feito.", "✅ Approved: it is being done."),
    EffectState.RUNNING: Text("✅ Aprovado: está sendo feito.", "✅ Approved: it is being done."),
    EffectState.SUCCEEDED: Text("✅ Aprovado e feito.", "✅ Approved and done."),
    EffectState.FAILED: Text("⚠️ Aprovado, mas não deu certo.", "⚠️ Approved, but it failed."),
    EffectState.REJECTED: Text("❌ Recusado.", "❌ Refused."),
    EffectState.EXPIRED: Text("⌛ O prazo passou sem resposta.", "⌛ Its time ran out."),
}


class Proposals:
    def __init__(self, buttons: Buttons) -> None:
        self._buttons = buttons

    async def show(self, spot: Spot, view: View) -> None:
        """Each once, and once more when it is decided, wherever that was."""
        for draft in await telling.untold_drafts(spot.session, view.conversation):
            await self._show_draft(spot, view, (await drafts.get(spot.session, draft)).row)
        for effect in await telling.untold_effects(spot.session, view.conversation):
            await self._show_effect(spot, view, await effects.get(spot.session, effect))
        for key in await telling.decided(spot.session, view.conversation):
            await _mark_decided(spot, view, key)

    async def _show_draft(self, spot: Spot, view: View, draft: Draft) -> None:
        said = _BETWEEN.join(str(bubble["text"]) for bubble in draft.bubbles)
        language = view.language
        text = lines(
            bold(Text("🔵 Rascunho do bot", "🔵 The bot's draft").in_(language)),
            quote(said),
            italic(
                Text(
                    "Para mudar, responda a esta mensagem com o texto certo.",
                    "To change it, reply to this message with the right words.",
                ).in_(language)
            ),
        )
        # Asking how to edit it must not spend the other two.
        rows = [
            (Text("✅ Enviar", "✅ Send"), SEND, draft.id),
            (Text("✏️ Editar", "✏️ Edit"), EDIT, uuid5(draft.id, EDIT)),
            (Text("🗑 Descartar", "🗑 Drop"), DROP, draft.id),
        ]
        row = [await self._button(spot, card, _choice(view, words, action, draft.id)) for words, action, card in rows]
        await spot.post(Say(text=shortened(text, _LONGEST), buttons=(tuple(row),)), key=f"draft:{draft.id}")

    async def _show_effect(self, spot: Spot, view: View, effect: Effect) -> None:
        language = view.language
        until = effect.expires_at
        at = moment(view.local(until), language) if until else None
        text = lines(
            bold(Text("❓ Precisa da sua aprovação", "❓ Needs your approval").in_(language)),
            _about(effect.tool, language),
            *_arguments(effect.arguments, language),
            Text(f"Vale até {at}.", f"Valid until {at}.").in_(language) if at else None,
            italic(
                Text(
                    "Para recusar com um motivo, responda a esta mensagem: recusar: o motivo",
                    "To refuse it with a reason, reply to this message: refuse: the reason",
                ).in_(language)
            ),
        )
        buttons: Rows = (
            (
                await self._button(
                    spot, effect.id, _choice(view, Text("✅ Aprovar", "✅ Approve"), APPROVE, effect.id)
                ),
                await self._button(
                    spot,
                    uuid5(effect.id, REFUSE),
                    _choice(view, Text("❌ Recusar", "❌ Refuse"), REFUSE, effect.id),
                ),
            ),
        )
        said = Say(text=shortened(text, _LONGEST), buttons=buttons)
        await spot.post(said, key=f"effect:{effect.id}", lane=NoteLane.ALERT)

    async def _button(self, spot: Spot, card: UUID, choice: Choice) -> Button:
        return await self._buttons.make(spot.session, card, choice)


def _choice(view: View, words: Text, action: str, subject: UUID) -> Choice:
    """Whether it still holds is for the draft or the effect itself to say, under its own lock."""
    return Choice(
        text=words.in_(view.language),
        action=action,
        arguments={"id": str(subject)},
        conversation=view.conversation,
    )


async def _mark_decided(spot: Spot, view: View, key: str) -> None:
    """The buttons go, and what became of it stands below."""
    kind, _, subject = key.partition(":")
    if kind == "draft":
        row = (await drafts.get(spot.session, UUID(subject))).row
        end, why = _DRAFT_ENDS[row.state], row.reason
    else:
        effect = await effects.get(spot.session, UUID(subject))
        end, why = _EFFECT_ENDS[effect.state], effect.reason if effect.state is EffectState.REJECTED else None
    messages = await telling.messages_of(spot.session, key)
    before = from_json(await telling.body_of(spot.session, key))
    told = end.in_(view.language) + (f" {why}" if why else "")
    text = lines(before.text, "", told) if isinstance(before, Say) else Rich(told)
    if messages:
        await spot.post(Change(message_id=messages[0], text=text), key=f"decided:{key}", lane=NoteLane.NEWS)


def _about(tool: str, language: Language) -> str:
    known = TOOLS.get(tool)
    return known.about.in_(language) if known else tool


def _arguments(arguments: Mapping[str, Any], language: Language) -> Iterable[Rich]:
    """What it is about, as it was found out for whoever approves it; else what the customer said."""
    shown = arguments.get(SHOWN) or {}
    if shown:
        number, total = shown.get("number"), shown.get("total_cents")
        label = Text("Pedido", "Order").in_(language)
        value = f"{number}" if total is None else f"{number} · {money(int(total), language)}"
        yield bold(f"{label}: ") + value
    for name, value in arguments.items():
        if name != SHOWN and not (shown and name == "number"):
            yield bold(f"{_NAMES.get(name, Text(name, name)).in_(language)}: ") + _plain(value)


_VALUES: Final = ("label", "text", "name", "at", "date", "value", "number")
_NAMES: Final = {
    "number": Text("Pedido", "Order"),
    "service": Text("Serviço", "Service"),
    "at": Text("Quando", "When"),
}


def _plain(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return next((str(value[key]) for key in _VALUES if value.get(key)), "?")
