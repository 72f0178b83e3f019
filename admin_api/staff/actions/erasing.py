"""Everything that is known of a customer, erased for good, with a receipt."""

from collections.abc import Mapping
from typing import Final

from admin_api.staff import reading
from admin_api.staff.asking import Action, Answer, Ask, Command
from admin_api.staff.whom import CUSTOMER, Customer, of_customer
from channels.telegram_staff.rich import bold, code, italic, lines
from core.models.people import Role
from core.texts import Text
from graphs import erasure

ERASE: Final = "erase"
_MOST: Final = 12
_LEFT: Final = "staff_messages_left"
STORES: Final[Mapping[str, Text]] = {
    _LEFT: Text("⚠️ a apagar à mão no grupo", "⚠️ to be deleted by hand in the group"),
    "messages": Text("mensagens", "messages"),
    "media_files": Text("arquivos", "files"),
    "conversations": Text("conversas", "conversations"),
    "conversation_summaries": Text("resumos", "summaries"),
    "turns": Text("turnos do bot", "turns of the bot"),
    "outbound": Text("envios", "sends"),
    "outbound_attempts": Text("tentativas de envio", "attempts to send"),
    "parked_news": Text("avisos do provedor", "news of the provider"),
    "incoming_events": Text("eventos recebidos", "events that came in"),
    "domain_events": Text("acontecimentos", "events"),
    "contacts": Text("cadastro", "record"),
    "contact_identities": Text("números e endereços", "numbers and addresses"),
    "contact_facts": Text("fatos", "facts"),
    "contact_notes": Text("notas", "notes"),
    "contact_tags": Text("etiquetas", "tags"),
    "contact_events": Text("mudanças do cadastro", "changes of the record"),
    "consent_events": Text("consentimentos", "consents"),
    "leads": Text("leads", "leads"),
    "lead_stage_events": Text("mudanças de etapa", "moves between stages"),
    "handoffs": Text("pedidos de atendimento", "handoffs"),
    "timers": Text("lembretes do bot", "timers"),
    "drafts": Text("rascunhos", "drafts"),
    "effects": Text("ações", "actions"),
    "orders": Text("pedidos", "orders"),
    "charges": Text("cobranças", "charges"),
    "draft_cases": Text("casos", "cases"),
    "taught_answers": Text("respostas ensinadas", "taught answers"),
    "approved_answers": Text("origens de respostas", "sources of answers"),
    "knowledge_gaps": Text("lacunas", "gaps"),
    "staff_messages": Text("mensagens no grupo", "messages in the group"),
    "staff_notes": Text("avisos do grupo", "notes of the group"),
    "staff_lines": Text("linhas do tópico", "lines of the topic"),
    "staff_topics": Text("tópicos", "topics"),
    "staff_buttons": Text("botões", "buttons"),
    "audit_log": Text("registros", "entries of the record"),
}


async def _preview(ask: Ask, customer: Customer) -> Answer:
    head = bold(ask.say(Text("🗑 Apagar tudo sobre ", "🗑 Erase all about ")) + customer.label)
    what = Text(
        "Mensagens, arquivos, dados, notas e o tópico são apagados para sempre. "
        "A pessoa continua marcada para não receber mensagens.",
        "Messages, files, data, notes and the topic are erased for good. The person stays marked as opted out.",
    )
    final = Text("Não dá para desfazer.", "This cannot be undone.")
    return Answer(text=lines(head, ask.say(what), bold(ask.say(final))))


async def _erase(ask: Ask, customer: Customer) -> Answer:
    receipt = await erasure.erase(ask.session, customer.id, ask.asker.actor)
    told = [(store, many) for store, many in receipt.stores.items() if many]
    told.sort(key=lambda one: (one[0] != _LEFT, -one[1]))
    shown = [f"• {_name(store, ask)}: {many}" for store, many in told[:_MOST]]
    rest = sum(many for _, many in told[_MOST:])
    more = italic(ask.say(Text(f"e mais {rest} em outros lugares", f"and {rest} more elsewhere"))) if rest else None
    head = bold(ask.say(Text("🗑 Apagado.", "🗑 Erased.")))
    number = ask.say(Text("Recibo", "Receipt"))
    return Answer(text=lines(head, f"{number}: " + code(str(receipt.id)), *shown, more), is_general=True)


def _name(store: str, ask: Ask) -> str:
    return ask.say(STORES[store]) if store in STORES else store


ACTIONS: Final = (
    Action(
        name=ERASE,
        about=Text("Apaga para sempre tudo sobre um cliente.", "Erases all about a customer, for good."),
        role=Role.ADMIN,
        run=of_customer(ERASE, _erase),
        preview=of_customer(ERASE, _preview),
        params=(CUSTOMER,),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="apagar",
        action=ERASE,
        about=Text("Apagar tudo sobre este cliente", "Erase all about this customer"),
        usage=Text("/apagar  ·  fora do tópico: /apagar Ana", "/erase  ·  outside a topic: /erase Ana"),
        read=reading.whom,
        aliases=("erase",),
    ),
)
