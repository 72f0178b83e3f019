"""Words that mean something by themselves, whatever the conversation: consent taken back or given, and greetings.

A message counts only as a whole: "parar" is an opt-out, "quero parar de fumar" is not. What has to be understood from
its sentence is left to those who read sentences: they may add opt-outs, and never take one away.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple


class ConsentWord(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"  # means something only from who opted out: "voltar" is also the way back in a menu


def normalise(text: str) -> str:
    """As one compares texts: without case, accents, invisible characters, drawn-out letters and decorated edges."""
    return _EDGES.sub("", " ".join(_DRAWN_OUT.sub(r"\1", _folded(text)).split()))


@lru_cache(maxsize=4096)  # what somebody wrote just now is looked at again with each message that follows
def consent_word(text: str) -> ConsentWord | None:
    """What the whole message says about being written to, if it says nothing else.

    Courtesies around it are allowed. A question is no order ("parar?"), unless it asks it of us ("pode me tirar da
    lista?"). A word that any shop hears every day ("cancelar") has to stand alone.
    """
    if len(text) > _LONGEST:
        return None
    folded = _folded(text)
    clauses = set(_clauses(folded))
    is_loud = "!" in folded or text.isupper()
    meanings = {_meaning(clause, is_loud=is_loud, is_alone=len(clauses) == 1) for clause in clauses}
    meanings.discard(_Meaning.COURTESY)
    if meanings == {_Meaning.OPT_IN}:
        return ConsentWord.OPT_IN
    is_opt_out = _Meaning.OPT_OUT in meanings and meanings <= {_Meaning.OPT_OUT, _Meaning.REFUSAL}
    return ConsentWord.OPT_OUT if is_opt_out else None


def is_bare_greeting(text: str) -> bool:
    """Nothing but a greeting: the matter itself is still being typed."""
    if len(text) > _LONGEST:
        return False
    words = " ".join(clause.words for clause in _clauses(_folded(text)))
    return bool(_GREETING.fullmatch(f"{words} "))


def has_terminal_punctuation(text: str) -> bool:
    """Whether it ends like a sentence; an emoji or a quote may follow. Three dots announce more."""
    marks = _closing_marks(text)
    return marks == "." or marks.strip(".") != ""


def is_question(text: str) -> bool:
    """Whether it ends as one. Spanish may open a question and never close it."""
    marks = _closing_marks(text)
    return "?" in marks or (not marks and "¿" in text[-_TAIL:])


class _Clause(NamedTuple):
    words: str
    asks: bool


class _Meaning(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    REFUSAL = "refusal"  # a "no" by itself: it agrees with an opt-out, and makes an opt-in doubtful
    COURTESY = "courtesy"
    OTHER = "other"


def _meaning(clause: _Clause, *, is_loud: bool, is_alone: bool) -> _Meaning:
    words = f"{clause.words} "
    orders = [_OPT_OUT, *([_OPT_OUT_LOUD] if is_loud else []), *([_OPT_OUT_ALONE] if is_alone else [])]
    if _COURTESY.fullmatch(words):
        return _Meaning.COURTESY
    if _OPT_OUT_REQUEST.fullmatch(words):
        return _Meaning.OPT_OUT
    if clause.asks:
        return _Meaning.OTHER
    if any(order.fullmatch(words) for order in orders):
        return _Meaning.OPT_OUT
    if _OPT_IN.fullmatch(words):
        return _Meaning.OPT_IN
    return _Meaning.REFUSAL if _REFUSAL.fullmatch(words) else _Meaning.OTHER


@lru_cache(maxsize=256)  # one message is looked at from several sides
def _folded(text: str) -> str:
    """Case, accents and look-alike forms of letters gone, also what cannot be seen; a drawn question mark is one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(
        character for character in decomposed.translate(_DRAWN) if unicodedata.category(character) not in _UNSEEN
    )


def _clauses(folded: str) -> Iterator[_Clause]:
    """The words between punctuation: no letter doubled, no word repeated, and s.a.i.r. is one of them."""
    joined = _SPELLED.sub(lambda spelled: _APART.sub("", spelled[0]), folded)
    for clause in _CLAUSE.finditer(joined):
        words = " ".join(_WORD.findall(_squeezed(clause["words"])))
        if words:
            yield _Clause(_REPEATED.sub(r"\1", words), "?" in clause["marks"] or "¿" in clause["words"])


def _closing_marks(text: str) -> str:
    found = _CLOSING.search(_folded(text[-_TAIL:]))
    return found[0] if found else ""


def _squeezed(text: str) -> str:
    return _DOUBLED.sub(r"\1", text)


_LONGEST: Final = 4096  # no order is longer, even drawn out, or between five hundred emoji
_TAIL: Final = 256
_UNSEEN: Final = frozenset({"Mn", "Me", "Cf"})  # accents; zero-width and bidirectional characters
_DRAWN: Final = {ord(mark): "?" for mark in "❓❔؟"} | dict.fromkeys((0x115F, 0x1160, 0x2800), " ")  # blank letters
_DRAWN_OUT: Final = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLED: Final = re.compile(r"([^\W\d_])\1+")
_REPEATED: Final = re.compile(r"\b(\w+)(?: \1\b)+")
_EDGES: Final = re.compile(r"\A[\W_]+|[\W_]+\Z")
_WORD: Final = re.compile(r"[^\W_]+")
_SPELLED: Final = re.compile(r"\b[^\W_](?:[ ._-][^\W_]){2,}\b")
_APART: Final = re.compile(r"[ ._-]")
_CLAUSE: Final = re.compile(r"(?P<words>[^.,;:!?。\n]+)(?P<marks>[.,;:!?。\n]*)")
_CLOSING: Final = re.compile(r"[.!?。]+(?=[^\w.!?。]*\Z)")

# The lists. `a|b` is either word, `[…]` may be missing, `<name>` is one of the phrases of that name.
_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "not": ("nao|n|naum|nunca",),
    "want": ("quero|qro|queria|desejo|aceito|pretendo", "gostaria de"),
    "news": (
        "mensagem|mensagens|mensage|msg|msgs|sms|spam|spams|propaganda|propagandas|publicidade|anuncio|anuncios",
        "notificacao|notificacoes|comunicado|comunicados|comunicacao|comunicacoes|divulgacao|campanhas|marketing",
        "email|emails",
        "e mail|mails",
    ),
    "items": (
        "<news>",
        "oferta|ofertas|promocao|promocoes|aviso|avisos|conteudo|conteudos|informacao|informacoes|novidades|nada|isso",
    ),
    "such": ("[mais] [as|sua|suas|essa|essas|esse|esta|estas|nenhum|nenhuma|qualquer|tanta|tantas] [tipo de]",),
    "here": (
        "de voces|vcs",
        "suas|daqui|aqui|comigo",
        "por aqui",
        "pra|para mim",
        "desse|deste|nesse|neste|no|pelo [meu] numero|celular|telefone|zap|whats|whatsapp",
    ),
    "list": ("da|das|de|do|na|dessa|dessas|desta|desse|deste [sua|suas] <group> [<here>]", "daqui|disso|dai"),
    "group": ("lista|listas|grupo|cadastro|mailing|base|contatos [de transmissao|contato|contatos|envio|mensagens]",),
    "mine": ("[o] meu numero|contato|telefone|nome|celular|whats|whatsapp",),
    # Orders only. What somebody did or did not do is a complaint: "vocês não me mandaram mais mensagem".
    "write": (
        "mande|mandem|manda|mandar|envie|enviem|envia|enviar|encaminhe|encaminhem|escreva|escrevam|chame|chamem|chama",
        "procure|procurem|contate|contatem|contacte|contactem|ligue|liguem|liga|perturbe|perturbem|incomode|incomodem",
    ),
    "writing": (
        "mandar|mandarem|enviar|enviarem|encaminhar|escrever|chamar|ligar|ligarem|perturbar|incomodar|importunar",
        "encher [o saco]",
    ),
    "take": (
        "tira|tire|tirem|tirar|retira|retire|retirem|retirar|remova|remove|removam|remover|exclua|exclui|excluam|excluir",
        "deleta|delete|deletar|apaga|apague|apaguem|apagar|descadastra|descadastre|descadastrem|descadastrar",
    ),
    "leaving": (
        "sair <list>",
        "[me] descadastrar|desinscrever",
        "ser removido|removida|retirado|retirada|excluido|excluida|descadastrado|descadastrada [<list>]",
        "parar|deixar de receber [<such> <items>] [<here>]",
        "nao mais receber [<such> <items>] [<here>]",
        "nao receber mais [<such> <items>] [<here>]",
        "nao receber <such> <items> [<here>]",
        "cancelar [a|minha] inscricao",
        "cancelar [o|os|as] recebimento|envio|envios|mensagens|notificacoes [de mensagens]",
    ),
    "plea": (
        "[quero|queria|gostaria que] [<asking>] [por favor]",
        "tem como",
        "da pra|para",
    ),
    "asking": ("[voce|voces|vc|vcs] pode|podem|poderia|poderiam|podia|consegue|conseguem", "favor"),
    "do not": ("dont", "don t", "do not"),
    "could you": ("[can|could|would|will you] [please]",),
    "opt out": (
        # "saia", "alto" and "para" are also a skirt, tall and a preposition.
        "pare|parem|parar|sair|descadastrar|descadastre|descadastra|descadastro|descadastramento|desinscrever [me]",
        "descadrastar|discadastrar|descadatrar|descadastar|desincrever|desinscreva|desinscricao|optout",
        "me descadastra|descadastre|desinscreva|desinscreve|remova|remove|exclua|exclui|tira|tire",
        "[[eu] quero] sair [daqui|lista]",
        "sai <list>",
        "opt out",
        "[eu] [<want>|prefiro|preciso|solicito] <leaving>",
        "[<want>|solicito|peco] [a] remocao|exclusao [do meu numero|contato] <list>",
        "[eu] [ja] <not> <want> [mais] receber mais [<such> <items>] [<here>]",
        "[eu] [ja] <not> <want> mais receber [<such> <items>] [<here>]",
        "[eu] [ja] <not> <want> receber <such> <items> [<here>] [mais]",
        "[eu] [ja] <not> <want> <such> <news> [<here>] [mais]",
        "[eu] <not> quero [mais] que me mandem|enviem [mais] <such> <news> [mais]",
        "[eu] <not> quero [mais] ser incomodado|incomodada|perturbado|perturbada|contatado|contatada",
        "[eu] <not> quero [mais] fazer parte <list>",
        "[eu] <not> autorizo [mais] [o envio de|receber] <such> <news> [<here>] [mais]",
        "<not> [me] perturbe|perturbem",
        "revogo|retiro [o] meu consentimento",
        # What Twilio obeys by itself, with "cancel", "quit", "revoke" and "end" below.
        "stop|stopall|unsubscribe",
        "stop|unsubscribe all",
        "unsub|unsubscribed|unsuscribe|unsubcribe",
        "i want to unsubscribe|opt [out]",
        "no more messages|texts|sms",
        "i <do not> want [to receive|get] [any more] [anymore|these|your] messages|texts|sms [anymore] [any more]",
        "baja|salir|detener|desuscribir|desuscribirme|darme|darse [de baja]",
        "[quiero] dar|darme|dame|deme|denme de baja",
        "cancelar|anular [la] suscripcion",
        "quiero salir de la lista",
        "no [quiero] mas mensajes",
        "[ya] no quiero|deseo [mas] recibir mas|sus|mensajes|publicidad [mensajes|publicidad] [mas]",
        "ya no quiero|deseo recibir",
    ),
    # These ask something of us, so they may come as a question.
    "opt out request": (
        "<plea> me <take> <list>",
        "<plea> <take> me <list>",
        "<plea> <take> <mine> [<list>]",
        "<plea> pare|parem|para|parar de|com [me] <writing> [<such> <news>] [<here>]",
        "<plea> pare|parem|para|parar de|com <such> <news> [<here>]",
        "<plea> deixar|deixe|deixem de me <writing> [<such> <news>]",
        "<plea> <not> [me] <write> mais <such> <news> [<here>]",
        "<plea> <not> me <write> mais [nada] [<here>]",
        "<plea> <not> me <write> <such> <news> [<here>] [[nunca] mais]",
        "<plea> <not> [mais] entre|entrem|entrar [mais] em contato [comigo] [mais]",
        "<plea> me deixa|deixe|deixem em paz",
        "como [eu] [faco|faz|fazer|posso] [pra|para] <leaving>",
        "como [eu] me descadastro",
        "como [eu] saio <list>",
        "<could you> remove me|my [number] [from the|your|this list]",
        "<could you> take me off [the|your|this list]",
        "<could you> opt me out",
        "<could you> unsubscribe me",
        "<could you> stop sending|texting|messaging|contacting|spamming|writing [to] [me] [these] [messages|texts]",
        "<do not> text|message|contact|write|call [to] me [anymore|again] [any more]",
        "leave me alone",
        "sacame|quitame|eliminame|borrame|saquenme|quitenme|eliminenme|borrenme de la|su|esta lista",
        "no me escriban|escribas|envien|envies|manden|mandes|llamen|llames|contacten|molesten [mas] [mensajes]",
        "[pueden|puede|puedes] dejen|deja|deje|dejar de enviarme|mandarme|escribirme|molestarme [mas] [mensajes]",
    ),
    # Said to a shop they may mean an order or an item, so nothing may stand beside them.
    "opt out alone": ("cancelar|cancel|remover|remova|remove|quit|revoke|revogar",),
    # Everyday words, or short for one (endereço): an order only in capitals or with an exclamation mark.
    "opt out loud": ("para|chega|basta|end",),
    "opt in": (
        "voltar|retomar|reativar|recadastrar|reinscrever",
        "me recadastre|recadastra|reinscreva",
        "[eu] quero|aceito|autorizo [voltar a] receber [<such> <news>] [de novo] [novamente]",
        "[quero] voltar a receber [<such> <news>]",
        "quero voltar",
        "pode|podem voltar a [me] mandar|enviar [<such> <news>]",
        "start|unstop|subscribe|resubscribe|optin|resume",
        "opt in",
        "i want to receive messages",
        "alta|volver|reanudar|suscribir|suscribirme",
        "[quiero] dar|darme de alta",
        "quiero [volver a] recibir [mensajes] [de nuevo]",
    ),
    "refusal": (
        "nao|n|no|nope|chega|para",
        "nao quero [mais]",
        "nao obrigado|obrigada",
        "nao tenho interesse",
        "sem interesse",
        "no thanks|thank [you]",
        "no gracias",
        "not interested",
        "no me interesa",
    ),
    "greeting": (
        "oi|oioi|oie|ola|opa|eai|iai|iae|eae|alo|salve|fala|bd|tdb|blz|beleza|hello|hi|hey|hiya|hola|buenas",
        "e ai",
        "bom|boa dia|tarde|noite",
        "tudo|td bem|bom|certo|joia",
        "como vai",
        "como voce|vc esta",
        "good morning|afternoon|evening",
        "how are you",
        "buen|buenos|buenas dia|dias|tardes|noches",
        "que tal",
    ),
    "whom": (
        "pessoal|gente|galera|amigo|amiga|moco|moca|querido|querida|senhor|senhora|senhores|doutor|doutora|equipe",
        "there|everyone|all|team|todos|equipo",
        "[e|com] voce|voces|vc|vcs",
        "por ai",
    ),
    "courtesy": (
        "<greeting>",
        "<whom>",
        "[por] favor",
        "por gentileza",
        "pf|pfv|pfvr|porfa|please|pls|plz|urgente|imediatamente|agora|ja|now|ahora|ok|aqui|att|tchau|bye|adios",
        "[muito] obrigado|obrigada|brigado|brigada|obg|vlw|valeu|grato|grata|gracias|thanks",
        "thank you",
        # What people shout while they leave.
        "[que] saco",
        "porra|caralho|krl|pqp|cacete|merda|inferno|chato|chatos|poxa|cara",
    ),
}


