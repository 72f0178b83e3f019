"""Whether somebody asks for a person: "me passa pra alguém" does, "o atendente foi ótimo" does not."""

import re
from collections.abc import Sequence
from typing import Final

from agents.rules import human_parts, leaning
from agents.rules.leaning import Wish
from agents.rules.phrasing import FILL, Hit, hits, is_conditional, is_negated, maybe, shape, words
from agents.rules.sentences import Clause, squeezed


def request(clauses: Sequence[Clause]) -> tuple[int, int] | None:
    """Where in the message the first request stands."""
    mentioned = False
    for number, clause in enumerate(clauses):
        if not (mentioned or _CUE.search(clause.words)):
            continue
        part = clauses[max(0, number - 1) : number + 1]
        patterns = (*_PATTERNS, _OF_HIM) if mentioned else _PATTERNS
        for pattern in patterns:
            for hit in hits(part, pattern):
                if hit.clause is clause and _counts(hit, pattern):
                    return hit.span
        mentioned = mentioned or bool(_MENTION.search(clause.words))
    return leaning.request(Wish.HANDOFF, clauses)


def _counts(hit: Hit, pattern: re.Pattern[str]) -> bool:
    if hit.clause.asks and _HOURS.match(hit.behind):
        return False  # asked about the hours, or what the offer includes
    if hit.behind.startswith(("pra la ", "para la ")):
        return False  # "deixa … pra lá"
    if leaning.is_against(Wish.HANDOFF, hit.clause, is_loose=pattern in _OF_PARTS):
        return False
    if pattern in _UNCONDITIONAL:
        return True
    if is_conditional(hit) or _TELLING.search(hit.before):
        return False
    return not is_negated(hit) or (hit.clause.asks and bool(_NEGATIVE_QUESTION.search(hit.before + hit.text)))


