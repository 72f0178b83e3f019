"""What the customers of `bench-turn` say, what the model answers, and what the knowledge holds: at once, or slowly.

Every message goes the long way through the graph: the model understands it, and its answer is checked words.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from agents.gateway.port import ModelReply, ModelRequest, Purpose, Usage
from agents.ports import Passage, Spending

_OF_TURN: Final = frozenset({Purpose.UNDERSTAND, Purpose.RESPOND})
_USAGE: Final = Usage(input_tokens=2_000, output_tokens=60, cost_micros=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One message of the customer's, with the claims and the words that a model has for it."""

    words: str
    commands: tuple[Mapping[str, Any], ...] = ()
    query: str
    say: str


def _slot(name: str, words: str) -> Mapping[str, Any]:
    return {"type": "set_slot", "name": name, "value": words, "quote": words, "message": 0}


SCRIPT: Final = (
    Line(
        words="Oi! Preciso organizar as entregas da minha padaria, vocês atendem esse ramo?",
        commands=(_slot("necessidade", "Preciso organizar as entregas da minha padaria"),),
        query="atendem padarias",
        say="Sim, atendemos padarias e confeitarias de todos os tamanhos.",
    ),
    Line(
        words="Sou a Ana Souza, e queria saber se funciona junto com o meu caixa",
        commands=(_slot("nome", "Ana Souza"),),
        query="funciona junto com o caixa",
        say="O sistema conversa com os caixas mais usados, e a equipe confirma o modelo com você.",
    ),
    Line(
        words="Penso em investir uns R$ 800 por mês. O treinamento da equipe está incluído?",
        commands=(_slot("orcamento", "R$ 800"),),
        query="treinamento da equipe incluído",
        say="O treinamento da equipe faz parte de todos os planos.",
    ),
    Line(
        words="Queria começar em dezembro. E como é o atendimento aos sábados?",
        commands=(_slot("prazo", "em dezembro"),),
        query="atendimento aos sábados",
        say="Aos sábados atendemos por mensagem, no mesmo número de sempre.",
    ),
    Line(
        words="Os entregadores conseguem ver as rotas no celular deles?",
        query="entregadores ver rotas no celular",
        say="Conseguem: cada entregador recebe a rota do dia no próprio celular.",
    ),
    Line(
        words="E se a internet cair no meio do caminho, perde tudo?",
        query="internet cair no caminho",
        say="Não perde: as entregas ficam guardadas no aparelho até a conexão voltar.",
    ),
    Line(
        words="Dá para o cliente final acompanhar onde está a encomenda?",
        query="cliente acompanhar encomenda",
        say="Sim, a pessoa recebe um aviso e acompanha o trajeto da encomenda.",
    ),
    Line(
        words="Entendi, e o cadastro dos produtos, quem faz isso?",
        query="quem faz o cadastro dos produtos",
        say="O cadastro inicial é feito junto com a equipe de implantação.",
    ),
)
PASSAGES: Final = tuple(
    Passage(id=f"p{place // 2 + 1}", text=f"{one.say} {other.say}", title="Perguntas frequentes", score=0.9)
    for place, (one, other) in enumerate(pairwise(SCRIPT))
    if place % 2 == 0
)


class Knowledge:
    """Found at once: what retrieval costs is another benchmark."""

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        del query, bases, persona
        return PASSAGES[:most]

    async def bases(self) -> frozenset[str]:
        return frozenset({"geral", "produtos", "precos"})


@dataclass(slots=True)
class BenchModel:
    """A gateway and its port in one: it answers from the script, after so many seconds."""

    seconds: float = 0.0
    asks_for_budget: bool = False  # as the real gateway does before the first call of a turn
    calls: int = 0  # of turns; a summary is made after one
    waiting: int = 0
    most_waiting: int = 0

    def for_turn(self, limit: int, spending: Spending, *, of_contact: int) -> "BenchPort":
        del limit
        return BenchPort(self, spending if self.asks_for_budget else None, of_contact)

    async def answer(self, request: ModelRequest) -> ModelReply:
        self.calls += request.purpose in _OF_TURN
        reply = ModelReply(text="", model="bench", usage=_USAGE, data=_data(request))
        if self.seconds:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            await asyncio.sleep(self.seconds)
            self.waiting -= 1
        return reply


@dataclass(slots=True)
class BenchPort:
    model: BenchModel
    spending: Spending | None
    of_contact: int

    async def complete(self, request: ModelRequest) -> ModelReply:
        if self.spending is not None:
            spending, self.spending = self.spending, None
            await spending.calls_left(of_contact=self.of_contact)
        return await self.model.answer(request)

    async def stream(self, request: ModelRequest) -> AsyncIterator[str]:
        reply = await self.model.answer(request)
        yield reply.text


def _data(request: ModelRequest) -> Mapping[str, Any]:
    """The newest message stands in the last prompt alone; history is in one before it."""
    if request.purpose is Purpose.SUMMARISE:
        return {"summary": SCRIPT[0].words}
    asked = request.prompts[-1].content
    place, line = next((place, line) for place, line in enumerate(SCRIPT) if line.words in asked)
    if request.purpose is Purpose.UNDERSTAND:
        return {"lang": "pt-BR", "commands": list(line.commands), "query": line.query, "unsure": False}
    return {"say": line.say, "cited": [PASSAGES[place // 2].id]}
