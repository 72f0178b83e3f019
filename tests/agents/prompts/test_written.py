"""What is put together from JSON that is written already reads as if all of it had been written at once."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agents.commands import Said
from agents.prompts.contract import as_json, as_record
from agents.prompts.history import history_lines

_TEXTS = st.text(max_size=400)


class TestRecord:
    @given(words=_TEXTS, number=st.integers(), more=st.lists(_TEXTS, max_size=3))
    def test_is_the_object_itself(self, words: str, number: int, more: list[str]) -> None:
        parts = {"words": words, "number": number, "more": more, "nothing": None}

        assert as_record(**{key: as_json(value) for key, value in parts.items()}) == as_json(parts)


class TestHistoryLine:
    @given(words=_TEXTS, described=_TEXTS)
    def test_is_the_message_as_json(self, words: str, described: str) -> None:
        [line] = history_lines([Said(author="customer", text=words, message=7, described=described)])
        message = {"n": 7, "who": "customer", "text": words, **({"described": described} if described else {})}

        assert line == as_json(message, most=280)
        assert list(json.loads(line)) == sorted(message)