def _written(phrase: str) -> str:
    """The phrase as a pattern of words, each with one space behind it."""
    parts = (_PARTS[part] if part in _PARTS else f"(?:{_alternatives(part)})" for part in _PART.findall(phrase))
    return "".join(parts)


def _alternatives(part: str) -> str:
    return "|".join(_one_of(word[1:-1]) if word.startswith("<") else f"{_squeezed(word)} " for word in part.split("|"))


def _one_of(name: str) -> str:
    return f"(?:{'|'.join(map(_written, _PHRASES[name]))})"


def _between_courtesies(name: str) -> re.Pattern[str]:
    polite, phrase = _one_of("courtesy"), _one_of(name)
    return re.compile(f"(?:{polite}){{0,6}}(?:{phrase}){{1,4}}(?:{polite}){{0,6}}")


_PART: Final = re.compile(r"\[|\]|(?:<[^>]+>|[^\s\[\]<])+")
_PARTS: Final = {"[": "(?:", "]": ")?"}

_OPT_OUT: Final = _between_courtesies("opt out")
_OPT_OUT_REQUEST: Final = _between_courtesies("opt out request")
_OPT_OUT_LOUD: Final = _between_courtesies("opt out loud")
_OPT_OUT_ALONE: Final = re.compile(_one_of("opt out alone"))
_OPT_IN: Final = _between_courtesies("opt in")
_REFUSAL: Final = re.compile(_one_of("refusal"))
_COURTESY: Final = re.compile(f"(?:{_one_of('courtesy')}|{_one_of('asking')}){{1,10}}")
_GREETING: Final = re.compile(f"{_one_of('greeting')}(?:{_one_of('greeting')}|{_one_of('whom')}){{0,9}}")
