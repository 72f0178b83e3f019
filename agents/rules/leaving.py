"""Whether somebody takes back that we may write to them: in sentences, where the lexicon knows whole messages."""

import re
from collections.abc import Sequence
from typing import Final

from agents.rules import leaning, leaving_parts
from agents.rules.leaning import Wish
from agents.rules.phrasing import FILL, Hit, hits, is_conditional, is_negated, maybe, shape, words
from agents.rules.sentences import Clause, clauses
from core import lexicon
from core.lexicon import ConsentWord


def request(text: str) -> tuple[int, int] | None:
    """Where in the message it stands; all of it, where it says nothing else."""
    if lexicon.consent_word(text) is ConsentWord.OPT_OUT:
        return len(text) - len(text.lstrip()), len(text.rstrip())
    parts = clauses(text)
    for pattern in _PATTERNS:
        for hit in hits(parts, pattern):
            if _counts(hit, pattern):
                return hit.span
    return _bare_stop(parts) or leaning.request(Wish.OPT_OUT, parts)


def _bare_stop(parts: Sequence[Clause]) -> tuple[int, int] | None:
    """A "parem" by itself, in a message about messages."""
    if not any(_ABOUT_US.search(part.words) or leaving_parts.ABOUT_US.search(part.words) for part in parts):
        return None
    return next((part.whole for part in parts if _is_stop(part.words) and not part.is_quoted), None)


def _is_stop(words: str) -> bool:
    return bool(_STOP_ALONE.fullmatch(words) or leaving_parts.STOP_ALONE.match(words))


def _counts(hit: Hit, pattern: re.Pattern[str]) -> bool:
    if is_conditional(hit) or _THEIRS.search(hit.before) or _AT_TIMES.match(hit.behind):
        return False
    if leaning.is_against(Wish.OPT_OUT, hit.clause, is_loose=pattern in _OF_PARTS):
        return False
    return pattern in _OWN_NEGATION or not is_negated(hit)


