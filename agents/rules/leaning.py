"""How much a sentence sounds like a wish for a person, or to be left alone: learned, for words that no pattern knows.

Each part of it that was met in `tests/agents/fast_rules` weighs for or against: a word, two neighbours, a few letters,
a run of kinds of words. `leaning.tsv` holds the weights; `python -m tests.agents.fast_rules.training` writes it.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from agents.rules.sentences import Clause, squeezed


class Wish(StrEnum):
    """Which, as the file calls its columns."""

    HANDOFF = "handoff"
    OPT_OUT = "opt_out"


BIAS: Final = "bias"
UNIT: Final = 100  # weights are kept as whole numbers
_FILE: Final = "leaning.tsv"
# By itself, on what it was not learned from: 93 % of requests and 93 % of opt-outs, and 1.5 and 0.8 % of all else, most
# of which was written to look like one (`tests/chaos/minutes/test_leaning.py`).
_ENOUGH: Final = -0.25
_MORE_OF_AN_IF: Final = 1.5
_AGAINST: Final = -2.0
_LOOSELY_AGAINST: Final = -1.0
_LETTERS: Final = 4
_LONGEST_WORD: Final = 24
_LONGEST_RUN: Final = 4  # kinds of words
_MOST_WORDS: Final = 60  # of a sentence: whoever tells a long story is left to the patterns, and to the model
_MOST_SENTENCES: Final = 12


def request(wish: Wish, clauses: Sequence[Clause]) -> tuple[int, int] | None:
    """Where in the message the first sentence stands that leans far enough."""
    for sentence in sentences(clauses):
        more = _MORE_OF_AN_IF if any(_IF.search(f" {clause.words}") for clause in sentence) else 0.0
        if score(wish, sentence) > _ENOUGH + more and _is_said(wish, sentence):
            return sentence[0].whole[0], sentence[-1].whole[1]
    return None


def is_against(wish: Wish, clause: Clause, *, is_loose: bool) -> bool:
    """Whatever a pattern makes of it, the rest of its words says otherwise; a loose one is believed less."""
    return score(wish, [clause]) < (_LOOSELY_AGAINST if is_loose else _AGAINST)


def score(wish: Wish, sentence: Sequence[Clause]) -> float:
    weights = _weights()[wish]
    known = [weights[part] for part in parts(sentence) if part in weights]
    return (weights[BIAS] + sum(known) / math.sqrt(max(len(known), 1))) / UNIT


def parts(clauses: Sequence[Clause]) -> frozenset[str]:
    each = (_parts(clause.words, "?" if clause.asks else ".") for clause in clauses if not clause.is_quoted)
    return frozenset().union(*each)


@lru_cache(maxsize=64)
def _parts(words: str, end: str) -> frozenset[str]:
    """Of one clause; it is asked for both wishes."""
    return frozenset(_found(["^", *words.split()[:_MOST_WORDS], end]))


def _found(words: Sequence[str]) -> Iterator[str]:
    yield from (f"1 {word}" for word in words)
    yield from (f"2 {one} {other}" for one, other in pairwise(words))
    yield from (f"_ {one} {other}" for one, other in zip(words, words[2:], strict=False))
    for word in words:
        if _LETTERS <= len(word) <= _LONGEST_WORD:
            whole = f"<{word}>"
            yield from (f"a {whole[at : at + _LETTERS]}" for at in range(len(whole) - _LETTERS + 1))
    kinds = f"^{''.join(map(_kind, words[1:-1]))}{words[-1]}"
    for length in range(2, _LONGEST_RUN + 1):
        yield from (f"k {kinds[at : at + length]}" for at in range(len(kinds) - length + 1))


def sentences(clauses: Sequence[Clause]) -> list[list[Clause]]:
    """What a comma parts belongs together."""
    found: list[list[Clause]] = []
    for clause in clauses:
        if clause.mark in _WITHIN and found:
            found[-1].append(clause)
        elif len(found) < _MOST_SENTENCES:
            found.append([clause])
    return found


def _is_said(wish: Wish, sentence: Sequence[Clause]) -> bool:
    """With a word for it, and not turned round: by a no, or because somebody else said it, or it is over."""
    words = [f" {clause.words}" for clause in sentence]
    is_turned = any(clause.is_quoted for clause in sentence) or any(map(_TURNED[wish].search, words))
    return not is_turned and any(map(_NAMED[wish].search, words))


@lru_cache(maxsize=8192)
def _kind(word: str) -> str:
    """One letter for what it may stand for; nothing for any other word."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(word)), "")


