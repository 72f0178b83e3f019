"""What a person says to a draft, to an effect that waits for staff, and to a stage that a lead was moved to."""

from typing import Final
from uuid import UUID

from admin_api.staff.asking import Action, Answer, Ask, Run, Where
from admin_api.staff.buttons import Choice
from admin_api.staff.news import UNDO
from admin_api.staff.proposals import APPROVE, DROP, EDIT, REFUSE, SEND
from channels.telegram_staff.rich import Rich
from core.models.people import Role
from core.texts import Text
from graphs import drafts, effects, leads
from graphs.stores import drafts as draft_rows

_DONE: Final = Rich("")  # what became of it is written below the message itself
_REASONS: Final = (
    Text("Fora das regras", "Against the rules"),
    Text("Dados errados", "Wrong data"),
    Text("Já resolvido", "Settled already"),
    Text("Preciso falar antes", "I have to talk first"),
)
_DROPPED: Final = Text("descartado no grupo", "dropped in the group")


async def _send(ask: Ask) -> Answer:
    await drafts.accept(ask.session, _id(ask), by=ask.asker.actor)
    return Answer(text=_DONE, toast=ask.say(Text("Enviado.", "Sent.")))


async def _edit(ask: Ask) -> Answer:
    """The draft is still there to be sent as it is."""
    await draft_rows.get(ask.session, _id(ask))
    words = Text(
        "Responda à mensagem do rascunho com o texto certo: ele vai no lugar.",
        "Reply to the draft with the right words: they go out instead.",
    )
    return Answer(text=Rich(f"✏️ {ask.say(words)}"), toast=ask.say(words))


async def _drop(ask: Ask) -> Answer:
    reason = str(ask.arguments.get("reason") or ask.say(_DROPPED))
    await drafts.reject(ask.session, _id(ask), by=ask.asker.actor, reason=reason)
    return Answer(text=_DONE, toast=ask.say(Text("Descartado.", "Dropped.")))


async def _approve(ask: Ask) -> Answer:
    await effects.approve(ask.session, _id(ask), by=ask.asker.actor)
    return Answer(text=_DONE, toast=ask.say(Text("Aprovado.", "Approved.")))


async def _refuse(ask: Ask) -> Answer:
    """Never without a reason: the customer hears of it, and the bot has to know what to say."""
    reason = ask.arguments.get("reason")
    if reason is None:
        return _why(ask)
    await effects.reject(ask.session, _id(ask), by=ask.asker.actor, reason=str(reason))
    return Answer(text=_DONE, toast=ask.say(Text("Recusado.", "Refused.")))


def _why(ask: Ask) -> Answer:
    about = ask.place.about
    choices = [
        Choice(
            text=ask.say(words),
            action=REFUSE,
            arguments={"id": ask.arguments["id"], "reason": ask.say(words)},
            conversation=about.conversation if about else None,
        )
        for words in _REASONS
    ]
    words = Text(
        "❌ Por quê? Para dar outro motivo, responda ao pedido: recusar: o motivo",
        "❌ Why? To give another reason, reply to the request: refuse: the reason",
    )
    return Answer(text=Rich(ask.say(words)), choices=[choices[:2], choices[2:]])


async def _undo(ask: Ask) -> Answer:
    lead, seq = UUID(str(ask.arguments["lead"])), int(ask.arguments["seq"])
    await leads.undo(ask.session, lead, seq=seq, by=ask.asker.actor)
    return Answer(text=_DONE, toast=ask.say(Text("Etapa desfeita.", "The move was taken back.")))


def _id(ask: Ask) -> UUID:
    return UUID(str(ask.arguments["id"]))


def _action(name: str, about: Text, run: Run) -> Action:
    """Only by its button, below what it is about."""
    return Action(name=name, about=about, role=Role.AGENT, run=run, where=Where.TOPIC, is_spoken=False)


ACTIONS: Final = (
    _action(SEND, Text("Enviar o rascunho do bot", "Send the bot's draft"), _send),
    _action(EDIT, Text("Editar o rascunho do bot", "Edit the bot's draft"), _edit),
    _action(DROP, Text("Descartar o rascunho do bot", "Drop the bot's draft"), _drop),
    _action(APPROVE, Text("Aprovar uma ação", "Approve an effect"), _approve),
    _action(REFUSE, Text("Recusar uma ação", "Refuse an effect"), _refuse),
    _action(UNDO, Text("Desfazer a mudança de etapa", "Undo the move of a lead"), _undo),
)
COMMANDS: Final = ()
