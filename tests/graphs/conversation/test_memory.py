"""The working memory as JSON: read as it was written, and never larger than a kilobyte."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agents.commands import Quote
from graphs.conversation.memory import MOST_BYTES, from_json, to_json
from graphs.conversation.state import Dialogue, Filled

FULL = Dialogue(
    stage="qualificado",
    slots={"nome": Filled(value={"name": "Ana"}, quote=Quote(text="meu nome é Ana", message=3))},
    evidence={"urgencia": Quote(text="preciso para sexta", message=4)},
    refused={"cnpj": 1},
    agenda=("agendar_demo",),
    last_ask="orcamento",
    asked={"orcamento": 1},
    repairs=1,
    failed_checks=1,
    heard_until=5,
    has_greeted=True,
    done=frozenset({"goodbye"}),
    language="en",
)


class TestMemory:
    def test_it_is_read_as_it_was_written(self) -> None:
        assert from_json(json.loads(json.dumps(to_json(FULL))), first_stage="novo") == FULL

    def test_an_empty_one_begins_at_the_first_stage(self) -> None:
        assert from_json({}, first_stage="novo") == Dialogue(stage="novo")

    def test_one_of_a_later_version_keeps_its_stage(self) -> None:
        assert from_json({"v": 99, "stage": "demo"}, first_stage="novo") == Dialogue(stage="demo")

    @given(st.integers(0, 12), st.text(max_size=200))
    def test_it_stays_small_and_keeps_its_slots(self, count: int, words: str) -> None:
        slots = {
            f"slot_{number}": Filled(value={"text": "x" * 10}, quote=Quote(text=words, message=number))
            for number in range(count)
        }
        written = to_json(Dialogue(stage="novo", slots=slots))
        assert len(json.dumps(written, ensure_ascii=False).encode()) <= MOST_BYTES
        assert written["slots"].keys() == slots.keys()
