"""A request for a person by its parts, where no phrase is known: who, what they are to do for whom, and a wish for it.

`human.py` knows phrases; this knows kinds of words, in any form of a verb. Of the two, whichever hears it first.
"""

import re
from typing import Final

from agents.rules.phrasing import FILL, maybe, shape, words

# Nobody but a person of the company can be meant.
_SURELY: Final = words(
    "atendente|atendentes|humano|humana|ser humano|ser vivo|gente de verdade|gente real|gente como a gente",
    "pesoa de verdade|pesoa real|pesoa humana|pesoa normal|pesoa mesmo|alguem de verdade|alguem real|um de voces",
    "alguem do time|alguem da equipe|alguem da loja|alguem de voces|alguem da empresa|alguem do suporte|alguem dai",
    "alguem da central|alguem do setor|carne e oso|colaborador|colaboradora|algum de voces|uma de voces",
)
# By their office: somebody's own are told apart by "meu".
_OFFICE: Final = words(
    "vendedor|vendedora|consultor|consultora|gerente|gerencia|supervisor|supervisora|responsavel|operador|operadora",
    "especialista|funcionario|funcionaria|representante|encaregado|encaregada|analista|tecnico|tecnica|dono|dona",
    "chefe|diretor|diretora|recepcionista|secretaria|secretario|coordenador|coordenadora|asesor|asesora|colega",
    "moca do caixa|moca da loja|moca da recepcao|pesoal da loja|pesoal do suporte|pesoal do financeiro",
    "coretor|coretora|administrador|administradora|advogado de voces|profisional",
)
_SOMEBODY: Final = words("alguem|pesoa|gente|moca|moco|rapaz|menina|mulher|senhora|persona|outra pesoa|outro alguem")
_WHOEVER: Final = r"quem (?!(?:sabe|me|fala|eu|e|nao|mais|quiser|dera) )(?:\S+ ){1,2}"
_DET: Final = (
    rf"(?:{words('o|a|um|uma|algum|alguma|outro|outra|ese|esa|seu|sua|teu|tua|ai|logo|proprio|de|do|da')}){{0,2}}"
)
_STAFF: Final = rf"(?:{_SURELY}|{_OFFICE})"
_ANYBODY: Final = rf"(?:{_SURELY}|{_OFFICE}|{_SOMEBODY})"
_WISH: Final = words(
    "quero|queria|gostaria|gostaria de|preciso|preciso de|precisava|precisava de|precisaria|prefiro|preferia|desejo",
    "solicito|exijo|peco|to precisando|to precisando de|estou precisando de|precisando de|seria posivel|e posivel",
    "pode|podem|poderia|poderiam|podia|podiam|consegue|conseguem|da pra|da para|daria pra|tem como|teria como",
    "quiero|quisiera|necesito|favor|por favor|por gentileza|necesito de|faco questao de|faco questao|jeito de",
    "forma de|maneira de|meio de|como faco pra|como faco para|como fazer pra",
)
_TELL: Final = words(
    "pede|peca|pecam|pedir|pedirem|pedem|avisa|avise|avisar|fala|fale|diz|diga|manda|mande|mandem|mandar|chama|chame",
    "da um toque|de um toque|da um alo|solicita|solicite|solicitar|aciona|acione|acionar",
)
_PAST: Final = r"(?!\S*(?:[aeir]va|avam|ou|iu|eu|ei|aram|eram|iram) )"
# To do something for me: any form of the verb, so that "me ligue", "me ligasse" and "me ligar" are one.
_FOR_ME: Final = (
    rf"(?:(?:me|nos) {_PAST}(?:atend|respond|lig|cham|retorn|procur|orient|auxili|acud|socor|contat|escut|ouv)\S* "
    r"|(?:me|nos) (?:dar|de|da|dese) (?:um )?(?:retorno|retornar|suporte|atendimento|atencao) "
    rf"|{_PAST}(?:vir|vem|venh|aparec|entr)\S* (?:aqui|na conversa|nesa conversa|no chat|falar) "
    rf"|{_PAST}entr\S* em contato |{_PAST}(?:fal|convers)\S* (?:comigo|com a gente) "
    rf"|{_PAST}(?:asum|atend|continu|analis|verific|olh)\S* (?:\S+ )?"
    r"(?:conversa|atendimento|caso|iso|problema|situacao) )"
)
_HELP_ME: Final = rf"(?:(?:me|nos) {_PAST}(?:ajud|explic|auxili|resolv|esclarec)\S* )"
_CAN: Final = words("voce|voces|vai|quer|vao")
_MAY: Final = words("pode|podem|poderia|podia|consegue|conseguiria|puede|podria|vai poder|tem como")
_HAND_ON: Final = (
    r"(?:(?:pas|transfer|transfir|encaminh|direcion|redirecion|conect|comunic|coloc|coloqu|jog|bot|ponh|lev|apresent)"
    r"(?:a|e|o|ar|er|ir|ur|am|em|ue|uem) |poe |por |bota |ve |arume |aruma |arumar |descola |aranja |da |de |consegue )"
)
_LINKS: Final = words("pra|para|pro|a|ao|com|em contato com|na linha com|nesa conversa|na conversa|direto com|p|pros")
_MINE: Final = (
    rf"(?:{words('me|mim|eu|o|meu|minha|caso|atendimento|chamado|conversa|ligacao|iso|ai|logo|agora|direto|por favor')}"
    r"){0,4}"
)
_TALK: Final = (
    r"(?:(?:falar|fala|conversar|conversa|tratar|reclamar|resolver|desabafar|negociar|acertar|ver iso|bater um papo|"
    r"bater papo|trocar ideia|continuar|seguir) (?:\S+ ){0,3}?(?:com|w) )"
)
_MACHINE: Final = words(
    "robo|robozinho|bot|maquina|automatico|automatica|gravacao|ia|inteligencia artificial|computador|virtual|chatbot",
    "mensagem automatica|resposta automatica|atendente virtual|asistente virtual|menu",
)
_POLITE: Final = (
    "(?:"
    + words(
        "oi|ola|bom dia|boa tarde|boa noite|por favor|favor|por gentileza|ai|logo|agora|ja|vai|entao|moco|moca|cara",
        "mano|na moral|urgente|rapido|po|eu|so|so isso|com|um|uma|o|a|aqui|ne|viu|obrigado|obrigada|gente|amigo|amiga",
    )
    + "){0,4}"
)
# What is asked about, looked for or told, and not wished for now.
_ELSEWHERE: Final = (
    r"(?!(?:\S+ ){0,6}(?:contratar|vaga|vagas|curiculo|salario|treinar|automatizar|sistema|chatbot|inclui|incluso|"
    r"plano|meu|minha|meus|minhas|noso|nosa|virtual|virtuais|ontem|cliente|clientes) )"
)

