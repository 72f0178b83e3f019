"""Why the bot said something: the chain from what it heard to the provider's ticks, in words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from admin_api.inbox.reasons import in_words
from admin_api.staff import amounts, reading, rule_words
from admin_api.staff.asking import Action, Answer, Ask, Command, Param
from admin_api.staff.here import Here, here_of
from admin_api.staff.meant import message_of
from admin_api.staff.stores import whereabouts
from channels.telegram_staff.rich import Rich, bold, code, italic, join, lines, quote
from core.models.outbox import Outbound, OutboundState
from core.models.people import Role
from core.models.stream import Direction
from core.texts import Text
from graphs.stores import chains
from graphs.stores.chains import Chain, Thought

WHY: Final = "why"
_LONGEST: Final = 300
_MOST: Final = 8
_STATES: Final = {
    OutboundState.DRAFT: Text("rascunho", "draft"),
    OutboundState.QUEUED: Text("na fila", "queued"),
    OutboundState.SENDING: Text("saindo", "being sent"),
    OutboundState.UNKNOWN: Text("sem confirmação ainda", "not confirmed yet"),
    OutboundState.ACCEPTED: Text("aceita pelo provedor", "accepted by the provider"),
    OutboundState.SENT: Text("enviada", "sent"),
    OutboundState.DELIVERED: Text("entregue", "delivered"),
    OutboundState.READ: Text("lida", "read"),
    OutboundState.FAILED: Text("falhou", "failed"),
    OutboundState.SUPPRESSED: Text("não saiu", "did not leave"),
    OutboundState.EXPIRED: Text("venceu antes de sair", "expired before it left"),
    OutboundState.AMBIGUOUS: Text("sem confirmação", "without confirmation"),
}


async def _why(ask: Ask) -> Answer:
    message = await message_of(ask, whereabouts.last_of_bot, _WHICH)
    chain, here = await chains.of_message(ask.session, message), await here_of(ask)
    row = chain.message
    said = "" if row.deleted_at else (row.text or "")
    gone = italic(ask.say(Text("(o texto foi apagado)", "(its text was erased)")))
    parts = [
        lines(bold(ask.say(Text("Por quê?", "Why?"))), quote(_short(said)) if said else gone),
        *(_thought(chain.thought, ask, here) if chain.thought else [_by_person(chain, ask)]),
        *([_sent(chain.outbound, chain, ask, here)] if chain.outbound else []),
    ]
    return Answer(text=join("\n\n", [part for part in parts if part]))


def _by_person(chain: Chain, ask: Ask) -> Rich:
    if chain.message.direction is Direction.IN:
        return Rich(
            ask.say(Text("👤 O cliente escreveu; nenhum turno a tomou ainda.", "👤 No turn has taken it up yet."))
        )
    return Rich(ask.say(Text("🧑‍💼 Quem escreveu foi uma pessoa da equipe.", "🧑‍💼 A person of the team wrote this.")))


def _thought(thought: Thought, ask: Ask, here: Here) -> Iterator[Rich]:
    trace, say = thought.turn.trace, ask.say
    yield _section(say(Text("👂 Ouviu", "👂 Heard")), _heard(thought, here))
    yield _section(say(Text("🧠 Entendeu", "🧠 Understood")), [_command(one) for one in trace.get("commands", ())])
    yield _section(say(Text("📏 Regras", "📏 Rules")), [_rule(one, ask) for one in trace.get("rules", ())])
    yield _section(say(Text("📚 Trechos", "📚 Passages")), list(_passages(trace, ask)))
    yield _section(
        say(Text("🔀 Etapa", "🔀 Stage")), [f"{one.from_stage or '—'} → {one.to_stage}" for one in thought.moves]
    )
    yield _section(say(Text("🛠 Ferramentas", "🛠 Tools")), [f"{one.tool}: {one.state}" for one in thought.effects])
    yield _section(say(Text("🔎 Checagens", "🔎 Checks")), _checks(trace, ask))
    yield _persona(thought, ask, here)


def _heard(thought: Thought, here: Here) -> list[Rich]:
    return [
        f"{here.moment(row.created_at)} “{'…' if row.deleted_at else _short(row.text or '')}” "
        + code(row.provider_id or str(row.id))
        for row in thought.heard
    ]


def _command(one: Mapping[str, Any]) -> str:
    """What was claimed, with the words that prove it."""
    about = one.get("name") or one.get("goal") or one.get("query") or ""
    words = (one.get("quote") or {}).get("text") if isinstance(one.get("quote"), Mapping) else None
    return f"{one.get('type')} {about}".strip() + (f" “{_short(str(words))}”" if words else "")


def _rule(rule: str, ask: Ask) -> Rich:
    return f"{rule_words.in_words(rule, ask.asker.language)} " + code(rule)


def _passages(trace: Mapping[str, Any], ask: Ask) -> Iterator[str]:
    cited = set(trace.get("cited", ()))
    for one in trace.get("passages", ()):
        mark = "★ " if one.get("id") in cited else ""
        approved = ask.say(Text(" · resposta aprovada", " · approved answer")) if one.get("approved") else ""
        score = amounts.number(float(one.get("score", 0)), ask.asker.language, places=2)
        yield f"{mark}{one.get('title') or one.get('source') or one.get('id')} ({score}){approved}"


def _checks(trace: Mapping[str, Any], ask: Ask) -> list[str]:
    found = [str(one) for one in trace.get("violations", ())]
    return found or [ask.say(Text("nada errado", "nothing wrong"))]


def _persona(thought: Thought, ask: Ask, here: Here) -> Rich:
    turn, version, language = thought.turn, thought.version, here.language
    name = f"🎭 {version.name} v{version.number} ({version.sha256[:8]})" if version else "🎭 —"
    tokens = amounts.number(turn.input_tokens + turn.output_tokens, language)
    calls = ask.say(Text("chamadas ao modelo", "model calls"))
    asked = turn.model_calls > 0
    cost = amounts.dollars(turn.cost_micros, language) if asked else amounts.dollars(0, language)
    spent = f"💰 {turn.model_calls} {calls} · {tokens} tokens · {cost}"
    again = ask.say(Text("recomeçou porque o cliente escreveu", "began again because the customer wrote"))
    return lines(name, spent, f"🔁 {again}: {turn.restarts}×" if turn.restarts else None)


def _sent(row: Outbound, chain: Chain, ask: Ask, here: Here) -> Rich:
    told = in_words(row.state, row.reason, row.error)
    ticks = ((row.accepted_at, "✓"), (row.sent_at, "✓"), (row.delivered_at, "✓✓"), (row.read_at, "👁"))
    shown = " · ".join(f"{sign} {here.moment(at)}" for at, sign in _once(ticks))
    tries = ask.say(Text("tentativas", "attempts"))
    return lines(
        bold(ask.say(Text("📤 Envio: ", "📤 Sent: ")) + ask.say(_STATES[row.state])),
        italic(ask.say(told)) if told else None,
        shown or None,
        f"{tries}: {len(chain.attempts)}",
        code(row.intent_key),
        code(row.provider_id) if row.provider_id else None,
    )


def _once(ticks: Sequence[tuple[datetime | None, str]]) -> Iterator[tuple[datetime, str]]:
    """Accepted and sent are one tick, the first of the two."""
    seen = set()
    for at, sign in ticks:
        if at is not None and sign not in seen:
            seen.add(sign)
            yield at, sign


def _section(head: str, shown: Sequence[Rich | str]) -> Rich:
    if not shown:
        return Rich("")
    more = [f"… +{len(shown) - _MOST}"] if len(shown) > _MOST else []
    return lines(bold(head), *("• " + one for one in shown[:_MOST]), *more)


def _short(words: str) -> str:
    tidy = " ".join(words.split())
    return tidy if len(tidy) <= _LONGEST else tidy[: _LONGEST - 1] + "…"


_WHICH: Final = Text("Responda com isto a uma mensagem do bot.", "Reply with this to a message of the bot.")
ACTIONS: Final = (
    Action(
        name=WHY,
        about=Text(
            "Por que o bot disse isso: do que ouviu até o que o provedor confirmou.",
            "Why the bot said this: from what it heard to what the provider confirmed.",
        ),
        role=Role.VIEWER,
        run=_why,
        params=(Param(name="message", about=Text("A mensagem", "The message"), is_required=False, is_typed=False),),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="porque",
        action=WHY,
        about=Text("Por que o bot disse isso (em resposta)", "Why the bot said this (in reply)"),
        usage=Text("Responda a uma mensagem do bot com /porque", "Reply to a message of the bot with /why"),
        read=reading.nothing,
        aliases=("why",),
    ),
)
