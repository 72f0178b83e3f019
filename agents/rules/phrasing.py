"""How rules are written: alternatives of words, and what before or behind them takes their meaning away."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agents.rules.sentences import Clause, squeezed


def words(*alternatives: str) -> str:
    """Any of them: `a|b c` is "a" or "b c"."""
    each = (one for line in alternatives for one in line.split("|"))
    return f"(?:{'|'.join(f'{squeezed(one.strip())} ' for one in each)})"


def maybe(*alternatives: str) -> str:
    return f"{words(*alternatives)}?"


def shape(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(patterns)})")


FILL: Final = r"(?:(?!(?:nao|not|nem|sem|nunca|never|dont) )\S+ )"  # any word that does not turn the meaning round


@dataclass(frozen=True, slots=True)
class Hit:
    clause: Clause
    start: int  # in the clause's words
    end: int

    @property
    def before(self) -> str:
        return self.clause.words[max(0, self.start - _CONTEXT) : self.start]

    @property
    def behind(self) -> str:
        return self.clause.words[self.end : self.end + _CONTEXT]

    @property
    def text(self) -> str:
        return self.clause.words[self.start : self.end]

    @property
    def span(self) -> tuple[int, int]:
        return self.clause.span(self.start, self.end)


def hits(clauses: Sequence[Clause], pattern: re.Pattern[str]) -> Iterator[Hit]:
    """Every place, but those in quotes and those that tell what another one said."""
    for number, clause in enumerate(clauses):
        if (
            len(clause.words) < _SHORTEST
            or clause.is_quoted
            or (clause.mark == ":" and number and _TOLD.search(clauses[number - 1].words))
        ):
            continue
        for found in pattern.finditer(clause.words):
            yield Hit(clause, found.start(), found.end())


def is_negated(hit: Hit) -> bool:
    """As "não quero …" and "não precisa …" are; "não eu quero …", as it is heard from speech, is not."""
    return bool(_NEGATION.search(hit.before))


def is_conditional(hit: Hit) -> bool:
    condition = _CONDITION.search(hit.before)
    return bool(condition) and not _POLITE.fullmatch(hit.before[condition.start() :] if condition else "")


_SHORTEST: Final = 3  # letters with the space behind them
_CONTEXT: Final = 120
_TOLD: Final = re.compile(
    r"(?:cliente|paciente|aluno|mulher|marido|pesoal|esposa|mae|pai|ele|ela|eles|customer|he|she|they) "
    r"(?:me |nos |ja )?(?:dise|diseram|diz|falou|pediu|perguntou|pergunta|respondeu|escreveu|mandou|said|says|wrote) \Z"
)
_NEGATION: Final = re.compile(
    squeezed(
        r"(?:(?<!\S)(?:nao|nunca|nem|sem|jamais|dont|doesnt|not|never|cant)|(?:\A|(?<!\S)(?:yo|pero|y|but|que|ya|"
        r"favor|hola) )no) "
        r"(?:(?:me|te|se|lhe|precis\w*|quer\w*|vou|ia|e|necesario|hace|falta|tem|que|need|have|want|to|mais|por|"
        r"pra|favor|voce|"
        r"vai|va|ir|tente|pode|podem|deve) )*\Z"
    )
)
_CONDITION: Final = re.compile(squeezed(r"(?<!\S)(?:se|caso|quando|if|when|whenever|si|cuando|unless) "))
_POLITE: Final = re.compile(
    r"(?:se|si|if) (?:for posivel|posivel|for|der|puder|preferir|quiser|nao for|nao se importar|puede|you can|posible|"
    r"es posible|you dont mind) (?:\S+ ){0,2}"
)
