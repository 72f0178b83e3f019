"""What takes no argument: greetings, thanks, complaints, threats of law, "are you a bot?", "never mind"."""

from collections.abc import Iterator, Sequence
from typing import Final

from agents.commands import Mention
from agents.rules.phrasing import FILL, Hit, hits, is_conditional, is_negated, maybe, shape, words
from agents.rules.sentences import Clause

Said = tuple[Mention, tuple[int, int]]


def said(clauses: Sequence[Clause]) -> Iterator[Said]:
    """Each mention once, and where it stands."""
    for mention, pattern in _PATTERNS:
        found = next((hit for hit in hits(clauses, pattern) if _counts(mention, hit)), None)
        if found is not None:
            yield mention, found.span


def cancels(clauses: Sequence[Clause]) -> tuple[int, int] | None:
    """Only where nothing else is said: whoever cancels an order wants something done."""
    rest = [clause for clause in clauses if not _COURTESY.fullmatch(clause.words)]
    return rest[0].whole if len(rest) == 1 and _CANCEL.fullmatch(rest[0].words) and not rest[0].asks else None


def _counts(mention: Mention, hit: Hit) -> bool:
    if mention in _WHOLE and not _COURTESY.fullmatch(hit.clause.words.replace(hit.text, "", 1) or "ok "):
        return False
    if mention in _STATED and (hit.clause.asks or is_conditional(hit)):
        return False
    if mention is Mention.ASKS_IF_BOT and not (hit.clause.asks or hit.behind.startswith(("ne ", "e "))):
        return False
    return not is_negated(hit)


