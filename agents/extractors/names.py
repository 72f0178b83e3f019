"""Names of people: behind "meu nome é" and its like, or as the whole answer where a name was asked for."""

import re
from typing import Final

from agents.extractors.found import Found, plain, vocabulary

_MOST_WORDS: Final = 6
_LONGEST: Final = 80
_SHORTEST: Final = 2  # an initial by itself is none
_ABBREVIATION: Final = 2
_LONGEST_ANSWER: Final = 160
_MOST_INTRODUCTIONS: Final = 8


def find(text: str, *, asked: bool = False) -> list[Found]:
    """A sentence is no name: neither where one was asked for, nor behind "sou o"."""
    folded = plain(text)
    found = []
    for number, introduction in enumerate(_INTRODUCED.finditer(folded.text)):
        if number == _MOST_INTRODUCTIONS:
            break
        start, end = folded.span(introduction.end(), min(len(folded.text), introduction.end() + _LONGEST))
        if name := _name_at(text, start, end, is_weak=introduction["weak"] is not None):
            found.append(name)
    if not found and asked and len(text) <= _LONGEST_ANSWER and "?" not in text:
        polite = _POLITE.match(folded.text)
        start, end = folded.span(polite.end() if polite else 0, len(folded.text))
        name = _name_at(text, start, end, is_weak=False)
        if name and _REST.fullmatch(plain(text[name.end :]).text):
            found.append(name)
    return found


def _name_at(text: str, start: int, end: int, *, is_weak: bool) -> Found | None:
    """The words from here on that can be a name's. Behind a weak introduction ("sou a") they need a capital."""
    words: list[re.Match[str]] = []
    for word in _WORD.finditer(text, start, end):
        gap = text[words[-1].end() if words else start : word.start()]
        if (words and not _GAP.fullmatch(gap)) or (not words and gap.strip()):
            break
        lower = plain(word[0]).text.rstrip(".")
        if not words and lower in _TITLES:
            start = word.end()
            continue
        if not _may_follow(word[0], lower, before=len(words), is_weak=is_weak):
            break
        words.append(word)
        if word[0].endswith(".") and len(lower) > _ABBREVIATION:
            break
    while words and plain(words[-1][0]).text in _PARTICLES:
        words.pop()
    if not words or len(words) > _MOST_WORDS or (len(words) == 1 and len(words[0][0].strip(".")) < _SHORTEST):
        return None
    first, last = words[0].start(), words[-1].end() - words[-1][0].endswith(".")
    return Found({"name": _written(text[first:last].split())}, first, last)


def _may_follow(word: str, lower: str, *, before: int, is_weak: bool) -> bool:
    if lower in _PARTICLES:
        return before > 0
    if lower in _NO_NAMES or (lower.endswith(("mente", "ndo")) and not word[0].isupper()):
        return False
    return word[0].isupper() or not is_weak


def _written(words: list[str]) -> str:
    """As it was written, unless all of it was shouted or mumbled."""
    name = " ".join(words)
    if not (name.islower() or name.isupper()):
        return name
    return " ".join(word.lower() if plain(word).text in _PARTICLES else _capital(word) for word in words)


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))


_INTRODUCED: Final = re.compile(
    r"(?<!\w)(?:(?:o )?meu nome(?: completo)?(?: e| eh|:)? |me chamo |(?:pode|podem) me chamar de |my name is"
    r" |my name's |me llamo |"
    r"mi nombre es |nome(?: completo)?: ?|name: ?|call me |"
    r"(?P<weak>(?:eu )?sou (?:o|a) |aqui e (?:o|a) |quem fala e (?:o|a) |i'm |im |i am |this is |soy |aqui "
    r"quem fala e (?:o|a) ))"
)
_POLITE: Final = re.compile(
    r"\W*(?:(?:oi|ola|bom dia|boa tarde|boa noite|claro|sim|ok|certo|opa|hi|hello|sure|e|eh|sou|eu sou|it's|"
    r"its|hola)(?!\w)\W*){0,4}"
)
_REST: Final = re.compile(
    r"\W*(?:(?:obrigad[oa]|por favor|e voce|prazer|muito prazer|aqui|tudo bem|thanks|nice to meet you|"
    r"mesmo)(?!\w)\W*){0,3}"
)
_WORD: Final = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f]){0,30}(?:['’-](?:[^\W\d_]|[\u0300-\u036f]){1,30}){0,2}\.?"
)
_GAP: Final = re.compile(r"[ \t\u00a0]{1,3}")
_TITLES: Final = vocabulary(
    "sr sra srta senhor senhora senhorita dr dra doutor doutora dona seu don prof profa professor",
    "professora eng o a mr mrs ms miss",
)
_PARTICLES: Final = vocabulary(
    "de da do das dos del van von di la",
)
_NO_NAMES: Final = vocabulary(
    "sim nao n s ok oi ola opa bom boa dia tarde noite claro certo pode ser isso esse essa este esta qual",
    "quais quanto quantos quando como onde porque por que quem qro quero queria gostaria preciso prefiro",
    "posso tenho tem sou estou to ta era foi fui vou vai ia vi moro mora trabalho falo falar fala saber",
    "ver comprar agendar marcar cancelar mas e ou nem com sem para pra pro em no na nos nas um uma uns",
    "umas o a os as meu minha meus minhas seu sua eu voce vc vcs voces ele ela gente ja ainda depois",
    "agora hoje amanha mais menos muito muita pouco nada tudo algum alguem ninguem outro outra so apenas",
    "tambem aqui ai ali la obrigado obrigada valeu favor nome cpf email telefone preco valor plano",
    "produto pedido loja empresa reais mil cliente interessado interessada responsavel dono gerente",
    "vendedor vendedora atendente consultor consultora representante mae pai filho filha esposa marido",
    "irmao irma amigo amiga primeiro primeira segundo segunda pessoa humano robo bot barato caro talvez",
    "depende sei acho entendi nao-sei digo prazer tchau kkk kkkk haha hum hmm ah eh ue nossa desculpa",
    "entao porem quer dizer verdade casado casada solteiro solteira brasileiro brasileira yes not the an",
    "my your is are was want need looking interested calling from here just trying going sure hello hi",
    "hey thanks please what who why how when where i you we they it and but or fine good sorry ready",
    "still very in at on of for with si soy quiero necesito gracias hola buenos buenas el los las un una",
    "pero con sin dele testando prefere",
) - frozenset(["nos"])
