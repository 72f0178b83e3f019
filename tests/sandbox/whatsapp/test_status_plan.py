"""The plan of a message's statuses: shares are kept, order is kept unless it is shuffled, a seed repeats it."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sandbox.whatsapp.status_plan import PROMPT, Failing, Span, Status, StatusSettings, Step, plan

MANY = 1500


def plans(settings: StatusSettings, *, seed: int = 1, **voice: bool) -> list[list[Step]]:
    chance = random.Random(seed)  # noqa: S311 - the seed repeats it
    return [plan(settings, chance, **voice) for _ in range(MANY)]


def words(steps: list[Step]) -> str:
    return " ".join(step.status.value for step in sorted(steps, key=lambda step: step.after))


class TestPlan:
    def test_promptly_means_every_status_in_order(self) -> None:
        assert {words(steps) for steps in plans(PROMPT)} == {"sent delivered read"}
        assert {words(steps) for steps in plans(PROMPT, has_voice=True)} == {"sent delivered read played"}
        assert max(step.after for steps in plans(PROMPT) for step in steps) < 0.02

    def test_a_seed_repeats_it(self) -> None:
        assert plans(StatusSettings(), seed=3) == plans(StatusSettings(), seed=3) != plans(StatusSettings(), seed=4)

    def test_shares_are_kept(self) -> None:
        settings = replace(PROMPT, delivered_share=0.9, read_share=0.5, read_alone=0.2)
        counts = Counter(words(steps) for steps in plans(settings))

        shares = {what: count / MANY for what, count in counts.items()}
        assert shares["sent"] == pytest.approx(0.1, abs=0.05)
        assert shares["sent delivered"] == pytest.approx(0.45, abs=0.05)
        assert shares["sent delivered read"] == pytest.approx(0.36, abs=0.05)
        assert shares["sent read"] == pytest.approx(0.09, abs=0.05)

    def test_a_shuffle_keeps_what_is_told_and_mixes_when(self) -> None:
        spread = Span(least=1, most=2)
        settings = replace(PROMPT, sent=spread, delivered=spread, read=spread, shuffled=1)
        orders = Counter(words(steps) for steps in plans(settings))

        assert len(orders) == 6
        assert min(orders.values()) > MANY / 6 * 0.7

    def test_some_fail_instead(self) -> None:
        settings = replace(PROMPT, failing=(Failing(share=0.1, code=131026), Failing(share=0.05, code=131049)))
        codes = Counter(step.code for steps in plans(settings) for step in steps if step.status is Status.FAILED)

        assert codes[131026] / MANY == pytest.approx(0.1, abs=0.05)
        assert codes[131049] / MANY == pytest.approx(0.05, abs=0.02)
        assert {words(steps) for steps in plans(settings)} == {"failed", "sent delivered read"}

    def test_spans_begin_at_the_status_before(self) -> None:
        spans = {name: Span(least=at, most=at) for name, at in (("sent", 1), ("delivered", 2), ("read", 3))}
        [first, *_] = plans(replace(PROMPT, **spans))  # type: ignore[arg-type] # spans for the fields that are spans

        assert [step.after for step in first] == [1, 3, 6]

    def test_sent_before_the_answer_is_at_once(self) -> None:
        settings = replace(PROMPT, sent=Span(least=5, most=5), sent_before_answer=True)

        assert {steps[0].after for steps in plans(settings)} == {0.0}


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [{"read_share": 1.1}, {"lost": -0.1}, {"failing": (Failing(share=0.6, code=1), Failing(share=0.6, code=2))}],
    )
    def test_a_share_goes_from_0_to_1(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="0 to 1"):
            StatusSettings(**wrong)

    @pytest.mark.parametrize(("least", "most"), [(2, 1), (-1, 1)])
    def test_a_span_goes_forward(self, least: float, most: float) -> None:
        with pytest.raises(ValueError, match="span"):
            Span(least=least, most=most)
