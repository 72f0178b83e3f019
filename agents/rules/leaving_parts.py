"""An opt-out by its parts, where no phrase is known: that something ends, and that it is what we write to them.

`leaving.py` knows phrases; this knows kinds of words, in any form of a verb. Of the two, whichever hears it first.
"""

import re
from typing import Final

from agents.rules.phrasing import FILL, maybe, shape, words

# What we send, as it is called by those who do not want it.
_SENDINGS: Final = words(
    "mensagem|mensagenzinha|msn|sms|propaganda|propagandas|publicidade|promocao|promocoes|promocional|promocionais",
    "oferta|ofertas|spam|spams|marketing|newsletter|news|novidades|divulgacao|divulgacoes|disparo|disparos|envio",
    "envios|notificacao|notificacoes|anuncio|anuncios|comunicado|comunicados|telemarketing|campanha|campanhas|textao",
    "recebimento|inscricao|lista de transmisao|lista vip|publi|encheco|perturbacao",
)
_OURS: Final = (
    "(?:"
    + words(
        "o|a|os|as|esa|esas|ese|eses|esta|estas|tanta|tanto|tantas|minha|meu|minhas|meus|suas|seus|de|do|da|dos|das",
        "todas|todos|toda|essas coisas de|qualquer|mais|com|tudo de|asinatura|inscricao|mandar|envio|recebimento",
        "mensagem|lista|sua|seu|tais",
    )
    + "){0,4}"
)
_NUMBER: Final = words(
    "numero|contato|telefone|celular|zap|whats|whatsap|fone|cel|nome|dados|contatinho|zapzap",
)
_MY: Final = words("meu|minha|meus|o meu|a minha|os meus|ese|este|mi|este meu|do meu")
_END: Final = (
    r"(?:par|ces|encer|interomp|suspend|cancel|desativ|deslig|bloque|remov|retir)"
    r"(?:a|e|o|ar|er|am|em|ue|uem|ei|ir|i) "
)
_STOP: Final = words(
    "parem de|pare de|para de|parar de|parasem de|parase de|parar com|parem com|pare com|para com|podem parar com",
    "pode parar com|chega de|chega com|basta de|basta com|cansei de|cansada de|cansado de|enjoei de|to farto de",
    "to farta de|nao aguento mais|nao suporto mais|dispenso|dispensamos|abro mao de|recuso|cesem|cese",
)
_WISH: Final = words(
    "quero|queria|gostaria de|desejo|preciso|solicito|peco|prefiro|pode|podem|poderia|poderiam|tem como|da pra|da para",
    "como faco pra|como faco para|como eu faco pra|como|favor|por favor|por gentileza|pra|para|me",
)
_TAKE: Final = (
    r"(?:tir|retir|remov|exclu|delet|apag|elimin|risc|bloque|descadastr|desinscrev|desvincul|sac|limp|saqu)"
    r"(?:a|e|o|ar|er|am|em|ue|uem|i|ir|iam|ia|a me|am me|uei) "
)
_FROM: Final = words("da|de|do|das|dos|desa|dese|desta|deste|dai|daqui|daquela|fora de|fora da|fora desa|no|na")
_LIST: Final = words(
    "lista|listas|cadastro|grupo|mailing|base|sistema|transmisao|agenda|contatos|disparo|disparos|envio|envios|canal",
    "programa|banco de dados|ai|aqui|voces|promocoes|newsletter|mensagem",
)
_NOT_OTHERS: Final = (
    r"(?!(?:\S+ ){0,2}(?:espera|compra|compras|presente|presentes|casamento|convidados|desejos|precos|favoritos|pedido|"
    r"reserva|consulta|antigo|antiga|velho|anterior|erado|outro|outra|novo|usuario|cliente|clientes|paciente|aluno) )"
)
_TAIL: Final = (
    "(?:"
    + words(
        "ai|por favor|favor|fazendo favor|por gentileza|gentileza|na moral|agora|ja|logo|urgente|imediatamente|aqui",
        "dai|moco|moca|cara|mano|obrigado|obrigada|po|pora|caramba|pelo amor de deus|do sistema|da base|da lista",
        "do cadastro|de voces|desa lista|ta bom|ta|viu|e nao|daqui|do banco de dados|disso|diso|do envio|da agenda",
        "dos contatos|de novo|mais|pra sempre|ok|hein|eim|por obsequio|faz favor",
    )
    + "){0,5}"
)
_BEGIN: Final = (
    "(?:"
    + words(
        "oi|ola|bom dia|boa tarde|boa noite|por favor|favor|por gentileza|moco|moca|gente|cara|mano|entao|olha|so|eu|e",
        "ja falei|ja disse|ja pedi|me|voce|voces|pode|podem|poderia|poderiam|quero|queria|gostaria de|preciso|tem como",
        "da pra|da para|ce|pra|para|que|peco que|solicito que|quero que|favor de|num|va",
    )
    + "){0,5}"
)
_REACH: Final = (
    r"(?!\S*(?:[aeir]va|avam|ou|iu|eu|ei|aram|eram|iram) )"
    r"(?:mand|envi|cham|lig|escrev|contat|contact|procur|perturb|incomod|importun|abord|encaminh|dispar|amol|chate|spam)"
    r"\S* "
)
_NO: Final = words("nao|num|nunca|nunca mais|jamais|favor nao|sem")
_CONSENT: Final = (
    r"(?:nao (?:autoriz|consent|permit|concord)\S* |nao (?:dei|dou|tem|tenho) (?:\S+ )?(?:permisao|autorizacao|"
    r"consentimento|licenca) |revog\S* |direito de oposicao |me oponho |oponho )"
)