_NOT: Final = words("nao|nunca mais|nunca|jamais|nem|ja nao|no|ya no|dont|do not|never")
_MORE: Final = maybe("mais", "mas", "mai")
_SUCH: Final = (
    "(?:"
    + words(
        "a|as|o|os|esa|esas|ese|eses|esta|estas|este|estes|sua|suas|seu|seus|su|sus|nenhuma|nenhum",
        "qualquer|tanta|tanto|mais|mas|mai|tipo de|tais|as suas|estos|esos|eso|these|your|any|more|this",
        "the|those|of|from|outra|outras|novas|so|sms de|minhas|de|mensagem de|conteudo de|im",
    )
    + "){0,4}"
)
_NEWS: Final = words(
    "mensagem|sms|publicidad|propaganda|propagandas|publicidade|promocao|promocoes|promo|oferta",
    "ofertas|aviso|avisos|notificacao|notificacoes|spam|spams|contato|contatos|zap|zaps|whats|email",
    "emails|comunicado|comunicados|comunicacao|comunicacoes|anuncio|anuncios|lembretes|novidades",
    "marketing|conteudo|conteudos|campanha|campanhas|textos|texts|text|messages|message|promos",
    "promotions|notifications|promociones|notificaciones|sms promocional|ligacao|ligacoes",
    "cobranca de voces",
)
_ALL: Final = words(
    "nada|iso|diso|esas coisas|esas porcarias|esas coisa|isto|nenhuma coisa|coisa nenhuma|aqui|daqui",
    "this|anything|ese trem|esa porcaria|nada de voces|tipo de coisa|coisa|mais|this crap",
)
_HERE: Final = words(
    "de voces|e de me|e me|e de|por voces|from|suas|por aqui|pra mim|para mim|nese numero|neste numero",
    "pelo whatsap|no whatsap|no meu|nesa|neste|por favor|favor|obrigado|obrigada|ta|viu|nao",
    "por mensagem|todo dia|toda hora|em meu|anymore|any more|again|from you|please|de ustedes",
    "desa empresa|desta empresa|da loja|desa loja|pra ese|para este|para ese|pra este|tanto|me|nunca",
    "ok|falou|no celular|no more|ever|de voce",
)
_OBJECT: Final = rf"(?:{_SUCH}(?:{_NEWS}|{_ALL})|{_HERE}|\Z)"
_WANT: Final = words(
    "quero|queria|desejo|gostaria de|gostaria|pretendo|aceito|autorizo|prefiro|peco|solicito|preciso",
    "tenho interese em|estou interesado em|faco questao de|preferia|quiero|deseo|autorizo a|want to",
    "wish to|longer wish to|want|would like to|like to|tenho vontade de|consinto",
)
_SEND: Final = words(
    "mandar|mandem|mande|manda|mandarem|mandando|enviar|envie|enviem|enviarem|enviando|escrever",
    "escreva|escrevam|escreverem|chamar|chame|chama|chamem|ligar|ligue|liguem|liga|ligarem|encaminhar",
    "encaminhe|encaminhem|perturbar|perturbe|perturbem|incomodar|incomode|incomodem|importunar",
    "importune|contatar|contate|contatem|contactar|contacte|contactem|me procurem|encher|encham|encha",
    "spamar|abordar|disparar|molestar|mandarme|enviarme|escribirme|escribir|molestarme|molesten|manden",
    "mandes|envien|envies|escriban|escribas|llamen|contacten|contactarme|llamarme|mandem mensagem",
    "sending|sendin|texting|textin|mesaging|contacting|writing|spaming|buging|calling|bothering",
    "mande mensagem|entrar em contato|entrem em contato|entre em contato|mandem msg",
)
_TAKE: Final = words(
    "tira|tire|tirem|tirar|retira|retire|retirem|retirar|remova|remove|removam|remover|exclua|exclui",
    "excluam|excluir|deleta|delete|deletem|deletar|apaga|apague|apaguem|apagar|descadastra|descadastre",
    "descadastrem|descadastrar|risca|risquem|elimina|eliminen|elimine|quiten|quite|quita|saquen|saque",
    "saca|borren|bore|borre|borra|boren|baixa|take|ser removido|ser retirado|ser excluido|ser removida",
    "ser retirada|ser excluida",
)
_OF_LIST: Final = words(
    "da|das|de|do|dos|desa|desta|dese|deste|na|daquela|la|su|sua|suas|sus|esa|esta|tu|from|of|the|your",
    "this|this mailing|mailing|that|ur|del|off|out of|sistema de|voces|base de|dese tal de",
)
_GROUP: Final = words(
    "lista|listas|lisata|lita|cadastro|cadastros|grupo|mailing|base|banco de dados|sistema|list|lists",
    "database|trem|transmisao|contatos|agenda|disparo|envios|difusion|base de datos|numero de voces",
    "programa de mensagem|canal",
)
_LIST: Final = f"{_OF_LIST}{{1,3}}{_GROUP}"
_NOT_LIST: Final = (
    r"(?!(?:de )?(?:espera|compra|compras|casamento|presentes|presente|convidados|materiais|desejos|preco|"
    r"precos|produtos|chamada|waiting|wait|favoritos|itens|item) )"
)
_OUT: Final = words("dai|daqui|diso|diso tudo|diso ai|desa|deste|de ahi|de aqui|disto")
_STOP: Final = words(
    "pare|parem|para de|para com|parar|parando|deixar|deixem|deixe|parasem|pararem|paren|pares|deje",
    "dejen|deja|dejar|cese|stop|quit|cease|cancele",
)

