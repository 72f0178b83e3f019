"""What was learned of wishes, tried on messages that it was not learned from: each fifth by what the others teach."""

from collections.abc import Mapping
from typing import Final

import pytest

from agents.rules import leaning
from agents.rules.leaning import UNIT, Wish
from agents.rules.sentences import clauses
from tests.agents.fast_rules.training import FILE, Example, examples, train, written

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

_PARTS: Final = 5
_LEAST_HEARD: Final = {Wish.HANDOFF: 0.92, Wish.OPT_OUT: 0.92}  # by these weights alone, without a pattern
_MOST_FALSE: Final = 0.02  # of what was written to look like a wish


class TestHeldOut:
    @pytest.mark.parametrize("wish", Wish)
    def test_most_wishes_are_heard_and_hardly_anything_is_taken_for_one(
        self, wish: Wish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = examples()
        heard: list[Example] = []
        for part in range(_PARTS):
            weights = train([one for at, one in enumerate(known) if at % _PARTS != part], wish)
            learned: Mapping[str, float] = {name: round(weight * UNIT) for name, weight in weights.items()}
            monkeypatch.setattr(leaning, "_weights", lambda learned=learned: {wish: learned})
            heard += [one for one in known[part::_PARTS] if leaning.request(wish, clauses(one.text))]
        wanted = sum(one.wants == wish for one in known)
        right = sum(one.wants == wish for one in heard)
        print(f"\n{wish}: {right} of {wanted}, false {len(heard) - right} of {len(known) - wanted}")  # noqa: T201 - the result
        assert right / wanted >= _LEAST_HEARD[wish]
        assert (len(heard) - right) / (len(known) - wanted) <= _MOST_FALSE


class TestWeights:
    def test_they_are_what_training_makes_of_it(self) -> None:
        known = examples()
        weights = {wish: train(known, wish) for wish in Wish}
        assert FILE.read_text(encoding="utf-8") == "\n".join(written(weights)) + "\n"
