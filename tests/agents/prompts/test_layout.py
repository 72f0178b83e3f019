"""What a prompt holds and in which order, what of it stays the same, and how long it may become."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from agents.commands import Said
from agents.gateway.port import Purpose
from agents.prompts.contract import Section, sections_of
from agents.prompts.history import MOST_CHARACTERS, MOST_MESSAGES, history_lines
from agents.prompts.layout import Frame, Slots, Tail, estimated_tokens, prompts
from agents.prompts.rules import canary_of
from tests.agents.prompts.making import NOW, conversation, heard, lines, passages, persona, tail

_FRAME = Frame(purpose=Purpose.UNDERSTAND, persona=persona(), canary=canary_of("c1"))
_LONG = "Este texto tem muitas palavras e vai além do que um prompt pode levar consigo. " * 40


def _full(length: int, **changed: Any) -> Tail:
    return tail(
        history=conversation(length, words=_LONG[:200]),
        summary=_LONG,
        facts={f"fato_{number}": _LONG for number in range(30)},
        passages=passages(*([_LONG] * 8)),
        heard=heard("Qual é o preço do plano completo?", "E o prazo?", first=length + 1),
        slots=Slots(
            known={"nome": "Ana"}, missing=("orcamento", "plano"), asked="orcamento", question="Qual é o preço?"
        ),
        **changed,
    )


class TestPrefix:
    def test_it_is_the_same_in_every_turn_of_a_conversation(self) -> None:
        first = prompts(_FRAME, tail())[0].content
        later = [
            prompts(_FRAME, _full(length, now=NOW + timedelta(minutes=length)))[0].content
            for length in (1, 24, 60, 200)
        ]

        assert set(later) == {first}

    @pytest.mark.parametrize("purpose", [Purpose.UNDERSTAND, Purpose.RESPOND, Purpose.SUMMARISE])
    def test_each_purpose_has_its_own(self, purpose: Purpose) -> None:
        frame = Frame(purpose=purpose, persona=persona(), canary=canary_of("c1"))

        assert (prompts(frame, tail())[0] == prompts(_FRAME, tail())[0]) == (purpose is Purpose.UNDERSTAND)

    def test_it_holds_no_clock_and_nothing_of_the_customer_s(self) -> None:
        content = prompts(_FRAME, _full(40))[0].content

        assert "2026" not in content
        assert "Ana" not in content

    def test_it_carries_the_company_s_own_canary(self) -> None:
        assert canary_of("c1") in prompts(_FRAME, tail())[0].content
        assert canary_of("c1") != canary_of("c2")

    def test_a_role_names_the_company(self) -> None:
        frame = Frame(purpose=Purpose.RESPOND, persona=persona(), canary="", company="Loja Sul")
        card = json.loads(sections_of(prompts(frame, tail()))[Section.PERSONA_CARD])

        assert card["role"] == "consultora da Loja Sul"
        assert card["forbidden"] == ["garantido", "100% seguro"]

    def test_it_is_within_its_share(self) -> None:
        for purpose in (Purpose.UNDERSTAND, Purpose.RESPOND):
            made = prompts(Frame(purpose=purpose, persona=persona(), canary=canary_of("c")), tail())

            assert estimated_tokens(made[:1]) <= 1_400

    def test_an_english_persona_has_english_rules(self) -> None:
        english = persona(locale="en", texts={"fallback": {"en": "Not now."}})
        rules = sections_of(prompts(Frame(purpose=Purpose.RESPOND, persona=english, canary=""), tail()))[Section.RULES]

        assert rules.startswith("You are part of a company's customer service.")

    def test_the_closed_lists_are_those_of_the_persona(self) -> None:
        schema = json.loads(sections_of(prompts(_FRAME, tail()))[Section.SCHEMA])

        assert set(schema["slots"]) == set(persona().slots)
        assert schema["slots"]["plano"]["options"][0] == {"value": "basico", "label": "Básico", "aliases": ["simples"]}
        assert schema["evidence"] == {"urgencia": "O cliente dá uma data ou diz que é urgente."}
        assert schema["goals"] == {"qualificar": "conhecer a necessidade", "agendar_demo": "agendar demo"}


class TestSections:
    def test_pages_and_messages_are_in_the_last_message_alone(self) -> None:
        made = prompts(_FRAME, _full(10, results={"agenda.livre": "PRECISO"}))

        assert [prompt.content.count("Este texto") > 0 for prompt in made] == [False, True, True, True]
        assert all('"p1"' not in prompt.content for prompt in made[:3])

    def test_the_moment_is_local_and_without_seconds(self) -> None:
        now = json.loads(sections_of(prompts(_FRAME, tail()))[Section.NOW])

        assert now == {"now": "2026-11-23 09:34", "weekday": "segunda", "zone": "America/Sao_Paulo"}

    def test_what_is_missing_comes_with_its_options(self) -> None:
        found = sections_of(prompts(_FRAME, tail(slots=Slots(missing=("plano", "gone"), asked="plano"))))
        slots = json.loads(found[Section.SLOTS])

        assert slots["missing"] == [
            {"slot": "plano", "type": "choice", "label": "plano", "options": ["Básico", "Completo"]}
        ]
        assert slots["asked"] == "plano"

    def test_the_stage_is_told_with_its_objective(self) -> None:
        stage = json.loads(sections_of(prompts(_FRAME, tail(stage="qualificado")))[Section.STAGE])

        assert stage["id"] == "qualificado"
        assert stage["strict"] is False

    def test_a_stage_that_is_gone_is_the_first(self) -> None:
        assert json.loads(sections_of(prompts(_FRAME, tail(stage="gone")))[Section.STAGE])["id"] == "novo"


class TestHistory:
    def test_it_grows_at_its_end_until_a_block_is_dropped(self) -> None:
        before: tuple[str, ...] = ()
        drops = []
        for length in range(1, 201):
            now = history_lines(conversation(length, words="Certo"))
            if now[: len(before)] != before:
                drops.append(length)
                assert set(now[:-1]) <= set(before)
            before = now

        assert drops == list(range(25, 200, 10))

    def test_it_has_between_fifteen_and_twenty_four_messages_once_it_is_long(self) -> None:
        counts = {len(history_lines(conversation(length, words="Certo"))) for length in range(25, 201)}

        assert counts == set(range(15, 25))

    @pytest.mark.parametrize("window", [24, 30, 40])
    def test_a_window_of_the_past_that_slides_does_not_slide_the_prompt(self, window: int) -> None:
        whole = [history_lines(conversation(length, words="Certo")) for length in range(60, 120)]
        windows = [history_lines(conversation(length, words="Certo")[-window:]) for length in range(60, 120)]
        changed = sum(now[: len(then)] != then for then, now in pairwise(windows))

        assert changed <= 6
        assert window < 30 or windows == whole

    def test_long_messages_are_dropped_in_blocks_too(self) -> None:
        before: tuple[str, ...] = ()
        drops = 0
        for length in range(1, 201):
            now = history_lines(conversation(length, words=_LONG))
            drops += now[: len(before)] != before
            before = now
            assert sum(map(len, now)) <= MOST_CHARACTERS
            assert len(now) >= min(length, 5)

        assert drops <= 200 / 5

    def test_holes_in_the_numbers_cost_nobody_the_newest(self) -> None:
        said = [Said(author="customer", text=str(number), message=number * 1000) for number in range(1, 60)]
        kept = [line["n"] for line in lines("\n".join(history_lines(said)))]

        assert kept[-1] == 59_000
        assert len(kept) <= MOST_MESSAGES


class TestBudget:
    @pytest.mark.parametrize("purpose", [Purpose.UNDERSTAND, Purpose.RESPOND, Purpose.SUMMARISE])
    @pytest.mark.parametrize("length", [0, 5, 24, 57, 200])
    def test_everything_at_its_longest_is_within_what_a_persona_may_use(self, purpose: Purpose, length: int) -> None:
        frame = Frame(purpose=purpose, persona=persona(), canary=canary_of("c"))
        made = prompts(frame, _full(length, results={"agenda.livre": {"items": [_LONG] * 20}}))

        assert estimated_tokens(made) <= 3_200

    def test_the_prefix_stays_the_same_in_nearly_every_pair_of_turns(self) -> None:
        """Messages one and two, and all of the third but its last fence: what a provider can reuse."""
        contents = []
        for length in range(0, 200, 2):
            made = prompts(_FRAME, tail(history=conversation(length, words="Certo, entendi")))
            contents.append("".join(prompt.content for prompt in made[:3]).removesuffix("\n[[/7.history]]"))
        same = sum(now.startswith(then) for then, now in pairwise(contents))

        assert same / (len(contents) - 1) >= 0.8
        firsts = [content.split("[[4.stage]]")[0] for content in contents]
        assert len(set(firsts)) == 1

    def test_most_of_a_long_conversation_s_prompt_can_be_reused(self) -> None:
        made = prompts(_FRAME, tail(history=conversation(200)))

        assert estimated_tokens(made[:3]) / estimated_tokens(made) >= 0.6

    def test_the_message_is_never_dropped(self) -> None:
        small = Frame(purpose=Purpose.UNDERSTAND, persona=persona(budget={"input_tokens": 500}), canary="c")
        found = sections_of(prompts(small, _full(200)))

        assert [line["text"] for line in lines(found[Section.MESSAGE])] == [
            "Qual é o preço do plano completo?",
            "E o prazo?",
        ]
        assert found[Section.HISTORY] == ""
        assert len(lines(found[Section.PASSAGES])) == 1

    def test_a_flood_of_messages_keeps_its_end(self) -> None:
        flood = heard(*(f"{number} {_LONG}" for number in range(200)))
        found = lines(sections_of(prompts(_FRAME, tail(heard=flood)))[Section.MESSAGE])

        assert found[-1]["n"] == 210
        assert len(found) == 40

    def test_facts_that_do_not_fit_are_left_out_and_still_json(self) -> None:
        facts = json.loads(sections_of(prompts(_FRAME, _full(1)))[Section.FACTS])

        assert facts
        assert set(facts) <= {f"fato_{number}" for number in range(30)}

    def test_a_passage_keeps_its_share(self) -> None:
        found = lines(sections_of(prompts(_FRAME, _full(1)))[Section.PASSAGES])

        assert len(found) <= 5
        assert all(len(json.dumps(one, ensure_ascii=False)) / 4.85 <= 180 for one in found)
