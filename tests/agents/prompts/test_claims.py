"""What a model may claim is a closed list: whatever has another shape says nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from agents.commands import (
    AskKnowledge,
    Cancel,
    ClearSlot,
    Command,
    GiveEvidence,
    Mention,
    OptOut,
    Quote,
    RequestHuman,
    Say,
    SwitchGoal,
)
from tests.agents.prompts.asking import question_of, understood_of


class TestShapes:
    @pytest.mark.parametrize(
        "claim",
        [
            {},
            {"type": "set_stage", "stage": "qualificado"},
            {"type": "call_tool", "tool": "agenda.criar"},
            {"type": 7},
            "set_slot",
            None,
            ["set_slot"],
            {"type": "set_slot", "name": "saldo", "value": "1", "quote": "Oi", "message": 11},
            {"type": "set_slot", "name": ["nome"], "value": "1", "quote": "Oi", "message": 11},
            {"type": "set_slot", "name": "nome", "value": "Oi", "quote": None, "message": 11},
            {"type": "evidence", "name": "riqueza", "quote": "Oi", "message": 11},
            {"type": "switch_goal", "goal": "dominar_o_mundo"},
            {"type": "say", "mention": "victory"},
            {"type": "say", "mention": ["greeting"]},
            {"type": "confirm", "yes": "sim", "quote": "Oi"},
            {"type": "ask_knowledge", "query": " "},
            {"type": "ask_knowledge", "query": 5},
        ],
    )
    async def test_a_claim_that_is_none_of_the_list_is_refused(self, claim: Any) -> None:
        understood = await understood_of(question_of("Oi"), claim)

        assert understood.commands == ()
        assert len(understood.rejected) == 1

    @pytest.mark.parametrize("commands", [None, "opt_out", {"type": "opt_out"}, 3])
    async def test_an_answer_of_another_shape_says_nothing(self, commands: Any) -> None:
        assert (await understood_of(question_of("Oi"), commands=commands)).commands == ()

    async def test_eight_claims_are_read_and_no_more(self) -> None:
        claims = [{"type": "evidence", "name": "urgencia", "quote": "urgente"}] * 9
        understood = await understood_of(question_of("é urgente"), *claims)

        assert understood.rejected == ("too_many",)
        assert understood.commands == (GiveEvidence(name="urgencia", quote=Quote(text="urgente", message=11)),)

    async def test_every_command_has_its_reader(self) -> None:
        said: Sequence[Mapping[str, Any]] = (
            {"type": "clear_slot", "name": "nome", "quote": "esquece meu nome", "message": 11},
            {"type": "switch_goal", "goal": "agendar_demo"},
            {"type": "cancel"},
            {"type": "request_human", "quote": "quero falar com gente"},
            {"type": "opt_out", "quote": "não me mande mais nada"},
            {"type": "say", "mention": "thanks"},
            {"type": "ask_knowledge", "query": "  qual  o preço? "},
        )
        question = question_of("esquece meu nome", "quero falar com gente", "não me mande mais nada, obrigada")
        understood = await understood_of(question, *said)
        expected: tuple[Command, ...] = (
            ClearSlot(name="nome", quote=Quote(text="esquece meu nome", message=11)),
            SwitchGoal(goal="agendar_demo"),
            Cancel(),
            RequestHuman(quote=Quote(text="quero falar com gente", message=12), source="model"),
            OptOut(quote=Quote(text="não me mande mais nada,", message=13), source="model"),
            Say(mention=Mention.THANKS),
            AskKnowledge(query="qual o preço?"),
        )

        assert understood.commands == expected

    async def test_a_query_beside_the_commands_is_a_question(self) -> None:
        assert (await understood_of(question_of("e aí?"), query="preço do plano")).commands == (
            AskKnowledge(query="preço do plano"),
        )

    async def test_who_is_unsure_and_says_nothing_did_not_understand(self) -> None:
        assert (await understood_of(question_of("hm"), unsure=True)).commands == (Say(mention=Mention.UNCLEAR),)

    @pytest.mark.parametrize(("named", "expected"), [("en", "en"), ("fr", "pt-BR"), (None, "pt-BR"), (["en"], "pt-BR")])
    async def test_a_language_is_one_that_we_have(self, named: Any, expected: str) -> None:
        assert (await understood_of(question_of("Hello there"), lang=named)).language == expected
