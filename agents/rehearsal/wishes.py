"""Shapes of words by which staff ask for things, for the rehearsal model: each with the action that it asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_CALLED: Final = re.compile(r"@([a-z]\w*)")

# What shapes are made of, by name. Without accents and in lower case, as the words are looked at.
_PARTS: Final[Mapping[str, str]] = {
    "pause": r"(?:pausa|pause|pausar|para|pare|cala|cale|silencia|silencie)",
    "off": r"(?:desliga|desligue|desligar|tira|tire)",
    "on": r"(?:liga|ligue|ligar|religa|religue)",
    "back": r"(?:volta|volte|retoma|retome|reativa|reative|solta|solte)",
    "return": r"(?:devolve|devolva|devolver)",
    "send": r"(?:manda|mande|envia|envie|agenda|agende|escreve|escreva|send)(?: (?:uma )?mensagem)?",
    "remind": r"(?:me )?(?:lembra|lembre|lembrar|avisa|avise|remind)(?:-me| me)?",
    "transfer": r"(?:transfere|transfira|transferir|passa|passe)",
    "take": r"(?:assume|assuma|assumir|aceita|aceite|aceitar|pega|pegue|take)",
    "close": r"(?:encerra|encerre|encerrar|finaliza|finalize|fecha|feche|resolve|resolva)",
    "move": r"(?:passa|passe|move|mova|mover|bota|coloca|coloque|leva|leve)(?: o lead d[aeo])?(?: [ao])?",
    "put": r"(?:poe|ponha|bota|coloca|coloque|adiciona|adicione)",
    "take_off": r"(?:tira|tire|remove|remova)",
    "mark": r"(?:marca|marque|etiqueta|etiquete)(?: [ao])?",
    "note": r"(?:anota|anote|anotar)",
    "keep": r"(?:guarda|guarde|salva|salve)",
    "unlist": r"(?:descadastra|descadastre|descadastrar)(?: [ao])?",
    "show": r"(?:(?:(?:me )?(?:mostra|mostre|manda)|ver|veja|abre|abra|quero ver|show|lista|liste)(?: me)? )?",
    "bot": r"(?:[ao] )?(?:bot|robo|ia|atendimento automatico)",
    "here": r"(?: (?:aqui|d?est[ae] (?:conversa|cliente)|d?ess[ae] (?:conversa|cliente)|here|agora|por favor))*",
    "everywhere": r"(?: (?:de|em) (?:todas as conexoes|tudo|todos))?",
    "talk": r"(?:(?:ess[ae]|est[ae]|a|o) )?(?:conversa|atendimento|chat|cliente)",
    "to_bot": r"(?:pro|para o|ao) bot",
    "tag": r"(?:a )?(?:etiqueta|tag)",
    "is": r"(?:esta|ta)",
    "to": r"(?:(?:pra|para|to)(?: [ao])?|pro|ao|a|o)",
    "of": r"(?:d[aeo]|com|pr[ao]|para|n[ao]|em|of)(?: [ao])?",
    "stop": r"(?:@weekday|hoje|amanha|tomorrow|today|dia|as|at|em|in|daqui|para|pra|pro|porque|pois|que|e|n[ao]|com"
    r"|d[aeo]|como|aqui|agora|tudo|tod[ao]s?|d?el[ae]s?)",
    "word": r"(?!@stop\b)\w[\w'-]*",
    "name": r"(?P<customer>@word(?: @word){0,3})",
    "because": r"(?:,? (?:porque|pois|because) (?P<reason>.+))?",
    "weekday": r"(?:(?:segunda|terca|quarta|quinta|sexta|sabado|domingo)(?:[- ]feira)?|monday|tuesday|thursday|friday)",
    "day": r"(?:depois de amanha|amanha|hoje|tomorrow|today|(?:(?:na|no|on) )?(?:proxim[ao] )?@weekday|@date)",
    "date": r"(?:no )?dia \d{1,2}(?:/\d{1,2})?|\d{1,2}/\d{1,2}",
    "time": r"(?:@clock|@hour|meio[- ]dia)(?: da (?:manha|tarde|noite))?",
    "clock": r"(?:(?:as|a|at) )?\d{1,2}(?:[:h]\d{2}|h| horas?| ?(?:am|pm))",
    "hour": r"(?:as|at) \d{1,2}",
    "span": r"(?:em|daqui(?: a)?|in) (?:\d{1,3}|um|uma|dois|duas|meia) ?@unit",
    "unit": r"(?:minutos?|min|horas?|h|dias?|semanas?|hours?|days?|minutes)",
    "when": r"(?P<when>@span|@day,? @time|@time (?:de )?@day|@time|@day)",
    "this": r"(?:d?[aeo]s? |n[ao]s? |d?ess[ae] |d?est[ae] |ultim[ao]s? |this |last )*",
    "period": r"(?: @this(?P<period>hoje|ontem|semana|mes|today|week|\d+ dias))?",
    "sold": r"(?:vendemos|vendeu|faturamos|faturou|atendemos|sell|sold)",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Groups of the shape are arguments; `fixed` ones are not said in words."""

    action: str
    shape: re.Pattern[str]
    fixed: tuple[tuple[str, Any], ...] = ()


def _way(action: str, shape: str, **fixed: Any) -> Way:
    return Way(action, re.compile(rf"(?:{_whole(shape)})[\s.!]*\Z"), tuple(fixed.items()))


