"""What people say in so many words: a person please, stop writing, thanks, are you a robot. pt-BR, en, es.

Patterns are of folded text, and of one clause at a time: a "não" in the clause before denies nothing in this one.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from agents.commands import Mention
from agents.extractors.found import plain
from core.lexicon import ConsentWord, consent_word


class Wish(StrEnum):
    """What must never be missed."""

    HUMAN = "request_human"
    OPT_OUT = "opt_out"
    CANCEL = "cancel"


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends in the text as it was written."""
    start = 0
    for found in _CLAUSE_END.finditer(text):
        if text[start : found.start()].strip():
            yield start, found.start() + len(found[0].rstrip())
        start = found.end()
    if text[start:].strip():
        yield start, len(text)


def wish(clause: str) -> Wish | None:
    """Of one clause, asked or told; what is denied or only asked about is none."""
    folded = plain(clause).text.strip()
    if _STOP.search(folded) and not _STOP_DENIED.search(folded):
        return Wish.OPT_OUT
    if _NO_ROBOT.search(folded) or (_HUMAN.search(folded) and not _HUMAN_DENIED.search(folded)):
        return Wish.HUMAN
    return Wish.CANCEL if _CANCEL.fullmatch(folded.strip(" .!")) else None


def wish_of_message(text: str) -> Wish | None:
    """Of a whole message: one word may be enough where it stands alone."""
    if consent_word(text) is ConsentWord.OPT_OUT:
        return Wish.OPT_OUT
    return Wish.HUMAN if _HUMAN_ALONE.fullmatch(plain(text).text.strip(" .!?")) else None


def mention(text: str) -> Mention | None:
    """The first that a message holds, the graver before the lighter."""
    folded = plain(text).text.strip()
    return next((mention for mention, shape in _MENTIONS.items() if shape.search(folded)), None)


def corrected(text: str) -> Iterator[tuple[int, int]]:
    """The text in the pieces between "quer dizer" and its like: of two values in two pieces, the later one counts."""
    start = 0
    for found in _CORRECTION.finditer(plain(text).text):
        begin, end = plain(text).span(found.start(), found.end())
        yield start, begin
        start = end
    yield start, len(text)


def takes_back(clause: str) -> bool:
    return bool(_TAKES_BACK.search(plain(clause).text))


def promises(clause: str) -> bool:
    return bool(_PROMISE.search(plain(clause).text))


