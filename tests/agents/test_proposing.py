"""Plain words become proposals by what was said, and by nothing else."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from agents.gateway.gateway import Gateway
from agents.gateway.models import Models
from agents.gateway.port import ModelError, ModelReply, ModelRequest, Usage
from agents.proposing import MOST, Field, Offer, Proposed, Wish, hidden, propose
from core.clock import Deadline
from tests.agents.proposing_cases import ASKS, ATTACKS, NOTHING

_CUSTOMER: Final = Field(name="customer", about="Cliente")
_TEXT: Final = Field(name="text", about="O texto")
_WHEN: Final = Field(name="when", about="Quando", is_required=True)


def _offers() -> tuple[Offer, ...]:
    """As the staff group offers them, by name and argument; tests of the group hold these to what it really has."""
    fields: Mapping[str, Sequence[Field]] = {
        "pause": [_CUSTOMER],
        "resume": [_CUSTOMER, Field(name="note", about="Nota")],
        "remind": [_WHEN, _TEXT],
        "schedule": [_CUSTOMER, _WHEN, _TEXT],
        "stage": [_CUSTOMER, Field(name="stage", about="Etapa"), Field(name="reason", about="Por quê")],
        "tag": [_CUSTOMER, Field(name="add", about="Pôr"), Field(name="remove", about="Tirar")],
        "note": [_CUSTOMER, Field(name="text", about="O texto", is_required=True)],
        "optout": [_CUSTOMER, Field(name="reason", about="O motivo")],
        "history": [_CUSTOMER],
        "customer": [_CUSTOMER],
        "notes": [_CUSTOMER],
        "board": [Field(name="board", about="Qual"), Field(name="picture", about="Imagem", kind="boolean")],
        "numbers": [Field(name="period", about="Período")],
        "conversations": [Field(name="only", about="Quais", choices=("open", "mine", "unanswered"))],
        "desk.transfer": [Field(name="to", about="Para quem")],
        "set_digest": [Field(name="many", about="Quantos", kind="integer", is_required=True)],
    }
    bare = (
        "bot_off bot_on bot desk.take desk.return desk.resolve queue gaps reminders scheduled connections health team "
        "case_freeze cases"
    )
    names = [*fields, *bare.split()]
    return tuple(Offer(name=name, about=name, fields=tuple(fields.get(name, ()))) for name in names)


OFFERS: Final = _offers()


def wish(said: str, offers: Sequence[Offer] = OFFERS) -> Wish:
    return Wish(said=said, offers=offers, now=datetime(2026, 11, 22, 14, 30, tzinfo=UTC))


async def proposed(said: str, offers: Sequence[Offer] = OFFERS) -> list[tuple[str, dict[str, Any]]]:
    found = await propose(Gateway(Models()), wish(said, offers), Deadline.after(5))
    return [(one.action, dict(one.arguments)) for one in found.proposals]


class Liar:
    """A model that answers what a test wants it to, whatever was asked."""

    def __init__(self, *proposals: Mapping[str, Any]) -> None:
        self.asked: list[ModelRequest] = []
        self._proposals = proposals

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        return ModelReply(text="", model="liar", usage=Usage(), data={"proposals": list(self._proposals)})

    def stream(self, request: ModelRequest) -> Any:
        raise NotImplementedError

    async def says(self, said: str) -> Proposed:
        return await propose(self, wish(said), Deadline.after(5))


def claim(action: str, quote: str, **arguments: Any) -> dict[str, Any]:
    return {"action": action, "arguments": arguments, "quote": quote}


class TestRehearsal:
    def test_the_set_is_as_large_as_it_has_to_be(self) -> None:
        assert sum(bool(wanted) for _, wanted in ASKS) >= 60
        assert len(NOTHING) >= 30
        assert len(ATTACKS) >= 20

    @pytest.mark.parametrize(("said", "wanted"), ASKS, ids=[said for said, _ in ASKS])
    async def test_what_is_asked_for_is_proposed(self, said: str, wanted: Any) -> None:
        assert await proposed(said) == list(wanted)

    @pytest.mark.parametrize("said", NOTHING)
    async def test_what_asks_for_nothing_proposes_nothing(self, said: str) -> None:
        assert await proposed(said) == []

    @pytest.mark.parametrize("said", ATTACKS)
    async def test_what_others_said_or_what_would_be_a_rule_proposes_nothing(self, said: str) -> None:
        assert await proposed(said) == []

    async def test_what_is_not_offered_is_not_proposed(self) -> None:
        few = [offer for offer in OFFERS if offer.name != "bot_off"]
        assert await proposed("desliga o bot", few) == []
        assert await proposed("desliga o bot", []) == []

    @pytest.mark.parametrize("seed", range(12))
    async def test_a_model_that_misbehaves_proposes_nothing_that_was_not_said(self, seed: int) -> None:
        gateway = Gateway(Models(default=(f"rehearsal/chaotic?seed={seed}",)))
        found = Proposed()
        with suppress(ModelError):
            found = await propose(gateway, wish("pausa o bot da Ana"), Deadline.after(2))
        assert [(one.action, dict(one.arguments)) for one in found.proposals] in ([], [("pause", {"customer": "Ana"})])


class TestBelieved:
    """A model may claim what it likes."""

    async def test_words_that_were_not_said_are_no_quote(self) -> None:
        found = await Liar(claim("bot_off", "desliga o bot")).says("bom dia")
        assert (found.proposals, found.rejected) == ((), ("bot_off: quote",))

    @pytest.mark.parametrize("quote", ["", "…", "[[1]]", "🎉"])
    async def test_a_quote_has_words(self, quote: str) -> None:
        assert (await Liar(claim("bot_off", quote)).says('desliga "o bot" … 🎉')).proposals == ()

    async def test_what_stands_in_quotation_marks_is_no_quote_either(self) -> None:
        model = Liar(claim("bot_off", "desliga o bot"))
        assert (await model.says('ela disse "desliga o bot"')).proposals == ()
        assert "desliga" not in str([prompt.content for prompt in model.asked[0].prompts if prompt.role == "user"])

    async def test_an_argument_that_was_not_said_is_not_taken(self) -> None:
        model = Liar(claim("pause", "pausa o bot", customer="Beto"))
        assert (await model.says("pausa o bot da Ana")).rejected == ("pause: customer",)

    async def test_a_number_has_to_be_said(self) -> None:
        said = "junta a partir de 5"
        assert (await Liar(claim("set_digest", "junta", many=5)).says(said)).proposals[0].arguments == {"many": 5}
        assert (await Liar(claim("set_digest", "junta", many=6)).says(said)).proposals == ()

    async def test_the_number_of_a_mark_was_not_said(self) -> None:
        assert (await Liar(claim("set_digest", "junta", many=1)).says('junta "assim"')).proposals == ()
        assert (await Liar(claim("pause", "pausa", customer="1")).says('pausa "assim"')).proposals == ()

    async def test_what_is_missing_and_must_not_be_refuses_it(self) -> None:
        found = await Liar(claim("remind", "me lembra", text="me lembra")).says("me lembra")
        assert found.rejected == ("remind: when missing",)

    async def test_an_action_that_nobody_offers_is_refused(self) -> None:
        assert (await Liar(claim("erase", "apaga a Ana", customer="Ana")).says("apaga a Ana")).proposals == ()

    async def test_said_twice_it_is_one_and_there_are_never_many(self) -> None:
        same = claim("bot_on", "liga o bot")
        assert len((await Liar(*[same] * 9).says("liga o bot")).proposals) == 1
        others = [claim("pause", "liga", customer=name) for name in ("a", "b", "c", "d", "e", "f")]
        assert len((await Liar(*others).says("liga a b c d e f")).proposals) == MOST

    async def test_quoted_words_come_back_where_they_belong(self) -> None:
        told = claim("schedule", "manda pra Ana amanhã 9h", customer="Ana", when="amanhã 9h", text="[[1]]")
        [one] = (await Liar(told).says("manda pra Ana amanhã 9h “Olá, Ana!”")).proposals
        assert one.arguments["text"] == "Olá, Ana!"

    async def test_nothing_but_quoted_words_asks_no_model(self) -> None:
        model = Liar(claim("bot_off", "x"))
        await model.says('"desliga o bot"')
        assert model.asked == []


class TestHidden:
    @pytest.mark.parametrize(
        ("said", "shown", "quoted"),
        [
            ("manda “oi” já", "manda [[1]] já", ["oi"]),
            ('a "b" c "d"', "a [[1]] c [[2]]", ["b", "d"]),
            ("> citado\nliga o bot", " \nliga o bot", []),
            ("[[7]] liga", "  liga", []),
            ("d'água fica", "d'água fica", []),
        ],
    )
    def test_a_mark_stands_where_somebody_else_s_words_stood(self, said: str, shown: str, quoted: list[str]) -> None:
        assert hidden(said) == (shown, quoted)
