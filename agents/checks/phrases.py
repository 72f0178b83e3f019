"""How people say that something was done, will be done, or may be had: phrases, as they look once folded."""

import re
from collections.abc import Sequence
from typing import Final

_BOOK: Final = "agenda.criar"
_CANCEL: Final = "agenda.cancelar"


def _any(*phrases: str) -> str:
    return f"(?:{'|'.join(phrases)})"


def _pattern(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


NOT: Final = re.compile(r"nao|nunca|jamais|sem|nem|nenhum\w*|not|never|no|\w+n't|cannot|without")
CONDITION: Final = re.compile(
    r"\b(?:apos|depois|quando|assim que|se|caso|ate|antes|enquanto|para|so|somente|como|once|after|when|if|until|before"
    r"|unless|to|as soon as)\b"
)
OFFER: Final = re.compile(
    r"\b(?:se|caso|posso|podemos|quer|queira|quiser|gostaria|prefer\w+|precisar|basta|if|would|can i|shall|could"
    r"|whenever)\b"
)
ABSTENTION: Final = _pattern(
    r"\bnao (?:encontrei|achei|localizei|consta|vi)\b|\bsem (?:essa )?informac\w+",
    r"\bnao (?:tenho|temos|ha) (?:\w+ ){0,2}?(?:info\w*|dados?|detalhes?|certeza|resposta|acesso)\b",
    r"\bnao (?:sei|consigo|posso) (?:\w+ )?(?:dizer|informar|responder|ajudar|opinar|falar|confirmar|afirmar|dar)\b",
    r"\b(?:couldn't|could not|can't|cannot|don't|do not|didn't|did not) (?:find|know|help|say)\b",
    r"\b(?:don't|do not) have (?:that|this|any|the)\b|\bno (?:encontre|tengo esa|se decir)\b",
)

# --- what was done ----------------------------------------------------------------------------------------------------

_WHAT: Final = _any(
    "agendamento|horario|consulta|reserva|pagamento|pedido|cancelamento|reembolso|estorno|compra|cadastro|visita",
    "reuniao|demonstracao|demo|exame|sessao|aula|entrega|pix|boleto|assinatura|matricula|solicitacao|troca",
)
_THING: Final = _any(
    "appointment|booking|reservation|payment|order|refund|purchase|visit|meeting|demo|delivery|subscription|request"
)
_IS: Final = r"(?:ja |agora )?(?:foi |foram |esta |estao |ficou )(?:ja |agora |sendo )?"
_BEEN: Final = r"(?:has been |have been |was |is |is now |is all )(?:now |already |successfully )?"
_YOUR: Final = r"\b(?:seu|sua|teu|tua)\s(?:\w+\s){0,2}?"
_MADE_PT: Final = _any(
    "enviei|mandei|encaminhei|reembolsei|estornei|devolvi|paguei|emiti|gerei|cadastrei|registrei|apliquei|ativei",
    "liberei|atualizei|alterei|solicitei|avisei|notifiquei|comuniquei|liguei|acionei|transferi|adicionei|removi",
    "apaguei|bloqueei|desbloqueei|troquei|concedi|processei|efetuei|finalizei|(?:ja|eu) exclui",
    "abri (?:um|uma|o|a|seu|sua) (?:chamado|ticket|solicitacao|protocolo|reclamacao)",
    "pedi (?:a|ao|para|pra|que)|passei (?:o |a )?(?:seu|sua|para)|falei com",
)
_MADE_EN: Final = _any(
    "sent|emailed|e-mailed|texted|forwarded|refunded|charged|paid|processed|issued|created|opened|registered|updated",
    "applied|activated|requested|notified|informed|called|contacted|transferred|added|removed|deleted|submitted",
)
_STATE_PT: Final = _any(
    "confirmad|realizad|efetuad|aprovad|concluid|processad|enviad|reembolsad|estornad|emitid|gerad|cadastrad|registrad",
    "liberad|ativad|aplicad|alterad|atualizad|recebid|pag|finalizad|feit",
)
_BARE: Final = (
    r"(?:^|[,:] ?)(?:(?:o|a|seu|sua) )?"  # a headline: "agendamento confirmado!", and not "com horário marcado"
)
_READY: Final = r"(?:^|\b(?:pronto|prontinho|certo|feito|ok|oba|done|great), ?)"
_I_HAVE: Final = r"\b(?:i(?:'ve| have)?|we(?:'ve| have))(?: just| already| now)? "


def _states(what: str) -> re.Pattern[str]:
    return _pattern(rf"\b{_WHAT} {_IS}{what}\b", rf"{_BARE}{_WHAT} {what}\b", rf"{_YOUR}\w+ {_IS}{what}\b")


# Told of a thing, without who did it: under a condition they are how things go, and no news.
STATES: Final = (
    _states(r"(?:agendad|marcad|reservad|remarcad|reagendad)[oa]s?"),
    _states(r"(?:cancelad|desmarcad)[oa]s?"),
    _states(rf"{_STATE_PT}[oa]s?"),
    _pattern(rf"\b{_THING} {_BEEN}(?:booked|scheduled|rescheduled|reserved)\b"),
    _pattern(rf"\b{_THING} {_BEEN}cancell?ed\b"),
    _pattern(rf"\b{_THING} {_BEEN}(?:confirmed|{_MADE_EN}|approved|completed|done|received)\b"),
    _pattern(rf"{_READY}(?:esta )?(?:tudo )?(?:agendad|marcad|reservad)[oa]\b"),
)
ACTIONS: Final[Sequence[tuple[re.Pattern[str], str]]] = (  # with the tool that makes each of them true
    (_pattern(r"\b(?:agendei|marquei|reservei|remarquei|reagendei|confirmei (?:o|a|seu|sua|seus|suas)\b)"), _BOOK),
    (_pattern(r"\b(?:cancelei|desmarquei)\b"), _CANCEL),
    (_pattern(rf"\b{_MADE_PT}\b"), ""),
    (_pattern(rf"{_I_HAVE}(?:booked|scheduled|rescheduled|reserved|confirmed)\b"), _BOOK),
    (_pattern(rf"{_I_HAVE}cancell?ed\b"), _CANCEL),
    (_pattern(rf"{_I_HAVE}{_MADE_EN}\b"), ""),
    (_pattern(r"\bhe (?:agendado|reservado|cancelado|enviado|confirmado|procesado|reembolsado)\b"), ""),
    *zip(STATES, (_BOOK, _CANCEL, "", _BOOK, _CANCEL, "", _BOOK), strict=True),
)

# --- what will be done ------------------------------------------------------------------------------------------------

_PERSON_PT: Final = _any(
    r"atendentes?|humanos?|humana|pessoas?|equipe|time|especialistas?|consultor\w*|vendedor\w*|gerente|supervisor\w*",
    r"responsavel|colegas?|operador\w*|setor|departamento|suporte|advogad\w+|medic[oa]s?|alguem|atendimento humano",
)
_PERSON_EN: Final = _any(
    "agent|human|person|team|someone|somebody|specialist|representative|colleague|manager|support|advisor|operator"
)
_PASS: Final = _any(
    r"transferi\w*|passar|passando|passo|encaminh\w*|conect\w*|direcion\w*|redirecion\w*|chamar|chamando|chamo|acion\w*"
)
_PASSING: Final = "(?:transferindo|encaminhando|passando|conectando|transfiro|encaminho|passo|conecto)"
_TURN_TO: Final = _any(
    "falar|atender|entrar|chamar|responder|ligar|ajudar|assumir|continuar|retornar|cuidar|contatar|procurar|escrever"
)
_WILL_PT: Final = _any(
    rf"(?:vai|vao|ira|irao)(?: ja)?(?: te| lhe)? {_TURN_TO}|(?:te|lhe) (?:chama|liga|atende|responde|escreve)",
    "entrara|entrarao|falara|atendera|retornara|respondera|assumira|continuara|ligara|chamara|em breve",
)
_TURNS_TO: Final = _any(
    "contact|call|be with|reach|get back|help|assist|respond|reply|take over|join|answer|follow up|be in touch|write"
)
_HAND: Final = r"(?:transfer|connect|hand|pass|forward|escalat|put|get)\w*"
HANDOVER: Final = _pattern(
    rf"\b(?:vou|irei|ja|estou|vamos|iremos)\b[^.!?]{{0,25}}?\b{_PASS}\b[^.!?]{{0,40}}?\b{_PERSON_PT}\b",
    rf"(?:^|\b(?:te|lhe) ){_PASSING}\b[^.!?]{{0,40}}?\b{_PERSON_PT}\b",
    rf"\b{_PERSON_PT}\b[^.!?]{{0,30}}?\b{_WILL_PT}\b",
    rf"\b(?:i'll|i will|i am|i'm|let me|we'll|we will)\b[^.!?]{{0,25}}?\b{_HAND}\b[^.!?]{{0,40}}?\b{_PERSON_EN}\b",
    rf"\b{_PERSON_EN}\w*\b[^.!?]{{0,20}}?(?:\bwill|'ll|\bis going to) {_TURNS_TO}\b",
)
_LATER_PT: Final = _any(
    "verificar|checar|consultar|confirmar com|perguntar|averiguar|conferir|retornar|ligar|enviar|mandar|providenciar",
    "agendar|marcar|cancelar|remarcar|solicitar|reembolsar|estornar",
)
_LATER_EN: Final = _any(
    "check|verify|look into|get back|call you|send|e-?mail|book|schedule|cancel|refund|confirm with|find out"
)
ERRAND: Final = _pattern(
    rf"\b(?:vou|irei)\b[^.!?,]{{0,20}}?\b{_LATER_PT}\b",
    r"\b(?:te|lhe) (?:retorno|aviso|ligo|mando|envio|respondo)\b",
    r"\bretorno (?:em|assim|para voce|com)\b",
    r"\b(?:entro|entrarei|entraremos) em contato\b",
    r"\b(?:retornarei|retornaremos|enviarei|enviaremos|avisarei|ligarei)\b",
    rf"\b(?:i'll|i will|let me)\b[^.!?,]{{0,20}}?\b{_LATER_EN}\b",
)

# --- what may be had --------------------------------------------------------------------------------------------------

FAVOUR: Final = _pattern(
    r"\b(?:descont\w*|reembols\w*|estorn\w*|dinheiro de volta|gratis|gratuit\w*|cortesia|brindes?|bonus|isenc\w*)\b",
    r"\b(?:isent\w*|cashback|voucher|cupo[mn]s?|sem custo|sem juros|promoc\w*|garanti\w+|discount\w*|refund\w*)\b",
    r"\b(?:complimentary|coupons?|waive\w*|guarantee\w*|money back|no charge|for free|(?:it's|is|are|totally) free)\b",
)
PRICE: Final = _pattern(
    r"\b(?:cust\w+|sai (?:por|a)|fica (?:por|em)|por apenas|por so|precos?|mensalidade|taxa|cobra\w*|faco por)\b",
    r"\b(?:fazemos por|o valor (?:e|do|da|fica)|costs?|prices?|fee|for only|for just|we charge)\b",
)
THEIRS: Final = _pattern(
    r"\b(?:seu orcamento|sua renda|sua faixa|voce (?:disse|informou|mencionou)|anotei)\b",
    r"\b(?:your budget|you (?:said|mentioned))\b",
)