_DET: Final = (
    "(?:"
    + words(
        "o|a|um|uma|uns|algum|alguma|os|as|seu|sua|teu|meu|outro|outra|ese|esa|este|esta|aquele|algun|un",
        "una|el|la|the|an|your|some|any|real|live|actual|um tal de|ai|logo|por favor|direto|proprio|certo",
        "de|do|da|parca|amigo",
    )
    + "){0,3}"
)
_SURE: Final = words(
    "someone real|somebody real|suporte humano|atencion humana|colega|colega humano|atendente",
    "atendentes|antedente|tendente|humano|humanos|humana|humanas|ser humano|u mano|human|humans",
    "human being|human agent|live agent|real person|pesoa real|pesoa humana|pesoa de verdade",
    "gente de verdade|gente real|gente mesmo|alguem de verdade|alguem real|alguem humano|carne e oso",
    "persona real|persona de verdade|asesor|asesora|agente humano|representative|asesor humano",
    "customer service rep",
)
_ANY: Final = words(
    "quem atende|quem resolve|quem entende do|moca que|moco que|rapaz que|menina que|um de voces",
    "atendente|atendentes|antedente|tendente|humano|humana|humanos|ser humano|u mano|pesoa|pesoas",
    "gente|alguem|persona|personas|vendedor|vendedora|consultor|consultora|gerente|gerencia|supervisor",
    "supervisora|responsavel|operador|operadora|especialista|funcionario|funcionaria|representante",
    "asesor|asesora|encaregado|encaregada|encargado|encargada|atendimento humano|agente|ejecutivo",
    "ejecutiva|equipe humana|human|human being|person|people|agent|representative|rep|manager|operator",
    "someone|somebody|anyone|pesoal do|alguien|dono|dona da loja|coretor|chefe",
)
_ALONE: Final = words(
    "atendente|humano|humana|ser humano|pesoa|gente|alguem|persona|human|human being|person|agent",
    "representative|asesor|agente|operador|operator|funcionario|atendimento humano",
    "atendimento personalizado|atendimento com humano|atendimento com atendente|atencao humana",
    "atencion humana|atendimento com uma pesoa|atendimento com pesoa|atendimento de uma pesoa",
    "atendimento de verdade|atendimento por uma pesoa|vendedor|someone|somebody|antedente|rep",
    "vendedora",
)
_TALK: Final = words(
    "tratar direto com|resolver direto com|falar so com|talking to|speaking to|falar com|fala com",
    "conversar com|conversa com|trocar ideia com|trocar uma ideia com|tratar com|tratar diso com",
    "tratar iso com|resolver com|resolver iso com|falar direto com|falar diretamente com",
    "falar logo com|hablar com|ablar com|diretamente com|continuar com|seguir com|speak to|speak with",
    "speak com|talk to|talk with|talk com|chat with|chat com|tirar duvida com|tirar uma duvida com",
    "falar mesmo com|falar e com|falar agora com|contato com|contacto com|falar ao vivo com",
    "falar pesoalmente com",
)
_WANT: Final = words(
    "vou querer|seria posivel|e posivel|id prefer|prefer|precisando|quero|queria|gostaria de|gostaria",
    "preciso de|preciso|precisava|precisaria|prefiro|preferia|desejo|solicito|exijo|necesito",
    "vou precisar de|vou precisar|poso|podia|poderia|consigo|consegue|conseguiria|pode|podem|tem como",
    "teria como|da pra|da para|daria pra|daria para|deixa eu|deixe eu|deixa|como faco pra",
    "como faco para|como fazer pra|como que eu faco pra|quero mesmo|quiero|quisiera|puedo|podria",
    "me gustaria|deseo|prefiero|want to|wana|want|need to|need|id like to|like to|would like to",
    "would like|can i|could i|may i|let me|rather|id like|gota|please|bora|vamos|tenho que|pedi pra",
    "pedi para|pedindo pra|pedindo para|tentando|as veio a vontade de|necesitaria|faco questao de",
)
_END: Final = (
    r"(?:\Z|"
    + words(
        "por favor|favor|aqui|agora|ja|logo|ai|real|de verdade|verdade|mesmo|humano|humana|de carne",
        "da equipe|da loja|do time|pra me|para me|que me|pra falar|para falar|pra conversar|que posa",
        "que entenda|que resolva|who can|who knows|now|to help|to talk|urgente|na moral|moco|moca|ne|viu|pra resolver",
        "para resolver|not|vivo|e nao|nao|sobre|pra tratar|obrigado|obrigada|imediatamente|rapido|caramba",
        "pora|po|from|hoje|a resolver|que me atenda|ao vivo",
    )
    + ")"
)
_CONTACT: Final = words(
    "liga|ligue|pasen|pongan|comuniquen|conecten|transfieran|pasa|pase|pasar|pasem|transfere|transfira",
    "transferir|tranfere|transferem|transfer|joga|jogue|jogar|coloca|coloque|colocar|bota|bote|botar",
    "poe|ponha|por|conecta|conecte|conectar|direciona|direcione|direcionar|redireciona|redirecione",
    "encaminha|encaminhe|encaminhar|comunica|comunique|manda|mande|leva|put|conect|hand|switch|pas",
    "patch|poem|poen|comunicar|contactar",
)
_ENCLITIC: Final = words(
    "pasame|paseme|ponme|poneme|pongame|comunicame|comuniqueme|contactame|contacteme|transfiereme",
    "transfierame|conectame|conecteme|derivame|pasenme|ponganme|comuniquenme|transfieranme|conectenme",
)
_THING: Final = (
    "(?:"
    + words(
        "me|mim|eu|nos|minha ligacao|a minha ligacao|a ligacao|meu caso|o meu caso|meu atendimento",
        "minha conversa|a conversa|iso|through|over|em contato|pra falar|para falar|esa conversa|ai|logo",
        "direto|urgente|agora|por favor|favor|em linha|na linha|la|o atendimento",
    )
    + "){0,3}"
)
_TO: Final = words("pra|para|pro|p|a|ao|com|to|with|por|pras|pros|pa")
_ME: Final = words("me|mim|eu")
_CAN: Final = words("pode|podem|poderia|podia|consegue|puede|pueden|puedes|voce|voces|vai|quer|podrias|podrian")
_BOT: Final = words(
    "robo|robos|bot|bots|robot|robots|maquina|maquinas|inteligencia artificial|ia|gravacao|chatbot",
    "atendente virtual|computador|machine",
)
_POLITE: Final = (
    "(?:"
    + words(
        "oi|ola|bom dia|boa tarde|boa noite|por favor|favor|por gentileza|opa|um|uma|o|a|real|live|ja",
        "agora|now|aqui|obrigado|obrigada|opcao|un|una|ai|de verdade|verdade|eu|urgente|hi|hello|the|an",
        "quero|sim|ok|mesmo|logo|humano|humana|com|tudo bem|entao|hola|pode ser|so|vivo|manda|e|thanks",
        "gracias|porra|po|pelo amor de deus|pelo amor|socorro|ya",
    )
    + "){0,4}"
)