PATTERNS: Final = (
    shape(
        # I wish that somebody does something for me.
        rf"(?:{_WISH}|{_TELL}){_ELSEWHERE}{FILL}{{0,3}}?{_DET}{_ANYBODY}{FILL}{{0,4}}?{_FOR_ME}",
        rf"(?:{_WISH}|{_TELL}){_ELSEWHERE}{FILL}{{0,3}}?{_DET}{_ANYBODY}{FILL}{{0,2}}?{_HELP_ME}",
        rf"{_WISH}{maybe('e|so|e so')}{_DET}{_ANYBODY}me \S+ndo ",
        rf"{words('chama', 'chame', 'chamar', 'chamem')}{_DET}{_STAFF}",
        # Somebody may do something for me.
        rf"{_STAFF}{FILL}{{0,3}}?{_MAY}(?:{_FOR_ME}|{_HELP_ME})",
        rf"{_SOMEBODY}{maybe('por favor|ai|aqui|favor')}{_FOR_ME}",
        rf"{words('que me atendeu', 'que nos atendeu', 'que me ligou')}{FILL}{{0,3}}?{_MAY}{_FOR_ME}",
        rf"{words('tem', 'ha', 'existe', 'teria')}{_DET}{_ANYBODY}{FILL}{{0,2}}?"
        rf"{words('pra', 'para', 'que posa', 'que pode', 'que va')}(?:{_FOR_ME}|{_HELP_ME})",
        rf"{_FOR_ME}{words('com', 'por')}?{_DET}(?:{_SURELY}|{words('alguem')})",
        rf"{words('liga', 'ligue', 'liguem')}{words('pra mim', 'para mim', 'aqui')}{maybe('por favor')}{_SOMEBODY}",
    ),
    shape(
        # I wish to be passed on, or am to be.
        rf"{_WISH}{FILL}{{0,2}}?ser (?:transferi|encaminha|redireciona|direciona|atendid|pasad)\S+ "
        rf"(?:\Z|{words('por|pra|para|a|com|pro|ao|logo|ja|agora')})",
        rf"me {_HAND_ON}{_MINE}{_LINKS}{_MINE}{_DET}(?:{_ANYBODY}|{_WHOEVER})",
        rf"(?:{_WISH}|(?<!de ){_CAN}){FILL}{{0,2}}?{_HAND_ON}{_MINE}{_LINKS}{_MINE}{_DET}(?:{_STAFF}|{_WHOEVER})",
        rf"me {_HAND_ON}{_DET}(?:{_SURELY}|{_SOMEBODY}\Z)",
        rf"me {_HAND_ON}{maybe('o', 'um')}{words('telefone', 'numero', 'contato', 'ramal', 'whats', 'zap')}"
        rf"{words('de', 'do', 'da')}{_DET}{_STAFF}",
        rf"{_WISH}{FILL}{{0,2}}?{words('ir', 'sair', 'mudar', 'trocar', 'pasar')}{FILL}{{0,4}}?"
        rf"{words('pra', 'para', 'pro', 'por')}{_DET}{_SURELY}",
        rf"{words('da pra', 'daria pra', 'pode', 'poderia', 'tem como')}ser {_DET}{_SURELY}",
        rf"{_WISH}{_ELSEWHERE}{words('auxilio', 'ajuda', 'atendimento', 'suporte', 'contato', 'retorno')}{FILL}{{0,2}}?"
        rf"(?:{words('humano', 'humana')}|{words('de', 'do', 'da', 'com', 'por')}{_DET}{_STAFF})",
        rf"{words('pasar', 'transferir', 'direcionar', 'encaminhar')}{words('para', 'pra', 'pro')}"
        rf"{words('atendimento')}{words('com', 'humano', 'de')}",
        rf"{words('pasar', 'transferir', 'direcionar', 'encaminhar')}{words('para o', 'pro', 'pra', 'para')}"
        rf"{words('setor', 'departamento', 'pesoal')}{words('responsavel', 'que cuida', 'certo')}",
        rf"{words('transfere', 'transfira', 'pasa', 'encaminha')}{words('a', 'minha', 'esa')}"
        rf"{words('ligacao', 'conversa')}{words('pro', 'pra', 'para')}",
    ),
    shape(
        # I wish to talk with somebody.
        rf"{_WISH}{_ELSEWHERE}{FILL}{{0,2}}?{_TALK}{_DET}{_ANYBODY}",
        rf"{words('falar', 'falo', 'conversar', 'converso', 'trato', 'tratar', 'resolvo')}{words('so', 'apenas')}"
        rf"{words('com')}{_DET}{_SURELY}",
        rf"{_WISH}{_ELSEWHERE}{FILL}{{0,1}}?{words('reclamar', 'tratar', 'resolver', 'papo')}{FILL}{{0,2}}?"
        rf"{words('com')}{_DET}{_ANYBODY}",
        rf"{_WISH}{FILL}{{0,2}}?{words('explicar', 'contar', 'falar')}{FILL}{{0,3}}?{words('pra', 'para')}{_DET}"
        rf"(?:{_SURELY}|{words('pesoa', 'alguem')})",
        rf"(?:\A{_POLITE}|{_WISH}){words('opcao', 'entrar na fila', 'fila', 'opcao de')}{FILL}{{0,2}}?"
        rf"(?:{_TALK}|{words('de', 'do', 'da', 'com')})"
        rf"{FILL}{{0,1}}?{words('atendente', 'atendentes', 'humano', 'atendimento humano')}",
        rf"(?:digit|apert|tecl|marqu|escolh)\S* {FILL}{{0,2}}?{words('pra', 'para')}{_TALK}{_DET}{_SURELY}\Z",
        rf"{words('tem', 'ha', 'existe')}{_DET}{_SURELY}"
        rf"{words('trabalhando', 'online', 'atendendo', 'livre', 'disponivel', 'de plantao', 'acordado')}",
        rf"{words('aguardo', 'aguardando', 'no aguardo de', 'esperando', 'espero')}{_DET}"
        rf"{words('atendente', 'humano', 'atendimento humano', 'atendimento de uma pesoa', 'alguem pra me atender')}",
    ),
)
# These count beside "vou", "se" and the like, for they stand by themselves.
BY_ITSELF: Final = (
    re.compile(rf"\A{_POLITE}{_HAND_ON}{_MINE}{_LINKS}{_MINE}{_DET}(?:{_STAFF}|{_WHOEVER})"),
    shape(
        rf"{_DET}(?:{_ANYBODY}){FILL}{{0,2}}?que nao (?:seja|for) {_DET}{_MACHINE}",
        rf"{words('so', 'somente', 'apenas')}{_DET}(?:{_SURELY}|pesoa ){FILL}{{0,1}}?"
        rf"{words('resolve', 'consegue', 'entende', 'pode resolver', 'sabe', 'vai resolver', 'da jeito')}",
        rf"{words('falar', 'conversar', 'tratar')}{words('so', 'apenas')}{words('com')}{_DET}{_SURELY}",
    ),
    re.compile(
        rf"\A{_POLITE}(?:{maybe('me')}{words('transfere', 'transfira', 'encaminha', 'redireciona', 'direciona')}"
        rf"|operador |{words('sem', 'nada de', 'chega de')}{_DET}{_MACHINE}|{_MACHINE}nao ){_POLITE}\Z"
    ),
)
CUE: Final = (
    "colaborador|analista|tecnic|ser vivo|vivo |diretor|recepcionista|secretari|coordenador|profisional|quem |fila|"
    "direcion|senhora|robo|automatic|virtual|rapaz|colega|coretor|administrador"
)