PATTERNS: Final = (
    shape(
        # What we send is to end.
        rf"{_STOP}{FILL}{{0,2}}?{_OURS}{_SENDINGS}",
        rf"(?:\A{_BEGIN}|{_WISH}){_END}{_OURS}{_SENDINGS}"
        r"(?!(?:anterior|que|do pedido|do curso|da encomenda|de ontem) )",
        rf"{words('queria', 'quero', 'gostaria', 'preciso', 'peco', 'solicito')}{words('que')}{maybe('voces')}"
        rf"{words('parem', 'pare', 'parasem', 'parase', 'cesem', 'cesase')}(?:\Z|{words('de me', 'com', 'de mandar')})",
        rf"{_STOP}(?:me )?{_REACH}{words('esas', 'esa', 'ese', 'eses', 'tanta', 'tanto')}"
        rf"{words('porcaria|porcarias|bobagem|bobagens|lixo|coisa|coisas|treco|trecos|besteira|besteiras')}",
        rf"{words('para de', 'parar de', 'deixar de')}receb\S* {_OURS}(?:{_SENDINGS}|{words('iso', 'nada', 'coisa')})",
        rf"{_STOP}{words('usar', 'usarem', 'utilizar', 'expor', 'divulgar', 'ligar', 'pasar')}{_MY}{_NUMBER}",
    ),
    shape(
        # I am to be taken out.
        rf"{_TAKE}{maybe('ai', 'logo', 'por favor')}{_MY}{_NUMBER}{_NOT_OTHERS}{_TAIL}\Z",
        rf"{_TAKE}{maybe('ai', 'logo')}{_MY}{_NUMBER}{_NOT_OTHERS}{_FROM}{FILL}{{0,1}}?{_LIST}{_NOT_OTHERS}",
        rf"me {_TAKE}{maybe('ai', 'logo', 'fora')}{_FROM}{{1,2}}(?:{_LIST}|\Z){_NOT_OTHERS}",
        rf"{words('quero', 'queria', 'desejo', 'gostaria de', 'preciso', 'peco pra', 'solicito', 'exijo')}ser "
        rf"(?:removid|retirad|excluid|tirad|descadastrad|apagad)\S+ (?:\Z|{_FROM}{FILL}{{0,1}}?{_LIST}{_NOT_OTHERS})",
        rf"{_WISH}{FILL}{{0,2}}?{words('sair', 'saio', 'sai')}{_FROM}{{1,2}}"
        rf"{words('lista', 'grupo', 'cadastro', 'mailing', 'transmisao', 'canal')}{_NOT_OTHERS}",
        rf"(?:remova|removam|tirem|retirem|excluam|exclua|descadastrem|descadastre|desinscrevam) me {_FROM}{_LIST}"
        rf"{_NOT_OTHERS}",
        rf"{words('me', 'quero', 'como')}{maybe('me', 'faco pra me')}(?:descadastr|desinscrev)\S+ (?:\Z|{_FROM})",
    ),
    shape(
        # Nobody is to write to me, and nobody was allowed to.
        rf"{words('nao', 'num', 'sem')}{words('quero', 'queria', 'desejo', 'gostaria de', 'interese em')}"
        rf"{maybe('mais', 'mas')}receb\S* {maybe('mais', 'mas', 'de')}{_OURS}(?:{_SENDINGS}|"
        rf"{words('nada', 'iso', 'coisa', 'contato', 'esas', 'de voces', 'daqui')}|\Z)",
        rf"{_NO}{maybe('precisa', 'precisam', 'quero que', 'e pra', 'volte a', 'voltem a', 'tente')}"
        rf"(?:me |nos |mim )?{_REACH}{maybe('me')}{words('mais', 'mas')}"
        rf"(?:{_OURS}(?:{_SENDINGS}|{words('nada', 'iso', 'coisa', 'coisas')})|{_TAIL}\Z)",
        rf"{_NO}(?:me |nos ){words('contatem', 'contate', 'perturbem', 'perturbe', 'incomodem', 'procurem')}",
        rf"{_CONSENT}{FILL}{{0,5}}?"
        rf"(?:{_SENDINGS}|{words('mandarem', 'enviarem', 'contato', 'meu numero', 'meus dados')})",
        rf"{_CONSENT}{FILL}{{0,3}}?{words('tratamento', 'uso')}{words('do meu', 'dos meus', 'de meus', 'de dados')}",
    ),
)
OWN_NEGATION: Final = frozenset(PATTERNS[2:])  # these say "não" themselves
WHOLE: Final = re.compile(
    rf"\A{_BEGIN}(?:"
    rf"{words('descadastra', 'descadastrar', 'descadastre', 'descadastrem', 'desinscreve', 'desinscrever')}"
    rf"{maybe('eu', 'me', 'meu numero', 'meu whats', 'meu zap', 'meu contato', 'meu celular')}"
    rf"|{words('nao', 'num')}{words('receber', 'quero receber')}{words('mais')}"
    rf"|{words('parar', 'cancelar', 'encerar')}{_OURS}{_SENDINGS}"
    rf"|{words('sair', 'me exclui', 'me tira', 'me remove')}{_FROM}{words('cadastro', 'lista', 'grupo', 'mailing')}"
    rf"|{words('remover', 'excluir', 'apagar', 'descadastrar')}{_MY}{_NUMBER}){_TAIL}\Z"
)
# In a message about what we send, this is enough.
STOP_ALONE: Final = re.compile(
    rf"\A(?:{words('que saco', 'po', 'pora', 'pelo amor de deus', 'voces', 'por favor', 'favor', 'ja deu')})?(?:"
    rf"{words('podem parar', 'pode parar', 'parem', 'pare', 'para', 'chega', 'basta', 'cesem', 'cansei', 'parem logo')}"
    rf"|{words('me tira', 'me tirem', 'me tire', 'tirem', 'me exclui', 'me excluam', 'me remove', 'me removam')}"
    rf"|{words('queria que parase', 'quero que parem', 'quero que pare', 'parem com iso', 'tira eu')}){_TAIL}\Z"
)
ABOUT_US: Final = re.compile(
    rf"(?<!\S)(?:{_SENDINGS}|spam\S* |{words('lista', 'divulgacao', 'toda hora', 'todo dia mensagem')})"
)
