"""A message as rules read it: clauses of plain words, each of which knows where it stands in the original.

Letters are never doubled, short forms are written out, and a slip in one of the words that matter is mended.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from agents.extractors.found import Plain, plain, vocabulary


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """What stands between two marks. `words` has one space behind each."""

    words: str
    places: Sequence[tuple[int, int, int]]  # of each word: in `words`, and its start and end in the original
    asks: bool  # its sentence ends with a question mark
    is_quoted: bool  # somebody else's words, or what is talked about
    mark: str  # before it

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Of a part of `words`, in the original."""
        at = [place[0] for place in self.places]
        first = max(0, bisect_right(at, start) - 1)
        last = max(first, bisect_right(at, max(start, end - 1)) - 1)
        return self.places[first][1], self.places[last][2]

    @property
    def whole(self) -> tuple[int, int]:
        return self.places[0][1], self.places[-1][2]


@lru_cache(maxsize=256)
def clauses(text: str) -> tuple[Clause, ...]:
    folded = plain(text)
    quoted = _quoted(folded.text)
    result: list[Clause] = []
    for sentence in _SENTENCE.finditer(folded.text):
        asks = "?" in sentence["marks"]
        for part in _PART.finditer(folded.text, sentence.start("words"), sentence.end("words")):
            words, places = _words(folded, part.span("words"))
            if words:
                is_quoted = any(start <= part.start("words") and part.end("words") <= end for start, end in quoted)
                before = folded.text[max(0, part.start("words") - 8) : part.start("words")].rstrip()[-1:]
                result.append(Clause(words=words, places=places, asks=asks, is_quoted=is_quoted, mark=before))
    return tuple(result)


def _words(folded: Plain, span: tuple[int, int]) -> tuple[str, list[tuple[int, int, int]]]:
    words, places, length = [], [], 0
    for word in _WORD.finditer(folded.text, *span):
        places.append((length, *folded.span(word.start(), word.end())))
        words.append(f"{canonical(word[0])} ")
        length += len(words[-1])
    return "".join(words), places


def _quoted(text: str) -> list[tuple[int, int]]:
    """Nothing, where all of the message stands between the quotes."""
    spans = [found.span() for found in islice(_QUOTED.finditer(text), _MOST_QUOTES)]
    return [] if len(spans) == 1 and not _LETTER.search(text[: spans[0][0]] + text[spans[0][1] :]) else spans


@lru_cache(maxsize=8192)
def canonical(word: str) -> str:
    """Of a plain word."""
    word = squeezed(word.replace("'", "").replace("’", ""))
    word = _SHORT.get(word, word)
    if word in _RIGHT or not _LEAST <= len(word) <= _MOST:
        return word
    return next((target for target in _MENDED if _is_slip(word, target)), word)


def squeezed(text: str) -> str:
    return _DOUBLED.sub(r"\1", text)


def _is_slip(word: str, target: str) -> bool:
    """One letter wrong, or two of a long word; the first letter may be missing but is not another one."""
    most = 2 if len(target) >= _LONG else 1
    if abs(len(word) - len(target)) > most or (word[0] != target[0] and word[0] != target[1]):
        return False
    return _distance(word, target, most) <= most


def _distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, drop or swap with their neighbour."""
    last: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = last, row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _short(*lines: str) -> dict[str, str]:
    return {word: line.split(":")[0] for line in lines for word in line.split(":")[1].split()}


_MOST_QUOTES: Final = 8
_LEAST: Final = 4
_LONG: Final = 8
_MOST: Final = 16
_DOUBLED: Final = re.compile(r"([a-z])\1+")
_LETTER: Final = re.compile(r"[a-z0-9]")
_SENTENCE: Final = re.compile(r"(?P<words>[^.!?\n…]+)(?P<marks>[.!?\n…]*)")
_PART: Final = re.compile(r"(?P<words>[^,;:()\[\]\"“”«»|>—]+)")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_QUOTED: Final = re.compile(r"[\"“«][^\"“”«»]{1,400}[\"”»]")
_SHORT: Final = _short(
    "nao:n naum nau ñ naao",
    "quero:qro kero qero qeuro qru quro keru queru qr",
    "nada:nd nda",
    "queria:qria keria",
    "voce:vc ce oce",
    "voces:vcs ces",
    "com:c cm con w",
    "mensagem:msg msgs msj mensage mensages mensagens mensagems mensajes mensaje mensajen mensajens mensagen",
    "favor:pfv pf pfvr pls plz porfa porfavor please favo",
    "verdade:vdd vdade",
    "comigo:cmg",
    "alguem:alg algm alguien algem",
    "que:q",
    "voz:vos",
    "humano:umano humanu",
    "de:di",
    "mandar:madar mandr",
    "enviar:envia",
)
# Put right when misspelt, in an order that no hash decides; words beside them that are no slips are below.
_MENDED: Final = tuple(
    sorted(
        vocabulary(
            "atendente atendimento pesoa humano human alguem gerente representative representante asesor falar",
            "preciso transferir mensagem receber lista cadastro descadastrar descadastra supervisor consultor",
            "vendedor enviar mandar unsubscribe",
        )
    )
)
_RIGHT: Final = frozenset(_MENDED) | frozenset(
    map(
        squeezed,
        vocabulary(
            "pessoas pessoal pessoais atendentes atende atendem atender atendeu atendida atendido atendimentos",
            "humanos humanas humana humor humanizado algum alguma algumas gerentes gerencia regente fala falam",
            "falei falou falo fale falem falta faltar faltam falhar calar ralar parar pagar valor fazer galera",
            "precisa precisam precisava precisar precise precioso precisao preco transfere transfira recebe",
            "recebi recebo receberam recebeu recebem perceber receita recebendo listas vista pista mista lisa",
            "listo listra cadastra cadastrar cadastre cadastrado cadastros mandei mandou mandem mande mandam",
            "manda mandaram mandado envie enviem enviado enviou envio enviaram enviei evitar andar consultora",
            "consulta consultar consultoria consultores vendedora vendedores vender supervisora superior",
            "representantes personal persona personas person persons gente agente agentes agent agents urgente",
            "cliente parente receba recebam enviam virar envia mensal massagem alguns alugar aluguel nascer",
            "recibir ficar falado falando falava flor floral atenderme atendendo atendesse halar salar mandarin",
            "mandara enviarme mandarme alem atenda menina descadastre descadastro descadastrou human preciosa",
            "recado fila humanly tender vendendo cadastrei enviando mandando mandato vinda quando humo umas",
        ),
    )
)
