"""What is a question, and what kind of thing would answer it: a number, a time, a place, a name."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from agents.rehearsal.vocabulary import ASKING
from agents.rehearsal.words import fold, words


class Wanted(StrEnum):
    MONEY = "money"
    NUMBER = "number"
    TIME = "time"
    PLACE = "place"
    PERSON = "person"
    ANYTHING = "anything"


def sentences(text: str) -> Iterator[str]:
    """An abbreviation, an initial or the point within a number ends none; a line of a list is one of its own."""
    for line in text.splitlines():
        start = 0
        for end in _ENDS.finditer(line):
            if not _GOES_ON.search(line[start : end.start() + 1]):
                yield from _whole(line[start : end.end()])
                start = end.end()
        yield from _whole(line[start:])


def questions(text: str) -> tuple[str, ...]:
    """Its questions as they were written, with or without a question mark."""
    return tuple(sentence for sentence in sentences(text) if is_question(sentence))


def in_full(asked: Sequence[str]) -> list[str]:
    """Each by itself: "Que horas abrem na sexta? E no sábado?" asks "Que horas abrem no sábado?" as well."""
    found: list[str] = []
    for question in asked:
        found.append(_led_on(found[-1], question) if found and leans(question) else question)
    return found


def _led_on(before: str, question: str) -> str:
    """What is new takes the place of what the question before ends in; where that cannot be told, both."""
    new, kept = _AND.sub("", question, count=1), _LAST_PART.sub("", before)
    return f"{kept} {new}" if kept != before else f"{before} {question}"


def leans(question: str) -> bool:
    """Too short to be understood without the question before it."""
    folded = fold(question)
    return folded.startswith(_LEANING) and len({word.text for word in words(folded)} - ASKING) <= _FOLLOW_UP


def is_question(sentence: str) -> bool:
    folded = fold(sentence).strip(" \"'()")
    if folded.rstrip("!. )\"'").endswith("?") or "¿" in sentence:
        return not _COURTESY_QUESTION.fullmatch(folded)
    return bool(_ASKS.match(_OPENING.sub("", folded, count=1)))


def is_opener(question: str) -> bool:
    """It asks to be heard, and not yet for anything."""
    return bool(_OPENER.fullmatch(_OPENING.sub("", fold(question).strip(" \"'()?!."), count=1)))


def wanted(question: str) -> Wanted:
    folded = fold(question)
    return next((kind for kind, asks in _KINDS.items() if asks.search(folded)), Wanted.ANYTHING)


def answers(sentence: str, kind: Wanted) -> bool:
    """Whether something of this kind stands in it."""
    if kind is Wanted.ANYTHING:
        return True
    shape, is_folded = _SHAPES[kind]
    return bool(shape.search(fold(sentence) if is_folded else sentence))


def _whole(text: str) -> Iterator[str]:
    trimmed = text.strip().lstrip("-•*–· ").strip()
    if trimmed:
        yield trimmed


_FOLLOW_UP: Final = 2  # words with a meaning of their own
_LEANING: Final = ("e ", "mas e ", "and ", "but ", "what about ", "how about ", "y ")
_AND: Final = re.compile(r"\s*(?:mas e|e|and|but|what about|how about|y)\s+", re.IGNORECASE)
_LAST_PART: Final = re.compile(
    r"\s+(?:a|ao|à|aos|às|em|no|na|nos|nas|de|do|da|dos|das|para|pra|pro|por|com|sem|até|on|in|at|to|for|by|with|without|"
    r"en|el|los|las|con|sin|hasta)\s+[^\s?!.]+[\s?!.]*$",
    re.IGNORECASE,
)
_ENDS: Final = re.compile(r"[.!?…]+[\"”’)\]]*(?=\s|$)")
_GOES_ON: Final = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|[Ss]r|[Ss]ra|[Dd]r|[Dd]ra|[Pp]rof|[Pp]rofa|[Aa]v|[Rr]|[Nn]|[Nn]º|[Aa]rt|[Ee]x|[Tt]el|[Mm]r|"
    r"[Mm]rs|[Ss]t|[Vv]s|[Pp]ág|[Cc]ia|[Ll]tda|[Ii]nc|[Aa]prox|[Oo]bs|[Hh]rs?|[Mm]áx|[Mm]ín|e\.g|i\.e)\.$"
)
_OPENING: Final = re.compile(
    r"(?:(?:oi+e?|ola|opa|e ai|bom dia|boa tarde|boa noite|hello|hi|hey|good (?:morning|afternoon|evening)|hola|"
    r"buen[oa]s (?:dias|tardes|noches)|por favor|please|obrigad[oa]|entao|ah|e|mas|so|and|but|tudo bem|gente|pessoal|"
    r"moc[oa]|amig[oa])\b[\s,.!]*)*"
)
_ASKS: Final = re.compile(
    r"(?:a |o |de |por |em |ate |com |para |pra |desde |since |until |at |by )?"
    r"(?:qual|quais|quanto|quanta|quantos|quantas|quando|onde|como (?!assim|sempre|eu disse|falei)|que horas|que dia|"
    r"o que|oq|por ?que|pq|quem|cad[ea]|"
    r"what|which|how|when|where|why|who|whose|cuanto|cuanta|cuantos|cuando|donde|cual|cuales|quien)\b"
    r"|(?:eu )?(?:gostaria de|queria|quero|preciso|poderia|pode|podem) (?:me )?"
    r"(?:saber|entender|informar|dizer|explicar|tirar uma duvida|confirmar se)\b"
    r"|(?:me (?:diz|diga|fala|fale|informa|informe|explica|explique)|sabe (?:me )?(?:dizer|informar)|sera que|"
    r"tem como|da (?:pra|para)|existe alg|ha alg)\b"
    r"|(?:voce|voces|vc|vcs|a loja|a empresa|o site|ai) (?:ja |ainda |tambem )?"
    r"(?:tem|tem|aceita|aceitam|faz|fazem|entrega|entregam|vende|vendem|trabalha|trabalham|abre|abrem|fecha|fecham|"
    r"atende|atendem|oferece|oferecem|parcela|parcelam|troca|trocam|cobra|cobram|da|dao|emite|emitem|possui|"
    r"possuem)\b"
    r"|(?:do|does|did|is|are|can|could|will|would|should|have|has) (?:you|i|we|it|the|there|they|your|my)\b"
    r"|i(?:'d| would) like to know\b|i (?:want|need) to know\b|tell me\b|quisiera saber\b"
)
_OPENER: Final = re.compile(
    r"(?:(?:voces?|vcs?|alguem|algum atendente) )?"
    r"(?:pode|podem|poderia|poderiam|consegue|conseguem|posso|da (?:pra|para)) (?:voces? )?(?:me )?"
    r"(?:ajudar|atender|ouvir|tirar (?:uma|umas|algumas) duvidas?|fazer (?:uma|umas) perguntas?|perguntar (?:uma coisa|"
    r"algo))(?: (?:por favor|aqui|com uma coisa|rapidinho))?"
    r"|(?:can|could) (?:you help me|i ask (?:you )?(?:something|a question))(?: please)?"
    r"|(?:me )?(?:puede|pueden|puedes) (?:ayudar|ayudarme)(?: por favor)?"
)
_COURTESY_QUESTION: Final = re.compile(
    r"(?:oi+e?|ola|opa|e ai|bom dia|boa tarde|boa noite|hi|hello|hey|hola|[\s,.!])*"
    r"(?:tudo (?:bem|bom|certo|joia)|td bem|como vai|como (?:voce|vc) (?:esta|vai)|beleza|blz|how are you(?: doing)?|"
    r"que tal|como estas?|tudo bem(?: com (?:voce|vc))?)?[\s?!.,]*"
)
_KINDS: Final = {
    Wanted.MONEY: re.compile(
        r"\bquanto (?:e|fica|custa|sai|cobra|cobram|vale|pago|paga|ta|esta|sao|seria)\b|\bpreco|\bvalor(?:es)?\b|"
        r"\bcust(?:a|am|o|os)\b|\btaxa\b|\bmensalidade|\btarifa|\bhow much\b|\bprices?\b|\bcosts?\b|\bfees?\b|"
        r"\bcuanto (?:cuesta|vale|es)\b|\bprecio"
    ),
    Wanted.TIME: re.compile(
        r"\bquando\b|\bque (?:horas?|dias?|data|ano|epoca|mes|seculo)\b|\ba partir de que\b|\bhorarios?\b|"
        r"\bquanto tempo\b|\bprazos?\b|\bem quantos dias\b|\bquantos (?:dias|meses|anos)\b|\bate quando\b|"
        r"\b(?:qual|quais) (?:o |a |os |as )?(?:dias?|data|ano|horario|periodo)\b|\bdemora|\babr(?:e|em)\b|\bfecha|"
        r"\bwhen\b|\bwhat time\b|\bhow (?:long|soon|many days)\b|\b(?:opening|business) hours\b|\bwhat (?:day|"
        r"year|date)|"
        r"\bcuando\b|\bopen\b|\bclose\b|\bhoras? de funcionamento"
    ),
    Wanted.NUMBER: re.compile(r"\bquant[oa]s?\b|\bhow (?:many|much)\b|\bcuant[oa]s?\b|\bem quantas vezes\b|\bpercent"),
    Wanted.PLACE: re.compile(
        r"\bonde\b|\baonde\b|\bendereco|\blocaliza|\bem que (?:cidade|estado|pais|rua|bairro|local|lugar|regiao)\b|"
        r"\b(?:em )?qual (?:a |o )?(?:cidade|estado|pais|rua|bairro|endereco|regiao|local)\b|\bwhere\b|\baddress\b|"
        r"\blocated\b|\bdonde\b|\bdireccion"
    ),
    Wanted.PERSON: re.compile(r"\bquem\b|\bwho\b|\bquien\b|\bqual (?:o |e o )?nome\b"),
}
_NUMBERS: Final = (
    r"\d|\b(?:um|uma|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|catorze|quatorze|quinze|"
    r"vinte|"
    r"trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|cento|duzentos|mil|milhao|milhoes|bilhoes|"
    r"metade|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand|million)\b"
)
_SHAPES: Final = {
    Wanted.MONEY: (
        re.compile(
            r"r\$|us\$|\$ ?\d|\d+ ?%|\breais\b|\breal\b|\bcentavos\b|\bgratis\b|\bgratuit|\bde graca\b|"
            r"\bsem (?:custo|taxa)"
            r"|\bnao (?:cobra|tem custo|ha custo)|\bfree\b|\bno (?:charge|fee|cost)|\bdollars?\b|\bfaz parte do|"
            r"\binclus"
        ),
        True,
    ),
    Wanted.NUMBER: (re.compile(_NUMBERS), True),
    Wanted.TIME: (
        re.compile(
            r"\d ?(?:h\b|horas?|hrs?|min|dias?|days?|hours?|weeks?|semanas?|mes|meses|months?|anos?|years?)|"
            r"\d{1,2}:\d\d|"
            r"\b\d{1,2}/\d{1,2}|\b(?:1[0-9]|20)\d\d\b|\bsegunda|\bterca|\bquarta|\bquinta|\bsexta|\bsabado|\bdomingo|"
            r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\bjan|\bfevereiro|\bmarco\b|\babril\b|\bmaio\b|\bjunho\b|"
            r"\bjulho\b|\bagosto\b|\bsetembro\b|\boutubro\b|\bnovembro\b|\bdezembro\b|\bseculo|\bmeio-dia|"
            r"\bna hora\b|"
            r"\bno (?:mesmo )?dia d|\bno mesmo dia|\bnext day\b|\bsame day\b|\bdias? ute?is|\bdia util|\bimediat|"
            r"\b24 ?h|\bdecada|\ba\.m\.|\d ?[ap]m\b"
        ),
        True,
    ),
    Wanted.PLACE: (
        re.compile(
            r"\b(?:[Rr]ua|[Aa]v\.|[Aa]venida|[Pp]raça|[Rr]odovia|[Bb]airro|[Cc]idade|[Ss]hopping|[Ee]ndereço|"
            r"[Ll]oja|[Ss]treet|"
            r"[Ss]t\.|[Aa]venue|[Aa]ve|[Rr]oad|[Ss]ite|[Aa]pp|[Aa]plicativo|[Mm]enu|[Pp]ágina|[Pp]age|[Ee]-?mail|"
            r"SMS|[Oo]nline|[Qq]uadras|[Bb]locks|[Cc]orreios)\b|"
            r"\b(?:em|no|na|nos|nas|ao|de|do|da|in|at|on|near) (?:o |a |os |as |the )?(?:sul|norte|leste|"
            r"oeste )?[A-ZÁÉÍÓÚÂÊÔÃÕ]"
        ),
        False,
    ),
    Wanted.PERSON: (re.compile(r"(?:^|\s)[A-ZÁÉÍÓÚÂÊÔÃÕ][a-záéíóúâêôãõç]+"), False),
}