_ASK_TO_TALK: Final = shape(
    rf"{_WANT}{FILL}{{0,6}}?e {_TALK}{_DET}{_ANY}",
    rf"{_WANT}{FILL}{{0,3}}?{_TALK}{_DET}{_ANY}",
    rf"como {maybe('eu', 'que eu')}{words('falo com', 'converso com', 'consigo falar com')}{_DET}{_ANY}",
    rf"{words('depois de', 'antes de', 'so')}{_TALK}{_DET}{_SURE}",
    rf"{words('depois de falar com', 'antes preciso falar com', 'so depois de conversar com')}{_DET}{_ANY}",
    rf"{words('i want', 'want')}{words('to talk', 'to speak')}{_DET}{_ANY}",
)
_TALK_FIRST: Final = re.compile(rf"\A{_POLITE}{_TALK}{_DET}{_ANY}")
_WANT_ONE: Final = shape(
    rf"{_WANT}(?!{words('contratar|ser|virar|treinar|demitir|trocar de|hire|become')}){FILL}{{0,1}}?{_DET}"
    rf"(?:{_SURE}|{_ALONE}){_END}",
    rf"{_WANT}{FILL}{{0,2}}?{words('atendimento|ajuda|suporte|contato')}{FILL}{{0,2}}?{words('com|de|por')}"
    rf"{_DET}{_SURE}",
    rf"{_WANT}{maybe('uma|de')}(?:"
    rf"{words('ajuda de|ajuda com|atendimento de|atendimento com|o atendimento de|suporte de|help from')}"
    rf"|{words('ayuda de')}){_DET}{_ALONE}",
    rf"(?:{words('can i get|could i get|can i have|could i have|get me|give me|i want|i need|bring me')}"
    rf"|{words('quero')}){_DET}(?:{_SURE}|{_ALONE}){_END}",
)
_PASS_ON: Final = shape(
    rf"{maybe('voce')}{words('pode|poderia|consegue|da pra|quero que|puede|can you')}{maybe('voce')}"
    rf"(?:{words('me transferir|me transfere|me transfira|transferirme|transfer me|me encaminhar')}"
    rf"|{words('me redirecionar')})(?:\Z|{words('por favor|favor|agora|logo|ai')})",
    rf"{_ME}{maybe('puede|pode|poderia')}{words('pasa|pase|pasar|manda|mande|arruma|arranja|traz|da')}{_DET}"
    rf"{_SURE}",
    rf"{_ME}{maybe('puede', 'pueden', 'pode', 'poderia', 'podria')}{_CONTACT}{_THING}{_TO}{_DET}{_ANY}",
    rf"{_CONTACT}(?:"
    rf"{words('me|eu|mim|minha ligacao|a minha ligacao|meu caso|o meu caso|meu atendimento|meu chamado')}"
    rf"|{words('iso|esta conversa|us')}){_THING}{_TO}{_DET}{_ANY}",
    rf"{_ENCLITIC}{_THING}{_TO}?{_DET}{_ANY}",
)
_PASS_ON_FIRST: Final = re.compile(rf"\A(?:{_POLITE}|{_CAN}|{_WANT}){{0,2}}{_CONTACT}{_THING}{_TO}{_DET}{_SURE}")
_CALL: Final = shape(
    rf"{words('manda|mande|pede|peca|pedir|fala|fale|falar|diz|avisa|avise|avisar|coloca|bota|poe|pida|ask|have|tell')}"
    rf"{maybe('pra|pro|para|ao|a|o|que|for')}{_DET}{_ANY}{FILL}{{0,2}}?"
    rf"(?:{words('falar comigo|me ligar|me ligue|me chamar|me chame|me responder|me atender|me retornar')}"
    rf"|{words('me ajudar|entrar em contato')})",
    rf"{words('ask|have|tell|get')}{_DET}{_ANY}{words('to call me|call me|to contact me|contact me|to help me')}",
    rf"(?:{words('chama|chame|chamem|chamar|bota|bote|manda|mande|aciona|acione|traz|traga|pede pra')}"
    rf"|{words('pede para|peca para|peca pra|pedir pra|pedir para|put|dame|deme|cade|kd|onde esta|call')}"
    rf"|{words('arruma|arranja|poe')})"
    rf"{_DET}(?:{words('atendente|atendentes|humano|ser humano|gerente|supervisor|supervisora|responsavel')}"
    rf"|{words('funcionario|pesoas da|pesoas desa|human|asesor|real person|agente humano|manager')}"
    rf"|{words('humano ai')})",
    rf"(?:{words('chama|chame|chamem|chamar|bota|bote|manda|pede pra|pede para|peca para|peca pra')}"
    rf"|{words('pedir pra|pedir para|put|dame|poe')})"
    rf"{_DET}{words('alguem|pesoa|gente|person|persona|someone')}(?:\Z|(?:"
    rf"(?:{words('ai|aqui|de|da|do|real|pra me|para me|que me|pra falar|pra explicar|pra ajudar')}"
    rf"|{words('pra resolver|para resolver')})"
    rf"|{words('que resolva|que entenda|por favor|favor|me|on|logo|na|humano|humana|entrar|pra atender')}"
    rf"|{words('agora|entre|mesmo')}))",
)
_ATTEND: Final = shape(
    rf"{words('atendido por', 'atendida por', 'atendidos por', 'atendimento por')}{_DET}(?:{_ANY}|\Z)",
    rf"{words('ser atendido por um', 'ser atendida por um', 'ser atendida por uma', 'ser atendido por uma')}\Z",
    rf"{words('quero|preciso|queria|prefiro|gostaria|peco|exijo|quiero|necesito|prefiero|solicito')}que "
    rf"{_DET}{_ANY}{FILL}{{0,3}}?{words('me|nos|entre em contato|fale comigo')}",
    rf"{words('que me atienda', 'que me atenda', 'atenderme', 'que me responda', 'que me atendam')}{_DET}{_ANY}",
    rf"{_DET}{words('alguem|ninguem|atendente|pesoa|gente|humano')}{maybe('ai|aqui|disponivel')}"
    rf"{words('pra me|para me|que me')}{words('atender|atenda|responder|responda')}",
    rf"{words('someone|somebody|a person|a human')}"
    rf"{words('to talk to|i can talk to|i can speak to|i can speak with|to speak with|who can help me')}",
)
_ANYBODY: Final = shape(
    rf"{words('tem|teria|ha|existe|hay')}{_DET}{words('alguem|pesoa|gente|atendente|alguien')}"
    rf"(?:{words('que posa me|que poderia me|que me atenda|que posa falar|que consiga me|que me pueda')}"
    rf"|{words('que pueda|pra falar comigo')})",
    rf"{words('nao tem|no hay|cade')}{words('nenhum|nenhuma|um|uma|algum|ningun')}"
    rf"{words('humano|atendente|ser humano|asesor')}",
    rf"{words('is there|isnt there')}{words('anyone|anybody|someone|somebody|a person')}"
    rf"{words('i can talk|i can speak|to talk|i could talk|to help me')}",
    rf"{maybe('nao')}{words('tem|ha|hay|existe|is there|are there|teria|tem ai')}{_DET}(?:"
    rf"{words('alguem|pesoa|atendente|humano|ser humano|persona|asesor|agente|person|human|someone')}"
    rf"|{words('gente|funcionario|algum atendente')})"
    rf"{FILL}{{0,2}}?(?:"
    rf"{words('de verdade|verdade|real|humano|humana|de carne|com quem|disponivel|disponible|i can talk')}"
    rf"|{words('i can speak|available|que eu posa falar|ai pra falar|online|pra me atender')})",
    rf"(?:{words('tem gente ai|tem atendente ai|tem algum atendente ai|tem humano ai|tem um humano ai')}"
    rf"|{words('hay una persona ahi|tem gente de verdade|is anyone real|anyone real|any real person')}"
    rf"|{words('is there a real person|any humans|is there a human|is a real person|hay gente ahi')})",
    rf"{words('pesoa', 'alguem', 'persona', 'alguien')}{words('com quem')}",
)
_NO_BOT: Final = shape(
    rf"{words('cade')}{_DET}{words('gente|humano|humanos|atendente|atendentes|pesoas|suporte')}",
    rf"{words('nao|no|not|dont|para de|odeio')}{FILL}{{0,3}}?(?:"
    rf"{words('falar com|conversar com|continuar com|hablar com|talk to|talking to|speak to')}"
    rf"|{words('atendido por|aguento mais|atendida por|aguanto mas')}){FILL}{{0,2}}?{_BOT}",
    rf"(?:{words('chega de|chega deste|chega dese|cansei de|cansei dese|cansei deste|cansei desa')}"
    rf"|{words('cansei desta|cansado de|cansada de|farto de|stop with the|no more|enough with the')})"
    rf"{maybe('falar com|esa|ese|este|esta')}{_BOT}",
    r"no bots? \Z",
)
_WITH_ONE: Final = re.compile(
    rf"\A{words('mas|so|somente|apenas|prefiro|so que|porem|but|pero')}{FILL}{{0,3}}?{words('com|with|por')}"
    rf"{_DET}{_SURE}"
)
_BARE: Final = re.compile(
    rf"\A{_POLITE}{_DET}(?:(?:"
    rf"(?:{words('atendente|atendimento com pesoa|atendimento com humano|atendimento com uma pesoa')}"
    rf"|{words('atendimento humano|humano|ser humano|human|agent|live agent|real person')})"
    rf"|{words('agente humano|agente|asesor|asesor humano|representative|customer service rep')}"
    rf"|{words('customer service representative|human agent|antedente|operator|human please|real human')}"
    rf"|{words('atencion humana')})"
    rf"|{words('pesoa|gente|alguem|persona|person|operador')}"
    rf"{words('de verdade|real|por favor|favor|humana|verdade')}){_POLITE}\Z"
)
_OF_HIM: Final = shape(
    rf"{_WANT}{FILL}{{0,1}}?{_TALK}{words('ele|ela|um|uma|eles|him|her|one')}(?:\Z|"
    rf"{words('de novo|novamente|agora|por favor|again')})",
    rf"me {words('chama', 'chame', 'pasa', 'arruma', 'manda')}{words('um', 'uma', 'ele', 'ela')}\Z",
)
# Looser: a wish with a word in it that can only mean one of us. Whoever looks for staff of their own says so.
_OTHERWISE: Final = (
    r"(?:(?!(?:nao|not|nem|sem|nunca|never|dont|vaga|vagas|contratar|contrato|curso|sistema|software|chatbot|plano|"
    r"ser|virar|sou|trabalho|"
    r"trabalhar|comprar|minha|minhas|meus|cabelo|corpo|recursos|treinar|configurar|que o|entender|saber|ter|"
    r"hire|become|se|caso) )\S+ ){0,5}?"
)
_WISH: Final = shape(
    rf"(?:{_WANT}|{words('cade|pra mim|could|can|would|abre|abra|me bota|me coloca|me poe|seria bom')})"
    rf"{_OTHERWISE}{_SURE}"
    r"(?!(?:"
    rf"{words('virtual|virtuais|de loja|de farmacia|para minha|pra minha|para a minha|de telemarketing')}"
    rf"|{words('ganha|hair')}))",
    rf"{words('alguem|pesoa|gente|someone|somebody')}{words('de verdade|real|humano|humana')}"
    rf"{words('pode|poderia|podia|consegue|can|could')}me ",
    rf"{words('so|somente|apenas')}{words('com')}{_DET}{words('pesoa|humano|atendente|gente')}"
    rf"{maybe('mesmo|de verdade|real')}\Z",
)
_HOUSE: Final = words(
    "suporte|setor|departamento|financeiro|comercial|vendas|atendimento|recepcao|cobranca|posvenda|pos venda",
    "ouvidoria|gerencia|pesoal|time|equipe|customer service|customer support|support|sales|billing|administracion",
    "servicio al cliente|atencion al cliente|soporte|sac|central|rh",
)
_BOSS: Final = words(
    "supervisor|supervisora|superior|chefe|gerente|responsavel|encaregado|encaregada|dono|dona|jefe|jefa|encargado",
    "encargada|boss|manager|diretor|diretora|patrao",
)
_PERSON: Final = words(
    "alguem|pesoa|pesoas|gente|humano|humana|humanos|atendente|atendentes|persona|alguien|moca|moco|ser humano",
    "vendedor|vendedora|consultor|consultora|tecnico|tecnica|someone|somebody|human|a human|person|agent|asesor",
)
_COME_TO_ME: Final = words(
    "atende|atender|atenda|atendam|liga|ligar|ligue|chama|chamar|chame|retorna|retornar|retorne|da atencao|escuta",
    "atienda|atender|llame|llamar|ayude",
)
# What is said in passing, from under the breath, or by those who have had enough.
_ELLIPTIC: Final = shape(
    rf"{words('cade', 'onde ta', 'onde esta')}{_DET}{_PERSON}(?:\Z|{words('pra', 'para', 'que', 'ai', 'de verdade')})",
    rf"{_WANT}{FILL}{{0,2}}?{_TALK}{_DET}(?:{_HOUSE}|{words('moca|moco|rapaz|menina|mulher|senhora')})",
    rf"{_CONTACT}{words('pra', 'para', 'pro', 'a')}{maybe('outro', 'outra')}{words('alguem', 'pesoa')}"
    rf"(?:\Z|{words('que|de|da|ai|dai')})",
    rf"{_ENCLITIC}{_THING}{_TO}{maybe('su', 'el', 'la')}{_BOSS}",
    rf"{words('alguem', 'alguien')}{maybe('ai')}{words('me ajuda', 'me ajude', 'me ayuda')}\Z",
    rf"{words('alguem', 'alguem real', 'alguien')}{maybe('ai|aqui|dai|desa empresa|da loja|do time|da equipe')}"
    rf"{maybe('pode|poderia|podia|consegue|puede|podria|por favor|favor')}{_ME}{_COME_TO_ME}(?!se )",
    rf"{_ME}{maybe('pode', 'puede', 'podria', 'poderia')}{_COME_TO_ME}{_DET}{_PERSON}(?!(?:que|ontem|hoje|mas) )",
    rf"que {_ME}{_COME_TO_ME}{_DET}{_ANY}",
    rf"{words('can|could|will')}{words('a human|a person|someone|somebody|a real person|anyone')}"
    rf"{words('help|call|assist|contact|answer')}{words('me|us')}",
    rf"{words('so|somente|apenas')}{words('falo|converso|trato|resolvo|falamos|negocio')}{words('com')}{_DET}{_PERSON}",
    rf"{words('da pra|pode|poderia|tem como|quero que|queria que|prefiro que')}{words('ser|seja|fose')}"
    rf"{words('com', 'por')}{_DET}{_PERSON}",
    rf"(?:{_WANT}|{_ME}{_CONTACT}){FILL}{{0,3}}?{words('com', 'con')}{maybe('alguem')}{words('quem', 'quien', 'que')}"
    rf"{words('entende|entenda|manda|resolve|resolva|decide|sabe|saiba|manja|mande|resuelva|sepa')}",
    rf"{words('falar|fala|conversar|hablar')}{words('com|con')}{words('o|a|la|el')}"
    rf"(?!(?:voce|voces|respeito|meu|minha) )\S+ {words('do|da|de|del')}{maybe('la')}{_HOUSE}",
    rf"{_ME}{_CONTACT}{words('pro|para o|para a|pra|pra o|para|ao|a|com o|com a|al|to|to the')}"
    rf"{maybe('seu|sua|o|a')}(?:{_HOUSE}|{_BOSS})",
    rf"{words('pas|transfer|conect|put')}{words('me')}{words('to', 'through to', 'with')}{maybe('your', 'the')}"
    rf"(?:{_HOUSE}|{_BOSS})",
    rf"{words('voces', 'ai')}{words('nao tem', 'tem')}{words('gente', 'pesoa', 'ninguem', 'alguem')}{maybe('ai')}"
    rf"{words('pra atender', 'para atender', 'que atenda', 'de verdade')}",
    rf"{words('nao tem')}{words('ninguem', 'nenhuma pesoa', 'gente')}{maybe('ai')}"
    rf"{words('de verdade', 'real', 'humano', 'pra me atender', 'pra falar comigo', 'ai')}",
    rf"{words('tem')}{_DET}{words('alguem', 'pesoa', 'gente')}{words('ai', 'aqui', 'dai')}"
    rf"{words('que posa|que pode|que consiga|pra me|para me|que me|pra falar|com quem')}",
    rf"{words('troca', 'troque', 'trocar')}{_DET}{_BOT}{words('por')}{_DET}{_PERSON}",
    rf"{words('papo', 'conversa')}{words('com')}{_DET}{words('gente', 'humano', 'pesoa de verdade')}",
)
_FIRST_WORDS: Final = re.compile(
    rf"\A{_POLITE}(?:(?:{_CAN}|{_WANT}))?{_CONTACT}{words('pro|para o|para a|pra|pra o|para|ao|a|al')}"
    rf"{maybe('seu|sua|o|a')}(?:{_HOUSE}|{_BOSS}){_POLITE}(?:\Z|{_END})"
)
_ALL_OF_IT: Final = re.compile(
    rf"\A{_POLITE}(?:"
    rf"(?:{words('me transfere|me transfira|me transfiram|me transferir|transferir atendente|transfere logo')}"
    rf"|{words('live person|actual person|real human|operator|operador humano|falar com humano')}"
    rf"|{words('um supervisor|o gerente|manager please|speak to manager|gente de verdade')})"
    rf"|{words('sem', 'nada de', 'chega de')}{_DET}{_BOT}){_POLITE}\Z"
)
_HAD_ENOUGH: Final = shape(
    rf"{words('nao|no')}{words('falo|converso|trato|hablo|resolvo')}{maybe('mais')}{words('com', 'con')}{_DET}{_BOT}",
    rf"{words('ya no', 'nao', 'no')}{words('quero', 'quiero')}{maybe('mais', 'mas')}{words('el|este|un|ese|o|um')}"
    rf"{_BOT}(?!(?:aspirador|de cozinha|vermelho|azul|preto|branco|pequeno|grande) )",
    rf"{words('chega de|cansei de|basta de|odeio|detesto|farto de|farta de|nao aguento mais|enough of the')}"
    rf"{maybe('tanta|tanto|esas|ese|esa')}"
    rf"{words('resposta automatica|respostas automaticas|mensagem automatica|resposta pronta|respostas prontas|menu')}",
)
_OF_PARTS: Final = (*human_parts.PATTERNS, *human_parts.BY_ITSELF)
_PATTERNS: Final = (
    _ELLIPTIC,
    _FIRST_WORDS,
    _ALL_OF_IT,
    _HAD_ENOUGH,
    _WISH,
    _ASK_TO_TALK,
    _TALK_FIRST,
    _WANT_ONE,
    _PASS_ON,
    _PASS_ON_FIRST,
    _CALL,
    _ATTEND,
    _ANYBODY,
    _NO_BOT,
    _WITH_ONE,
    _BARE,
    *_OF_PARTS,
)
_UNCONDITIONAL: Final = frozenset({_NO_BOT, _BARE, _HAD_ENOUGH, _ALL_OF_IT, *human_parts.BY_ITSELF})
# Without one of these parts of words no pattern fits: most messages are done with here.
_CUE: Final = re.compile(
    squeezed(
        "atend|human|umano|tendente|antedente|pesoa|gente|agent|alguem|ninguem|alguien|person|asesor|represent|"
        "operador|operator|vended|"
        "consultor|geren|supervis|responsavel|especialista|funcionari|encar|ejecutiv|equipe|manager|some|anyone|"
        "dono|dona|coretor|chefe|rep |"
        "de voces|cade|transfer|encaminh|redirec|robo|bot|maquina|artificial|ia |gravacao|computador|machine|"
        "carne|atienda|people|customer s|suporte|setor|departamento|financeiro|comercial|com quem|superior|jefe|ligar|"
        "suport|automatic|resposta|llame|live|vendas|moca|moco |rapaz|menina|mulher|senhora|" + human_parts.CUE
    )
)
_MENTION: Final = re.compile(_ANY)
_HOURS: Final = re.compile(
    rf"{FILL}{{0,3}}?(?:"
    rf"{words('aos sabado|aos sabados|no sabado|sabado|domingo|aos domingos|nos feriados|feriado')}"
    rf"|{words('aos feriados|fim de semana|aos fins|nos fins|finais de semana|24 horas|24h|a noite')}"
    rf"|{words('de madrugada|on weekends|on saturdays|los sabados|depois da compra')})"
)
_TELLING: Final = re.compile(
    r"(?<!\S)(?:vou|vamos|ia|fui|devo|tive que|ontem|consegui|dise que|diz que|falou que|pediu pra|pediu para"
    r"|pedi ontem|antes eu|ja consegui) (?:\S+ )?\Z"
)
_NEGATIVE_QUESTION: Final = re.compile(r"nao (?:tem como|da pra|da para|poso|consigo|tem|pode|podem|teria|poderia) ")