_CLAUSE_END: Final = re.compile(r"[.!?;\n]+(?=\s|$)\s*|,\s+|\s+(?:mas|porém|porem|but|pero)\s+", re.IGNORECASE)
_CORRECTION: Final = re.compile(
    r"\b(?:quer dizer|na verdade|ou melhor|digo|corrigindo|errei|me enganei|nao,? (?:e|sao) |alias|i mean|i meant|"
    r"actually|"
    r"or rather|sorry,? it'?s|correction|quiero decir|en realidad|mejor dicho)\b[\s,:]*"
)
_PERSON: Final = (
    r"(?:humano|humana|pessoa|atendente|gente (?:de verdade|real)|alguem|operador|operadora|consultor|consultora|"
    r"vendedor|"
    r"vendedora|gerente|responsavel|supervisor|supervisora|suporte humano|ser humano|especialista|equipe|"
    r"human|person|agent|someone|somebody|representative|manager|operator|supervisor|real people|advisor|"
    r"persona|agente|asesor|asesora|encargado|operario)"
)
_ARTICLE: Final = (
    r"(?:(?:com|um|uma|algum|alguma|o|a|os|as|seu|sua|voces?|outro|outra|an?|the|some|your|to|with|un|una|con|el|la|"
    r"real|live|actual|alguna)\s+){0,4}"
)
_HUMAN: Final = re.compile(
    r"\b(?:quero|queria|qro|gostaria de|preciso|prefiro|posso|pode|podem|poderia|poderiam|consigo|da pra|da para|"
    r"tem como|"
    r"me|favor|por favor|vamos|exijo|necessito|quiero|necesito|puedo|prefiero|i want|i wanna|i need|i'd like|"
    r"i would like|can i|could i|may i|let me|please|can you|could you|get me|give me)\s+"
    r"(?:\w+\s+){0,2}?(?:falar|conversar|ser atendid[oa]|atendimento|tratar|passa(?:r)?|passe|transfere|"
    r"transferir|transfira|"
    r"chama(?:r)?|chame|conectar|coloca(?:r)?|encaminha(?:r)?|encaminhe|hablar|pasar|pasame|comunicar|"
    r"speak|talk|chat|connect|transfer|put me through|reach|be connected|have|see|get)\s+"
    rf"(?:me\s+)?(?:pra |para |pro |por |to |with |through to )?{_ARTICLE}{_PERSON}\b"
    rf"|\b(?:fala[r]?|chama|chame|chamem|passa|passe|transfere|transfira|conecta|liga|ligue) (?:me )?(?:pra|para|"
    rf"pro|com|a|o|um|uma|"
    rf"ai)?\s*{_ARTICLE}{_PERSON}\b"
    rf"|\b(?:quero|queria|preciso de|prefiro|exijo|i want|i need|quiero|necesito) {_ARTICLE}{_PERSON}\b"
    r"|\b(?:quero|queria|prefiro|preciso de?) (?:um )?atendimento humano\b|\b(?:speak|talk) to (?:a |"
    r"an )?(?:human|person|agent)\b"
    r"|\b(?:cade|onde esta) (?:o |a )?(?:atendente|atendimento humano)\b"
)
_NO_ROBOT: Final = re.compile(
    r"\bnao quero (?:mais )?(?:falar|conversar|tratar) com (?:um |uma |o |a )?(?:robo|bot|maquina|ia|inteligencia)\b"
    r"|\bi do(?:n'?t| not) want to (?:talk|speak) to (?:a |an )?(?:bot|robot|machine|ai)\b"
)
_HUMAN_DENIED: Final = re.compile(
    r"\b(?:nao|nunca|nem|don'?t|do not|no need|sem|no)\b (?:\w+ ){0,3}?(?:quero|preciso|precisa|gostaria|falar|"
    r"chamar|"
    r"want|need|talk|speak|passar|transferir|hablar|quiero)\b"
    r"|\b(?:falei|conversei|acabei de falar|ja falei|spoke|talked|hable)\b"
    r"|\bpara (?:\w+ ){0,2}pessoas\b|\b(?:informacoes|detalhes) (?:sobre|da|do)\b"
)
_HUMAN_ALONE: Final = re.compile(
    r"(?:(?:oi|ola|por favor|please|quero|um|uma|o|a|an|falar com|com)[\s,]+)*"
    r"(?:atendente|humano|humana|atendimento humano|pessoa de verdade|human|agent|representative|real person|"
    r"live agent|operador|operadora|agente|persona real|falar com (?:um )?atendente)(?:[\s,]+(?:por favor|please|"
    r"ja|agora|pfv|pf))*"
)
_NEWS: Final = (
    r"(?:mensage(?:m|ns)|msgs?|notificac(?:ao|oes)|propagandas?|promoc(?:ao|oes)|ofertas?|spam|sms|nada|contatos?|"
    r"avisos?|"
    r"e-?mails?|messages?|texts?|notifications?|ads|offers|marketing|anything|mensajes?|publicidad)"
)
_STOP: Final = re.compile(
    rf"\b(?:nao|n) (?:quero|desejo|autorizo|aceito|gostaria de) (?:mais )?(?:receber|que (?:me )?(?:mandem|enviem))"
    rf"(?: mais)?\b(?:.{{0,20}}\b{_NEWS}| (?:isso|mais))?"
    rf"|\b(?:nao|parem?|para|deixem?) (?:de )?(?:me )?(?:mandar?|mandem|enviar?|enviem|envia|escrever|escrevam|"
    rf"chamar?|chamem|"
    rf"perturbar?|perturbem|incomodar?|incomodem|ligar?|liguem|manda|mande|envie)\b(?: mais| de novo| para mim|"
    rf" pra mim|.{{0,12}}\b{_NEWS})"
    rf"|\bparem? (?:com (?:essas?|esses?|as|os) {_NEWS}|de me (?:mandar|enviar|chamar|ligar|incomodar|perturbar|"
    rf"escrever))"
    r"|\b(?:me )?(?:tira|tire|tirem|tirar|remove|remova|removam|remover|exclui|exclua|excluam|excluir|descadastra|"
    r"descadastre|"
    r"descadastrar|descadastrem|apaga|apague)\b (?:me )?(?:(?:o )?meu (?:numero|contato|telefone|cadastro|nome) )?"
    r"(?:d[aeo]s?|dess[ae]|dest[ae]|daqui|desse) ?(?:\w+ )?(?:lista|grupo|cadastro|base|mailing|contatos|sistema|"
    r"daqui)?"
    r"|\b(?:quero|queria|preciso|como faco (?:pra|para)|gostaria de) (?:me )?(?:descadastrar|desinscrever|"
    r"sair d[ae]|ser removid[oa]|"
    r"parar de receber|deixar de receber|cancelar (?:o recebimento|a inscricao|minha inscricao))"
    r"|\bme descadastr|\bme desinscrev|\bstop (?:sending|texting|messaging|contacting|writing|emailing|bothering)\b"
    r"|\b(?:do not|don'?t|dont|never) (?:text|message|contact|write to|email|bother|call|send) me\b"
    r"|\b(?:remove|take|delete) (?:me|my (?:number|contact)) (?:from|off)\b|\bunsubscribe\b|\bopt(?: me)? out\b"
    rf"|\bi (?:do not|don'?t|no longer) want (?:to (?:receive|get) )?(?:any ?more |your |these |more )*{_NEWS}\b"
    r"|\bno (?:quiero|deseo) (?:mas )?(?:recibir|mensajes)|\b(?:borren|eliminen|saquen|quiten)me\b|"
    r"\bdar(?:me)? de baja\b"
    r"|\bno me (?:escriban|envien|manden|contacten)\b|\bme deixem? em paz\b|\bleave me alone\b"
)
_STOP_DENIED: Final = re.compile(
    r"\bnao (?:quero|precisa|e para|e pra) (?:me )?(?:sair|tirar|remover|descadastrar|parar|cancelar)\b"
    r"|\b(?:tira|tire|tirar|remove|remova|remover|exclui|excluir|apaga|take|delete) (?:\w+ )?(?:d[aeo]s? )?"
    r"(?:item|produto|carrinho|frete|taxa|duvida|foto|pedido|embalagem|cart)\b"
    r"|\b(?:carrinho|do pedido|da embalagem|da caixa|da sacola|da nota|do boleto|da parede)\b"
    r"|\bnao (?:me )?(?:mandou|mandaram|enviou|enviaram|chegou)\b|\bi (?:do not|don'?t) want to (?:stop|"
    r"unsubscribe)\b"
)
_CANCEL: Final = re.compile(
    r"(?:(?:nao|ah|bom|entao|ok|oh|well)[\s,]+)*(?:deixa (?:pra|para) la|deixa quieto|esquece(?: isso)?|"
    r"esqueca(?: isso)?|"
    r"cancela isso|desisto|desisti|nao precisa mais|nao quero mais isso|never ?mind|forget (?:it|about it)|"
    r"i changed my mind|mudei de ideia|dejalo|olvidalo)(?:[\s,]+(?:obrigad[oa]|valeu|thanks))*"
)
_TAKES_BACK: Final = re.compile(
    r"\b(?:esquece|esqueca|desconsidera|desconsidere|ignora|ignore|apaga|apague|retira|retire|tira|tire|"
    r"forget|disregard|scratch|remove) (?:(?:o|a|os|as|esse|essa|meu|minha|the|that|my|about) ){0,2}\w"
)
_PROMISE: Final = re.compile(
    r"\b(?:vou|irei|vamos) (?:te |lhe |ja |fazer (?:o|um) )?(?:pagar|pix|pagamento|mandar|enviar|ligar|retornar|"
    r"transferir|depositar|"
    r"assinar|resolver|passar ai|ver isso|acertar|quitar|fazer)\b|\b(?:pago|mando|envio|deposito|transfiro|acerto|"
    r"quito|retorno) "
    r"(?:tudo |isso |voce )?(?:hoje|amanha|depois|na|no|ate|dia|segunda|terca|quarta|quinta|sexta|sabado|semana)\b"
    r"|\b(?:i'?ll|i will|i'm going to|we'?ll) (?:pay|send|call|get back|transfer|do it|sign|settle)\b"
    r"|\b(?:voy a|manana) (?:pagar|enviar|pago|envio)\b"
)
_HELLO: Final = (
    r"^(?:oi+e?|ola|opa|e ai|eai|bom dia|boa tarde|boa noite|hello|hi|hey|good (?:morning|afternoon|evening)|hola|"
    r"buen[oa]s)\b"
)
_MENTIONS: Final = {
    Mention.LEGAL_THREAT: re.compile(
        r"\bprocon\b|\b(?:vou|irei|vamos|quero) (?:te |lhe |os )?process(?:ar|o)\b|\bmeu advogado\b|"
        r"\bminha advogada\b|\bna justica\b|"
        r"\bacao judicial\b|\breclame ?aqui\b|\b(?:my|a) lawyer\b|\bsue you\b|\blegal action\b|\btribunal\b|"
        r"\bjuizado\b"
    ),
    Mention.COMPLAINT: re.compile(
        r"\b(?:absurdo|pessim[oa]|horrivel|ridicul[oa]|vergonha|palhacada|descaso|inaceitavel|insatisfeit[oa]|"
        r"decepcionad[oa]|"
        r"pior atendimento|falta de respeito|enganad[oa]|golpe|to furios[oa]|estou furios[oa]|cansad[oa] de esperar|"
        r"terrible|awful|ridiculous|unacceptable|disgrace|worst|fed up|scam|quero reclamar|reclamacao|complaint|"
        r"pesimo|verguenza)\b"
    ),
    Mention.ASKS_IF_BOT: re.compile(
        r"\b(?:voce|vc|isso|isto|aqui|quem fala|to falando com|estou falando com|falo com) ?(?:ai |aqui )?(?:e |"
        r"eh |com )?(?:um |uma )?"
        r"(?:robo|bot|maquina|ia|inteligencia artificial|chatgpt|pessoa (?:de verdade|real)|humano|chatbot)\b|"
        r"\be (?:um )?(?:robo|bot)\b|\b(?:o )?que (?:e )?voce e\b|\bquem e voce\b|\b(?:are|r) (?:you|u) (?:a |"
        r"an )?(?:real |actual )?"
        r"(?:bot|robot|human|person|ai|machine)\b|\b(?:is this|am i talking to) (?:a |an )?(?:bot|robot|human|ai|"
        r"machine|real person)\b|"
        r"\bwhat are you\b|\bwho are you\b|\beres (?:un )?(?:robot|bot|humano)\b"
    ),
    Mention.STILL_THERE: re.compile(
        r"\b(?:(?:voce|vc|alguem|tem alguem|tem gente)(?: ainda)? (?:esta |ta )?ai|ainda (?:esta )?ai|"
        r"cade voce)\b|^(?:al[oô]|ei)\?+|"
        r"\b(?:are you|anyone|anybody|you) (?:still )?there\b|^hello\?+$|^oi\?+$|\bsigue[s]? ahi\b"
    ),
    Mention.REPEAT: re.compile(
        r"\b(?:pode|poderia|consegue) repetir\b|\brepete\b|\brepita\b|\bnao entendi\b|\bcomo assim\b|"
        r"\bo que voce (?:disse|falou)\b|"
        r"\b(?:can|could) you repeat\b|\bsay (?:that|it) again\b|\bi (?:don'?t|didn'?t) understand\b|\bcome again\b|"
        r"\bwhat did you say\b|\bno entend|\bpuede repetir\b|^(?:que|como|what)\?$"
    ),
    Mention.THANKS: re.compile(
        r"\b(?:obrigad[oa]|brigad[oa]|obg|valeu|vlw|agradeco|grat[oa]|thanks|thank you|thx|gracias)\b"
    ),
    Mention.GREETING: re.compile(_HELLO),
    Mention.SMALLTALK: re.compile(
        r"\b(?:tudo bem|td bem|como vai|como voce esta|how are you|bom fim de semana|bom feriado|have a (?:nice|"
        r"good) day|"
        r"kkk+|haha+|rsrs+|que calor|que frio|tchau|ate mais|ate logo|bye)\b"
    ),
}