_BOT: Final = words(
    "robo|bot|robot|humano|humana|human|pesoa|gente|pesoa de verdade|maquina|inteligencia artificial",
    "ia|ai|real person|person|persona|chatbot|atendente|pesoa real|real",
)
_DET: Final = maybe("um", "uma", "o", "a", "an", "una", "un", "mesmo", "alguma", "mesmo um", "mesmo uma")
_COURTESY: Final = shape(
    "(?:"
    + words(
        "oi|oie|ola|opa|e ai|eai|alo|bom dia|boa tarde|boa noite|bom|boa|dia|tudo bem|tudo bom|td bem",
        "tudo certo|por favor|favor|por gentileza|obrigado|obrigada|ok|ta|ta bom|entao|hi|hey|hello",
        "good morning|good afternoon|hola|buenas|buenos dias|pesoal|gente|moca|moco|amigo|amiga|querida",
        "querido|ai|ne|voce|voces|muito|ah|e|sim|aqui|agora|valeu|desculpa",
    )
    + "){1,8}"
)
_CANCEL: Final = shape(
    rf"{maybe('ah|nao|entao|ok')}(?:"
    rf"{words('cancela|cancele|cancelar|cancela iso|cancela tudo|deixa pra la|deixa para la')}"
    rf"|{words('deixa quieto|deixe pra la|esquece|esqueca|esquece iso|desisto|never mind|nevermind')}"
    rf"|{words('forget it|cancel that|cancel it|olvidalo|dejalo|deja|mudei de ideia')})"
    rf"{maybe('entao|por favor|favor|iso|obrigado|obrigada|please')}"
)
_PATTERNS: Final = (
    (
        Mention.LEGAL_THREAT,
        shape(
            rf"(?:{words('procon|pequenas causas|juizado|consumidor gov|meu advogado|minha advogada|nosso advogado')}"
            rf"|{words('meus advogados|my lawyer|mi abogado|acao judicial|sue you|small claims|profeco')})",
            rf"{words('vou|vamos|irei|estou|to|voy a|eu')}{maybe('te|os|abrir|entrar com')}(?:"
            rf"{words('proceso|procesar|abrir um proceso|um proceso|denunciar|acionar a justica')}"
            rf"|{words('acionar um advogado|demandar|demandarlos|na justica|a justica|a policia')}"
            rf"|{words('entrar na justica|procurar meus direitos|buscar meus direitos|atras dos meus direitos')}"
            rf"|{words('procurar um advogado|chamar meu advogado')})",
            rf"{words('vou|vamos|irei|abrir|abri|registrar|reclamar|colocar|postar|denunciar|fazer')}{FILL}{{0,4}}?re"
            r"clame aqui ",
            rf"(?:{words('proceso voces|meter um proceso|proceso na|ver voces na justica|nos vemos na justica')}"
            rf"|{words('see you in court|take legal action|legal action|medidas judiciais|medidas legais')}"
            rf"|{words('medidas cabiveis')})",
        ),
    ),
    (
        Mention.COMPLAINT,
        shape(
            rf"{words('quero|queria|gostaria de|preciso|vim|vou|i want to|quiero')}"
            rf"{maybe('fazer|registrar|abrir|make|hacer')}{maybe('uma|a|una|minha')}"
            rf"{words('reclamar|reclamacao|complaint|complain|queja|reclamo')}",
            rf"(?:{words('pesimo|pesima|horivel|orivel|absurdo|um descaso|descaso|falta de respeito|palhacada')}"
            rf"|{words('uma vergonha|ridiculo|inaceitavel|inadmisivel|decepcionado|decepcionada|insatisfeito')}"
            rf"|{words('insatisfeita|indignado|indignada|revoltado|revoltada|me enganaram|fui enganado')}"
            rf"|{words('fui enganada|que golpe|terrible service|awful|unaceptable|worst|scamed|pesima atencion')}"
            rf"|{words('um lixo|que lixo|fui mal atendido|fui mal atendida')})",
        ),
    ),
    (
        Mention.ASKS_IF_BOT,
        shape(
            rf"(?:{words('voce e|voce e mesmo|vc e|tu e|es|eres|are you|is this|iso e|iso aqui e|e|sera que e')}"
            rf"|{words('u are|seria|isto e')}){_DET}{_BOT}",
            rf"(?:{words('falando com|conversando com|talking to|hablando con|hablando com|chating with')}"
            rf"|{words('speaking to')}){_DET}{_BOT}",
            rf"{words('mensagem', 'resposta')}{words('automatica', 'automaticas')}",
        ),
    ),
    (
        Mention.STILL_THERE,
        shape(
            rf"(?:{words('tem alguem ai|tem alguem por ai|alguem ai|voce esta ai|voces estao ai|ainda esta ai')}"
            rf"|{words('ta ai|esta ai|ainda ta ai|cade voce|cade voces|sumiu|vai responder|alguem me responde')}"
            rf"|{words('anyone there|are you there|still there|you there|sigues ahi|estas ahi|hay alguien')}"
            rf"|{words('hay alguien ahi|alguem na linha|tem alguem')})",
        ),
    ),
    (
        Mention.REPEAT,
        shape(
            rf"(?:{words('pode repetir|poderia repetir|repete|repita|repete por favor|nao entendi|como asim')}"
            rf"|{words('o que voce dise|nao ouvi|fala de novo|diz de novo|can you repeat|repeat|say that again')}"
            rf"|{words('what did you say|i didnt understand|puede repetir|puedes repetir|no entendi')})"
            rf"{maybe('iso|nada|that|de novo|please|a pergunta|pergunta|o que voce dise')}",
        ),
    ),
    (
        Mention.THANKS,
        shape(
            words(
                "obrigado|obrigada|obrigadao|brigado|brigada|obg|obgd|valeu|vlw|agradeco|agradecido|agradecida",
                "grato|grata|thanks|thank you|thx|gracias|gratidao",
            )
        ),
    ),
    (
        Mention.GREETING,
        shape(
            words(
                "oi|oie|ola|opa|bom dia|boa tarde|boa noite|alo|e ai|eai|hi|hey|hello|good morning|good afternoon",
                "good evening|hola|buenas|buenos dias|buenas tardes|buenas noches|tudo bem|td bem|tudo bom",
            )
        ),
    ),
)
_WHOLE: Final = frozenset({Mention.STILL_THERE, Mention.REPEAT})
_STATED: Final = frozenset({Mention.LEGAL_THREAT, Mention.COMPLAINT})
