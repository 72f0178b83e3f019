"""Nobody of the company writes to this customer any more, or may again: on the word of staff, with their reason."""

from collections.abc import Mapping
from typing import Any, Final

from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.whom import CUSTOMER, Customer, named_before, of_customer
from channels import consent
from channels.consent import Evidence
from channels.telegram_staff.rich import bold, italic, lines
from core import audit
from core.models.people import ConsentSource, Role
from core.texts import Text

OPT_OUT: Final = "optout"
OPT_IN: Final = "optin"
_BY_STAFF: Final = "a pedido da pessoa, pela equipe"


async def _preview_out(ask: Ask, customer: Customer) -> Answer:
    head = bold(ask.say(Text("🚫 Parar de escrever para ", "🚫 Stop writing to ")) + customer.label)
    then = Text(
        "Nada mais que a empresa inicie sai para esta pessoa, nem o que está na fila. "
        "Se ela escrever, dá para responder.",
        "Nothing that the company starts leaves for this person any more, nor what is queued. "
        "If they write, they can be answered.",
    )
    return Answer(text=lines(head, ask.say(then)))


async def _out(ask: Ask, customer: Customer) -> Answer:
    reason = str(ask.arguments.get("reason", "")) or _BY_STAFF
    is_new = await consent.opt_out(ask.session, customer.id, _evidence(customer, reason))
    if is_new:
        detail = {"reason": reason}
        audit.record(ask.session, ask.asker.actor, "contact.opted_out", subject=customer.id, detail=detail)
    done = Text("não recebe mais nada que a empresa inicie", "gets nothing more that the company starts")
    already = Text("já tinha pedido para parar", "had opted out already")
    return Answer(text="🚫 " + bold(customer.name) + f": {ask.say(done if is_new else already)}.")


async def _preview_in(ask: Ask, customer: Customer) -> Answer:
    if not ask.arguments.get("reason"):
        raise Misused(Text("Escreva por que esta pessoa volta a receber.", "Write why they are to get messages again."))
    head = bold(ask.say(Text("✅ Voltar a escrever para ", "✅ Write again to ")) + customer.label)
    then = Text("O motivo fica registrado com o seu nome.", "The reason is kept on record with your name.")
    return Answer(text=lines(head, italic(str(ask.arguments["reason"])), ask.say(then)))


async def _in(ask: Ask, customer: Customer) -> Answer:
    reason = str(ask.arguments.get("reason", ""))
    is_new = await consent.opt_in(ask.session, customer.id, _evidence(customer, reason))
    if is_new:
        detail = {"reason": reason}
        audit.record(ask.session, ask.asker.actor, "contact.opted_in", subject=customer.id, detail=detail)
    done = Text("volta a receber mensagens", "may be written to again")
    already = Text("já podia receber mensagens", "could be written to already")
    return Answer(text="✅ " + bold(customer.name) + f": {ask.say(done if is_new else already)}.")


def _evidence(customer: Customer, reason: str) -> Evidence:
    where = customer.thread.conversation if customer.thread else None
    return Evidence(source=ConsentSource.STAFF, quote=reason, conversation=where)


def _read(words: str, place: Place) -> Mapping[str, Any]:
    whom, rest = named_before(words, place, is_all=True)
    return {**whom, "reason": rest}


_REASON: Final = Param(name="reason", about=Text("O motivo", "The reason"), is_required=False)
ACTIONS: Final = (
    Action(
        name=OPT_OUT,
        about=Text("A empresa não escreve mais para este cliente.", "The company writes to this customer no more."),
        role=Role.AGENT,
        run=of_customer(OPT_OUT, _out),
        preview=of_customer(OPT_OUT, _preview_out),
        params=(CUSTOMER, _REASON),
    ),
    Action(
        name=OPT_IN,
        about=Text("A empresa volta a poder escrever para este cliente.", "The company may write to them again."),
        role=Role.ADMIN,
        run=of_customer(OPT_IN, _in),
        preview=of_customer(OPT_IN, _preview_in),
        params=(CUSTOMER, _REASON),
    ),
)
COMMANDS: Final = (
    Command(
        name="parar",
        action=OPT_OUT,
        about=Text("Não escrever mais para este cliente", "Write to this customer no more"),
        usage=Text(
            "/parar [motivo]  ·  fora do tópico: /parar Ana: motivo", "/optout [reason]  ·  /optout Ana: reason"
        ),
        read=_read,
        aliases=("optout",),
    ),
    Command(
        name="voltar",
        action=OPT_IN,
        about=Text("Voltar a escrever para este cliente", "Write to this customer again"),
        usage=Text("/voltar motivo  ·  fora do tópico: /voltar Ana: motivo", "/optin reason  ·  /optin Ana: reason"),
        read=_read,
        aliases=("optin",),
    ),
)