def _whole(shape: str) -> str:
    while _CALLED.search(shape):
        shape = _CALLED.sub(lambda called: _PARTS[called[1]], shape)
    return shape


# The first that fits is meant.
WAYS: Final = (
    _way("pause", r"(?:@pause|@off) @bot(?: @of)? @name"),
    _way("pause", r"@pause @bot@here"),
    _way("bot_off", r"@off @bot@everywhere"),
    _way("resume", r"(?:@back|@on) @bot @of @name"),
    _way("bot_on", r"@on @bot@everywhere"),
    _way("desk.return", r"@return (?:@talk )?@to_bot"),
    _way("resume", r"(?:@return|@back)(?: [ao])? @name @to_bot"),
    _way("schedule", r"@send @to @name @when\s*[:,-]\s*(?P<text>.+)"),
    _way("schedule", r"@when,? @send @to @name\s*:\s*(?P<text>.+)"),
    _way("remind", r"@remind,? @when(?:,? (?:de |que |para |pra |to )?(?P<text>.+?))?"),
    _way("remind", r"@remind (?:de |que |to )?(?P<text>.+?),? @when"),
    _way("desk.transfer", r"@transfer @talk @to (?P<to>(?:fila )?\w[\w ]{0,40})"),
    _way("desk.transfer", r"transf\w+ (?:(?:pra|para)(?: [ao])?|pro) (?P<to>(?:fila )?\w[\w ]{0,40})"),
    _way("desk.take", r"@take @talk@here"),
    _way("desk.resolve", r"@close @talk@here"),
    _way(
        "stage",
        r"@move @name (?:@to|em|n[ao])(?: etapa| estagio| coluna)?(?: d[aeo])? (?P<stage>\w[\w ]{0,40}?)@because",
    ),
    _way("tag", r"@put @tag (?P<add>[\w-]+) @of @name"),
    _way("tag", r"@mark @name (?:como|com|de) (?P<add>[\w-]+)"),
    _way("tag", r"@take_off @tag (?P<remove>[\w-]+) @of @name"),
    _way("note", r"@note(?: (?:@of|sobre [ao]) @name)?\s*(?::| que)\s*(?P<text>.+)"),
    _way("optout", r"@unlist @name@because"),
    _way("optout", r"par[ae] de mandar mensage(?:m|ns) @to @name@because"),
    _way("history", r"@show(?:o )?historico @of @name"),
    _way("customer", r"@show(?:[ao]s? )?(?:ficha|perfil|dados|cadastro) @of @name"),
    _way("notes", r"@show(?:as )?notas @of @name"),
    _way(
        "board",
        r"@show(?:o )?(?:kanban|quadro|funil|board) (?:em|como|as) (?:imagem|foto|figura|picture)",
        picture=True,
    ),
    _way("board", r"@show(?:o )?(?:kanban|quadro|funil|board)"),
    _way("numbers", r"(?:quanto|quantos|how much)(?: (?:a gente|nos|did we|we))? @sold@period\??"),
    _way("numbers", r"(?:@show|quais (?:sao )?|como (?:foram|estao) )(?:os )?(?:numeros|resultados|figures)@period\??"),
    _way("queue", r"@show(?:a )?fila(?: de espera)?|quem @is (?:esperando|na fila)\??"),
    _way("conversations", r"@show(?:as )?conversas sem resposta|quem @is sem resposta\??", only="unanswered"),
    _way("conversations", r"@show(?:as )?minhas conversas", only="mine"),
    _way("conversations", r"@show(?:as )?conversas(?: abertas)?", only="open"),
    _way("gaps", r"o que o bot nao soube(?: responder)?\??|@show(?:as )?lacunas"),
    _way("reminders", r"@show(?:os )?meus lembretes"),
    _way("scheduled", r"@show(?:as )?mensagens agendadas"),
    _way("bot", r"@bot @is (?:ligado|desligado|ativo|pausado)\?"),
    _way("connections", r"@show(?:as )?conexoes|(?:o )?whats(?:app)? @is (?:conectado|no ar|funcionando)\??"),
    _way("health", r"@is tudo (?:bem|ok|certo|funcionando)(?: com o sistema)?\??|como @is o sistema\??"),
    _way("team", r"quem (?:e|@is) (?:na|da) equipe\??|@show(?:a )?equipe"),
    _way("case_freeze", r"@keep @talk como caso(?: de teste)?"),
    _way("cases", r"@show(?:os )?casos(?: guardados)?"),
)

# Said before the verb of a request.
POLITE: Final = re.compile(
    r"\W*(?:(?:bot|robo|oi|ola|ei|por favor|pf|pfv|please|agora|entao|e|and|depois|tambem|(?:voce |vc )?pode"
    r"|(?:voce )?poderia|(?:voce )?consegue|da (?:pra|para)|quero que(?: voce)?|preciso que(?: voce)?|can you"
    r"|could you)\b[\s,:!]*)*"
)

# Said behind it.
THANKS: Final = re.compile(r"[\s,]*(?:por favor|pf|pfv|please|obrigad[oa]|valeu)[\s.!]*\Z")

# Where another request begins.
BORDER: Final = re.compile(
    _whole(
        r"(?:\s+(?:e|and)\s+(?:depois\s+)?|\s*[;.,]\s*(?:e\s+)?(?:depois\s+)?|\s+depois\s+)"
        r"(?=(?:@pause|@off|@on|@back|@return|@send|@remind|@transfer|@take|@close|@move|@put|@mark|@note|@keep|mostra|mostre|lista)\b)"
    )
)