_RECEIVE: Final = shape(
    rf"{_NOT}{words('quero|desejo|aceito|gostaria de')}{_MORE}{words('ser')}{_MORE}"
    rf"(?:{words('contatado|contatada|incomodado|incomodada|perturbado|perturbada|procurado|procurada')}"
    rf"|{words('abordado|abordada')})",
    rf"{_NOT}{FILL}{{0,1}}?{_WANT}{FILL}{{0,1}}?{_MORE}(?:"
    rf"{words('receber|recibir|receive|get|saber de|ver|ser contatado|ser contatada|ser incomodado')}"
    rf"|{words('ser incomodada|ser perturbado|contato com|receber mais')}){_MORE}{_OBJECT}",
    rf"{_NOT}{_WANT}{_MORE}{_SUCH}{_NEWS}(?:{_HERE}|\Z)",
    rf"{_NOT}{_WANT}{_MORE}que (?:{words('voces|me|a empresa|sigan|sigam')}){{0,3}}(?:{_SEND}|"
    rf"{words('enviando|mandando')}){_MORE}{_OBJECT}",
    rf"{_NOT}{words('autorizo')}{_MORE}(?:"
    rf"{words('o envio de|que me|mais o envio de|receber|envio de|que me envien|o uso do meu numero')}"
    rf"|{words('mensagem|o contato')})",
    rf"{_WANT}(?:{FILL}{{0,2}}?)?{words('nao', 'no', 'nao mais')}{_MORE}{words('receber', 'recibir')}{_MORE}{_OBJECT}",
    rf"{words('para', 'pra')}{words('nao', 'no')}{words('receber', 'recibir')}{_MORE}{_OBJECT}",
    rf"{_NOT}{words('quero|desejo|quiero')}{_MORE}{words('fazer parte|participar|estar|ficar')}"
    rf"{words('de|em|na|no|nesa|desa|desta|da|do|dese')}{FILL}{{0,2}}?{words('lista|grupo|cadastro')}",
    rf"{_NOT}{words('mandar|enviar|escrever|receber|ligar|chamar')}{words('mais|mas|mai')}{_OBJECT}",
    rf"{words('no more|no mas|basta de|chega de|chega com|chega desas|chega dese|basta com')}{_SUCH}(?:"
    rf"{words('mensagem|sms|spam|propaganda|propagandas|publicidade|texts|messages|mesages|ofertas')}"
    rf"|{words('notificacao|notificacoes|zap|iso de mensagem')})",
    rf"{_NOT}{FILL}{{0,1}}?{words('quero|aguento')}{_MORE}{words('saber de|tanta|receber tanta|esas')}{_SUCH}"
    rf"{words('mensagem|propaganda|propagandas|spam|publicidade')}",
    rf"{words('revogo|retiro|cancelo')}{maybe('o')}"
    rf"{words('meu consentimento|consentimento|minha autorizacao|minha inscricao')}",
    rf"{words('some|suma|sai|sumam')}{words('daqui|do meu whatsap|fora|da minha vida')}{FILL}{{0,1}}?(?:\Z|"
    rf"{_NOT})",
)
_DO_NOT: Final = shape(
    rf"{_NOT}{words('me')}{words('mande|manda|mandem|envie|enviem')}iso {maybe('nao|mais')}\Z",
    rf"{_NOT}{maybe('me')}{words('mande|mandem|envie|enviem')}{words('mensagem|propaganda|sms|spam')}(?:\Z|{_HERE})",
    rf"{_NOT}{words('e pra|e para|era pra|era para')}{maybe('me')}{words('mandar|enviar|ligar|escrever')}{_MORE}"
    rf"{_SUCH}(?:{_NEWS}|{words('nada|iso')})",
    rf"{_NOT}{FILL}{{0,1}}?{_MORE}(?:(?:"
    rf"{words('precisa|precisam|quero que|vuelvan a|vuelva a|tente|precisa mais|e para|e pra|volte a')}"
    rf"|{words('voltem a|ouse|queremos que')}))?(?:{words('me|mim|nos|mais|voces|please|ever')}){{0,3}}"
    rf"{_SEND}(?:{words('me|to me')})?{words('mais|mas|mai|nunca mais')}(?:{_SUCH}(?:{_NEWS}|{_ALL})|{_HERE}|"
    rf"{words('nese|neste|comigo|hoje nem|este numero|sms|em contato|com|de novo|esas|ese tipo')}|\Z)",
    rf"{_NOT}{_MORE}{words('me|mim')}{_SEND}{_MORE}{_SUCH}(?:(?:"
    rf"{words('mensagem|propaganda|propagandas|publicidade|promocao|promocoes|spam|nada|mais|sms')}"
    rf"|{words('ofertas|oferta')}))(?!(?:de voz|de audio|hoje|agora|antes|depois|a noite) )",
    rf"{_NOT}{words('precisa|precisam|precisa me|e preciso')}{words('mais|mas')}{maybe('me|ficar')}{_SEND}"
    rf"{maybe('me')}(?:{_SUCH}(?:{_NEWS}|{words('nada|iso')})|{_HERE}|\Z)",
    rf"{_NOT}{words('quer|querem|queremos')}{_MORE}{words('receber|recibir')}{_MORE}{_SUCH}(?:{_NEWS}|"
    rf"{words('nada|iso')})",
    rf"{words('no|nunca')}(?:"
    rf"{words('vuelvan a escribirme|vuelvas a escribirme|vuelvan a mandarme|vuelva a escribirme')}"
    rf"|{words('vuelvan a llamarme|vuelvan a contactarme')})",
    rf"{words('nunca mais')}(?:{words('me', 'mim')})?{_SEND}",
    rf"{words('nao|favor nao|por favor nao|no')}{words('mandar|mande|mandem|enviar|envie|enviem|manda')}"
    rf"{words('mais|mas')}"
    rf"{words('nada|mensagem|mensagens|propaganda|sms|promocao|promocoes|ese tipo|mensajes|a este')}",
    rf"{words('nao|favor nao')}{words('enviar|enviem|envie|mandar|mandem')}{words('mais')}(?:\Z|{_HERE})",
    rf"{words('nao')}{words('entre|entrem|entrar')}"
    rf"{words('mais em contato|em contato comigo|em contato novamente')}",
    rf"{_NOT}{words('me')}(?:"
    rf"{words('contatem|contate|contactem|contacte|perturbe|perturbem|incomode|incomodem|importune')}"
    rf"|{words('amole|encha|enche|encham|perturba|molesten|contacten')})(?:"
    rf"{words('mais|mas|o saco|por favor|de novo')}|\Z)",
    rf"{words('dont|do not|never|please dont')}{words('call')}{words('me|this number|us')}"
    rf"{words('again|anymore|any more|ever')}",
    rf"{words('dont|do not|never|please dont')}{words('text|mesage|contact|write|send|email')}"
    rf"{words('me|to me|this number|us')}(?:"
    rf"{words('again|anymore|any more|no more|ever|ever again|mesages|messages|these|on this')}|\Z)",
    rf"{words('no')}(?:{words('me|nos')})?"
    rf"{words('escriban|envien|manden|llamen|contacten|molesten|escribas|mandes|envies')}(?:{words('me')})?"
    rf"{words('mas|mais|nunca mas|nada|mensagem')}(?!(?:el|la|los|las) )",
    rf"{words('ya no|que no|que nao|pra nao|para nao')}(?:{words('me|voces')}){{0,2}}"
    rf"{words('manden|envien|escriban|mandem|mandarem|enviem|enviarem|ligarem|mandar|enviar|liguem')}{_MORE}("
    rf"?:{_SUCH}(?:{_NEWS}|{_ALL})|\Z)",
    rf"{words('no')}{words('enviar', 'mandar')}{words('mas')}{words('mensagem', 'nada', 'mensajes')}",
)
_STOP_IT: Final = shape(
    rf"{_STOP}{maybe('de|com|mais de')}(?:{words('me|mim|nos|ficar|ficar me|te')}){{0,2}}{_SEND}(?:"
    rf"{words('me|to me|mais|com')}){{0,2}}{_OBJECT}",
    rf"(?:{_STOP}{words('de|com|con')}|{words('para de|para com')}){_SUCH}(?:{_NEWS}|"
    rf"{words('perturbacao|zap|mensagem')})",
    rf"{_STOP}{maybe('de')}(?:{words('me|mim')})?(?:"
    rf"{words('perturbar|importunar|incomodar|encher|spamar|molestar|mandar mensagem|enviar mensagem')}"
    rf"|{words('enviar|mandar mensagens|mandar iso|me ligar|me mandar mensagem|contacting|spaming')}"
    rf"|{words('mesaging|texting')})(?:{words('o saco|me|por favor|com')}|\Z)",
    rf"{words('pare', 'parem', 'para', 'pares')}de (?:me |mim ){words('mandar', 'enviar')}{_SUCH}(?:{_NEWS}|{_ALL})",
    rf"{_WANT}{FILL}{{0,1}}?"
    rf"{words('parar de|deixar de|parar|dejar de|stop|que parem de|que pare de|parem de')}(?:{words('me')})?"
    rf"{words('receber|recibir|receiving|mandar|enviar|geting')}{_OBJECT}",
    rf"{words('como')}(?:{words('eu|que eu|faco pra|faco para|hago para|faz pra|posso|poso')}){{0,2}}"
    rf"{words('paro de|parar de|deixo de|deixar de|nao')}{words('receber|recibir')}{_OBJECT}",
    rf"{words('stop|cease')}{FILL}{{0,1}}?"
    rf"{words('mesages|texts|comunication|mesaging|these mesages|the mesages')}",
)
_TAKE_ME: Final = shape(
    rf"{words('me', 'mim')}{_TAKE}(?:{FILL}{{0,1}}?){_LIST}{_NOT_LIST}",
    rf"{words('me|mim')}{_TAKE}(?:{FILL}{{0,1}}?){_OUT}(?:\Z|{_HERE}|"
    rf"{words('lista|grupo|ai|trem|parca|logo|agora')}(?!de espera))",
    rf"{_TAKE}{words('me')}(?:{_LIST}{_NOT_LIST}|{words('off', 'from')})",
    rf"{words('take', 'put')}{words('me', 'my number', 'us')}{words('off')}(?:\Z|{words('your', 'this', 'the', 'ur')})",
    rf"(?:{words('retire|retirem|retira|tira|tire|tirem|tirar|remova|remove|removam|remover|exclua|excluam')}"
    rf"|{words('excluir|apague|apaguem|delete|deletem|deletar|borren|elimina|elimine|eliminen|quiten')}"
    rf"|{words('saquen|quita')}){maybe('o|a')}{words('meu|minha|ese|este|mi|my')}"
    rf"{words('numero|contato|telefone|nome|celular|whatsap|fone|zap|number|dados')}(?!(?:antigo|velho|anteri"
    rf"or) )(?:{FILL}{{0,1}}?)(?:{_LIST}{_NOT_LIST}|{_OUT}|"
    rf"{words('imediatamente|por favor|favor|porfavor|logo|agora')}|\Z)",
    rf"{words('exclusao|remocao|retirada')}{words('do meu|dos meus|de meu|do nosso|deste|dese')}"
    rf"{words('numero|contato|telefone|dados|nome|cadastro|dados de contato')}",
    rf"{words('remove|delete|take|removed|be removed')}(?:{words('my number|my contact|my name|me')})?"
    rf"{words('from')}{FILL}{{0,2}}?{words('list|database|contacts|lists')}",
    rf"(?:{words('sacame|saquenme|quitame|quitenme|eliminenme|eliminame|borrenme|borenme|boreme|borame')}"
    rf"|{words('sacarme|me pueden sacar|me puede sacar|quitarme|eliminarme')}){_LIST}{_NOT_LIST}",
    rf"{words('apaguem', 'apague', 'apaga')}{words('e nao', 'meu numero', 'meu contato')}"
    r"(?!(?:antigo|velho|anterior) )",
    rf"{words('i never signed up for this', 'wrong number', 'you have the wrong person')}(?:\Z)(?!)",
    rf"(?:{words('delete my number|lose my number|remove my number|forget my number|take me off|opt me out')}"
    rf"|{words('unsubscribe me|please unsubscribe|unsubscribe from')})",
)
_LEAVE: Final = shape(
    rf"como {maybe('eu|que eu')}(?:"
    rf"{words('desativo|desligo|bloqueio|cancelo|desativar|faco pra desativar|faco para cancelar')}"
    rf"|{words('faco pra cancelar')})"
    rf"{words('as|esas|suas|estas')}{words('mensagem|propagandas|promocoes|ofertas|sms')}",
    rf"{words('quiero salirme|salirme|quisiera salirme')}{_LIST}{_NOT_LIST}",
    rf"{words('cancela|cancelar|cancele|cancelem')}{words('esas|estas|as suas|suas|todas as')}{_NEWS}",
    rf"(?:{_WANT}|(?:"
    rf"{words('como|como faco pra|como faco para|como eu faco pra|pedir pra|pra|para|vou|poso|consigo')}"
    rf"|{words('como que eu')})){FILL}{{0,1}}?{words('sair|saio|salir|out|be removed')}{_LIST}{_NOT_LIST}",
    rf"{words('want out of|quero sair|quiero salir')}{words('diso|daqui|this list|daqui desa|de aqui')}(?:\Z|"
    rf"{_HERE})",
    rf"(?:{_WANT}|(?:"
    rf"{words('como|como faco pra|como faco para|poso|how do i|how can i|want to|id like to|quero me|me')}"
    rf"|{words('quiero|deseo|poder|please')})){maybe('me|eu me|to')}(?:"
    rf"{words('descadastrar|desinscrever|descadastro|descadastre|descadastra|unsubscribe|opt out')}"
    rf"|{words('desuscribirme|darme de baja|dar de baja|desinscrevo|cancelar minha inscricao')}"
    rf"|{words('discadastrar|cancelar a inscricao')})(?!(?:ele|ela|um|uma|o cliente|meu cliente|os clientes|no siste"
    r"ma|do seguro) )",
    rf"{words('cancelar|cancela|cancele|cancelem|anular|cancel')}{maybe('o|a|minha|meu|la|mi|my|os|as')}(?:"
    rf"{words('recebimento|inscricao|envio|envios|mensagem|notificacoes|notificacao|suscripcion a')}"
    rf"|{words('suscripcion a estos|sms|subscription to these')})(?!(?:anterior|que mandei|que enviei|erada|d"
    r"e ontem|do pedido|do produto|da encomenda|no c"
    r"urso|do curso|na prova|no concurso|da mercadoria) )",
    rf"{words('opt me out', 'opting out', 'to opt out', 'like to opt out')}(?!(?:of the|of insurance|of my) )",
    rf"{words('me deixa|me deixe|me deixem|dejame|dejenme|deixa eu|deixem me|leave me')}"
    rf"{words('em paz|en paz|alone')}",
    rf"{words('larga do meu pe', 'larguem do meu pe', 'sai do meu pe', 'saiam do meu pe', 'larga do pe')}",
    rf"{words('para|parem|pare|vai|nao')}{maybe('de|me')}"
    rf"{words('encher o saco|encher meu saco|enche o saco|me encher')}",
)
_STOP_ALONE: Final = re.compile(
    words(
        "pare|parem|para|parem com iso|pare com iso|para com iso|parem ja|pare ja|parem por favor",
        "pare por favor|stop|stop it|basta|paren",
    )
)
_ABOUT_US: Final = re.compile(
    rf"(?<!\S)(?:{_NEWS}|{words('enchendo|perturbando|incomodando|me mandarem|me mandando')}"
    rf"|{words('sign up for this|signed up for this|subscribe to this|me inscrevi|pedi iso|toda hora iso')})"
)
_IDIOM: Final = re.compile(
    rf"\A(?:{words('por favor|favor|ow|moco|moca|pelo amor de deus')})?(?:(?:"
    rf"(?:{words('me tira|me tirem|me tire|me remove|me remova|me removam|me exclui|me exclua')}"
    rf"|{words('me descadastra|me esquece|me esquecam|me esqueca|sai fora|baja|dar de baja|sair|parar')}"
    rf"|{words('descadastrar')})"
    rf"|{words('unsubscribe|lose my number|sair da lista|descadastrem|vao encher outro')}))\Z"
)
# What is said in anger, in passing, or with a threat that says what for.
_ENOUGH: Final = shape(
    rf"{_TAKE}{maybe('o', 'a')}{words('meu', 'minha', 'mi')}{words('cadastro', 'inscricao', 'suscripcion')}"
    rf"{_OF_LIST}{{1,2}}(?:{_NEWS}|{words('lista', 'transmisao')}){_NOT_LIST}",
    rf"me {words('deixa', 'deixe', 'deixem', 'dejen')}{words('quieto', 'quieta', 'sosegado', 'sosegada', 'tranquilo')}",
    rf"{words('para', 'pare', 'parem', 'chega')}{words('com iso', 'con eso')}{FILL}{{0,3}}?{_NEWS}",
    rf"{words('cancel', 'stop', 'kil')}{words('these', 'all', 'those', 'your', 'al')}{maybe('the', 'your')}{_NEWS}",
    rf"{words('remove', 'delete', 'take', 'drop')}{words('my')}{words('contact', 'number', 'name', 'info', 'details')}"
    rf"{words('from', 'off')}",
    rf"{_NOT}{FILL}{{0,1}}?{words('quero|queria|aguento|vou|quiero|want to')}{_MORE}"
    rf"{words('ficar|continuar|seguir|estar|keep')}"
    rf"(?:{words('recebendo|a receber|recibiendo|receiving|geting|vendo')}){_MORE}{_OBJECT}",
    rf"{words('vou|irei|vamos|voy a|i will|ill|gona')}{maybe('te|os|voces|a')}"
    rf"{words('bloquear|denunciar|reportar|bloquearlos|denunciarlos|block|report')}"
    rf"{maybe('voces|ese numero|este numero|o numero|o contato|tudo|you')}{maybe('como spam|por spam|as spam')}"
    rf"{words('se|si|caso|if')}{FILL}{{0,2}}?"
    rf"{words('mandar|mandarem|continuar|continuarem|enviar|enviarem|insistir|insistirem|siguen|sigue|vier|chegar')}",
    rf"{words('iso|isto|this|esto|ese')}{words('e|is|es')}{maybe('um|so|puro')}{words('spam', 'propaganda')}"
    rf"{maybe('e')}{words('para|pare|parem|chega|stop|basta|paren')}",
    rf"{words('desativa|desative|desativem|desativar|desliga|desligue|desligar|desabilita|desabilite|suspende')}"
    rf"{words('as|esas|estas|suas|o envio de|esos|eses|os|todas as|os envios de')}{maybe('minhas')}{_NEWS}"
    rf"(?!(?:do|no|da|na|dos) (?:ap|aplicativo|celular|site|computador|grupo|meu|sistema) )",
    rf"{words('como|como eu|como que eu|how do i|how to')}{words('cancelo|paro|bloqueio|desativo|quito|cancel|stop')}"
    rf"{words('estos|estas|eses|esas|esos|eso|iso|these|this')}{_NEWS}",
    rf"{words('me', 'mim')}{_TAKE}{words('do', 'dese', 'deste', 'de')}{maybe('seu', 'voces', 'sus')}"
    rf"{words('zap|whats|whatsap|celular|contatos|contactos')}",
    rf"{_TAKE}{words('eu', 'a gente', 'nos')}(?:{_LIST}{_NOT_LIST}|{_OUT})",
    rf"{_TAKE}{maybe('os', 'todos os')}{words('meus', 'mis', 'nosos', 'minhas')}{words('dados', 'datos', 'contatos')}"
    rf"{FILL}{{0,1}}?{_LIST}{_NOT_LIST}",
    rf"{words('esquece|esqueca|esquecam|olviden|olvida|forget|apaga|perde')}{maybe('o', 'de')}"
    rf"{words('meu numero|meu contato|meu telefone|meu whatsap|meu zap|que eu existo|mi numero|my number|de mim')}"
    r"(?!(?:antigo|velho|anterior|viejo|erado) )",
    rf"{_NOT}{words('me')}(?:{words('procure|procurem|procura|busquem|chateie|chateiem|chateia|torre|torrem')}"
    rf"|{words('bombardeie|bombardeiem|encaminhe|encaminhem|moleste|fastidien|llamen|liguem|ligue')})"
    rf"(?:{words('mais', 'mas', 'nunca mais')})",
    rf"{words('stop|enough|quit|chega|basta|ya basta')}{words('with|com|de|con|of')}{_SUCH}{_NEWS}(?:{_HERE}|\Z)",
    rf"{_NOT}{words('autorizei|autorice|autorizo|permito|pedi|permiti')}{FILL}{{0,2}}?"
    rf"{words('me')}{words('mandar|mandarem|enviar|enviarem|ligar|ligarem|envien|manden|contatar|escrever')}",
    rf"{words('dar|me de|quero|deme')}{words('baixa no|baixa do|de baja mi|baixa em')}{maybe('meu')}"
    rf"{words('cadastro|numero|contato|inscricao')}",
)
_ALL_OF_IT: Final = re.compile(
    rf"\A{maybe('ow|oh|ah|ai|moco|moca|gente|por favor|cara|mano|vei|pf')}(?:"
    rf"{words('me erra|me errem|me larga|me larguem|vaza|vazem|me descadastrem|descadastro')}"
    rf"|{words('me desinscreve|me desinscreva|desinscrever|desinscreve|me desliga|me exclui|me apaga|cancelar envio')}"
    rf"|{words('me apaguem|nao perturbe|nao perturba|nao perturbem|nao amola|nao enche|nao encham|quit|optout')}"
    rf"|{words('remove me|remove my number|no mesages|no more mesages|borrarme|salir|cancelar mensagem')}"
    rf"|{words('some|suma|sumam|sai|saia|saiam|vaza|vazem|cai')}"
    rf"{words('daqui|fora|da minha frente|da minha vida|do meu zap|do meu whatsap|do meu celular|do meu pe')}"
    rf"(?:{words('com')}{_SUCH}{_NEWS})?)"
    rf"{maybe('por favor|favor|please|ja|agora|logo|ai|caramba|pora|obrigado|obrigada')}\Z"
)
_OF_PARTS: Final = (*leaving_parts.PATTERNS, leaving_parts.WHOLE)
_PATTERNS: Final = (_RECEIVE, _DO_NOT, _STOP_IT, _TAKE_ME, _LEAVE, _IDIOM, _ENOUGH, _ALL_OF_IT, *_OF_PARTS)
_OWN_NEGATION: Final = frozenset({_RECEIVE, _DO_NOT, _ENOUGH, _ALL_OF_IT, *leaving_parts.OWN_NEGATION})
_AT_TIMES: Final = re.compile(  # "… à noite, só de dia" is a wish about when, or how
    words(
        "a noite|de noite|hoje|agora|amanha|antes das|depois das|no domingo|aos domingos|de madrugada",
        "em audio|de audio|de voz",
    )
    + "|"
    + words(
        "por audio|no horario|durante o|na hora do|at night|today|aos sabados|no trabalho|pelo correio",
        "por correio|por email",
    )
)
_THEIRS: Final = re.compile(
    r"(?<!\S)(?:meu cliente|meus clientes|o cliente|os clientes|um cliente|my customer|customers|por que|o "
    r"sistema|alguem|people|users|usuarios|why) (?:\S+ ){0,2}\Z"
)