@cache
def _weights() -> Mapping[Wish, Mapping[str, float]]:
    lines = files("agents.rules").joinpath(_FILE).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    columns = {Wish.HANDOFF: 1, Wish.OPT_OUT: 2}
    return {wish: {row[0]: float(row[at]) for row in rows if row[at] != "0"} for wish, at in columns.items()}


def _as_said(pattern: str) -> re.Pattern[str]:
    """For words of clauses, in which no letter is doubled."""
    return re.compile(squeezed(pattern))


_NO: Final = r"nao|num|nunca|nem|sem|jamais|not|dont|no|never"
_OUT: Final = (
    r"(?:tir|retir|remov|exclu|esclu|delet|apag|elimin|risc|bloque|d[ei]s?[ck]adastr|des?[iu]n?scri|unsub|cort|cancel|"
    r"sum|desvincul|borr|quit|saqu|sac|esque[cs]|olvid|forg[eo]t|remoc|salir|salgo|salte)\w*|"
    r"some|sair?|saindo|out|optout|off|baja|fora|lose|losing"
)
_STOP: Final = (
    r"par(?:[ae][mn]|e|ar\w*|ando|en\w*)|ces[ea]\w*|ceas\w*|chega|basta|stop\w*|dej\w+|deix\w+|interomp\w+|suspend\w+|"
    r"encer\w+|evit\w+|cans\w+|dispens\w+|enough|withdraw\w*|revo[kg]\w+|desativ\w+|deslig\w+|descontin\w+|"
    r"discontin\w+|vaza\w*|larg\w+|poup\w+|recus\w+|leave|fim|end|object|silencio"
)
_LEGAL: Final = r"denunci\w+|proces[aeio]\w*|justica|procon|anatel|lgpd|gdpr|lawyer|report\w*|advogad\w+"
_WITHIN: Final = frozenset(',;:()[]"“”«»|>—')
_KINDS: Final = {
    kind: _as_said(pattern)
    for kind, pattern in {
        "P": r"atendente\w*|atendimento|human\w*|pesoa\w*|alguem|gente|vended\w+|consultora?|geren\w+|supervis\w+|"
        r"responsavel|operador\w*|especialista|funcionari\w+|representante|tecnic\w+|analista|colaborador\w*|"
        r"encar\w+ad\w+|don[oa]|chefe|recepc\w+|setor|suporte|equipe|time|financeiro|comercial|agent\w*|person\w*|"
        r"some\w+|asesor\w*|rep|manager|moc[oa]|rapaz|diretor\w*|colega\w*|central|ouvidoria|secretari\w+",
        "B": r"robo\w*|bots?|maquina\w*|automatic\w*|ia|computador|gravacao|chatbot|virtual|robot\w*|machine",
        "S": r"mensagem|sms|propagand\w+|promoc\w+|ofert\w+|spam\w*|marketing|newsletter|novidades|aviso\w*|notific\w+|"
        r"anuncio\w*|divulgac\w+|dispar\w+|publicidade|lista\w*|cadastro\w*|texts?|mesages?|zap|whats\w*|contatos?|"
        r"numero|list|campanh\w+|envios?|inscric\w+",
        "R": _OUT,
        "Q": rf"para|{_STOP}",
        "T": r"fal(?:ar|a|e|o|amos|em)|convers\w+|hablar|talk\w*|speak\w*|trat(?:ar|o)|papo|chat|reclam\w+|"
        r"ouvir|dialog\w+",
        "H": r"pas[ae]\w*|transf\w+|tranf\w+|encaminh\w+|direcion\w*|redirec\w+|coloc\w+|colo[qc]\w+|bot[ae]|poe|ponha|"
        r"cham\w+|conect\w+|arum[ae]|aranj[ae]|acion\w+|trag?[az]\w*|lig\w+|respond\w+|"
        r"atend(?:a|e|er|am|id[oa])|ajud\w+|retorn\w+|asum\w+|socor\w+|orient\w+",
        "W": r"quer\w*|gostaria|precis\w+|prefir\w+|desej\w+|solicit\w+|exij\w+|pec[oa]|necesit\w+|requisit\w+|want|"
        r"need|like|pod\w+|conseg\w+|tem|da|favor|quiero|please|gentileza",
        "N": _NO,
        "M": r"me|mim|comigo|eu|meu|minha|my|nos|mi|meus|minhas",
        "J": _LEGAL,
        "E": r"(?:mand|envi|receb|recib|send|receiv|escrev|perturb|incomod|importun|procur|contat|contact|molest)\w*",
        "D": r"\w{2,}(?:ou|aram|eram|iram|ei|ava|avam|eu|iu)|foi|era|tinha|ontem|dise|ja",
        "I": r"se|si|if|caso|quando|when",
        "Y": r"seu|seus|sua|voces|voce|your|you|ustedes|su",
    }.items()
}
_IF: Final = _as_said(r" (?:se|si|if|caso|quando|when|whenever) ")
_THEY_SAY: Final = (
    r" (?:clientes?|pacientes?|alunos?|marido|mulher|mae|pai|customers?) (?:me |ja )?"
    r"(?:dis?e|falou|pediu|pede|said|says) "
)
_NO_PERSON: Final = (
    r" (?:nao|sem|no|not|dont|nunca|nem) (?:(?:quer\w*|precis\w+|want|need|quiero|me|to|de|vou|pod\w+|mais) )*"
    r"(?:(?:fal\w+|convers\w+|habl\w+|talk|speak|transf\w+|cham\w+|pas\w+) )?(?:\w+ ){0,3}"
    r"(?:atendent\w+|human\w*|agent\w*|person\w*|ninguem|pesoa\w*|gente) "
)
_NAMED: Final[Mapping[Wish, re.Pattern[str]]] = {
    Wish.HANDOFF: re.compile(""),  # a person can be asked for without being named
    Wish.OPT_OUT: _as_said(rf" (?:{_NO}|{_OUT}|{_STOP}|{_LEGAL}|para (?:de|com|ja|logo)) "),
}
_TURNED: Final[Mapping[Wish, re.Pattern[str]]] = {
    Wish.HANDOFF: _as_said(
        rf"{_THEY_SAY}|{_NO_PERSON}"
        r"| (?:unless|contrat\w+|treinar|virar|vaga\w*|curiculo|salario|corpo|recursos|resources|trainer|become|hire) "
        r"| (?:ja|already|ter) (?:\w+ )?(?:consegui|falei|falado|fui|talked|spoke|spoken|resolv\w+) "
        r"| (?:to|tou|estou|tava|am i|estoy) (?:falando|conversando|talking|speaking|chating|hablando) "
        r"|(?<! me) vou transferir "
    ),
    Wish.OPT_OUT: _as_said(
        r" (?:clientes?|pacientes?|alunos?|customers?|users?) "
        r"| (?:nao|no|dont|not|nunca) (?:me )?(?:par[ea]\w*|tir\w+|remov\w+|exclu\w+|cancel\w+|stop|deix\w+|esquec\w+) "
        r"| (?:nao|no|didnt) (?:me )?(?:(?:mand|envi|receb|cheg)\w*(?:aram|ou|i|eu)|lego|get) "
        r"|(?<! nao)(?<! nao mais)(?<! num) (?:quero|want to|gostaria de) (?:continuar )?(?:recebe\w*|receive) "
        r"| (?:pode|podem|continua|continue|continuem) (?:me )?(?:mand|envi)\w+ "
        r"| (?:add|put) me | sistema (?:pra|para|que) "
    ),
}
