"""The same conversations as a state machine of Hypothesis, which finds the shortest way to what is wrong."""

from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from core.models.stream import Control
from tests.graphs.conversation.conversing import BEGINNINGS, CLAIMS, CONTROLS, NEWS, Conversation

_CLAIMS: Final = st.lists(st.integers(0, CLAIMS - 1), max_size=3)


class Machine(RuleBasedStateMachine):
    @initialize(beginning=st.integers(0, BEGINNINGS - 1))
    def begin(self, beginning: int) -> None:
        self.conversation = Conversation(beginning)

    @rule(claims=_CLAIMS)
    def customer_writes(self, claims: Sequence[int]) -> None:
        self.conversation.customer_writes(claims)

    @rule(control=st.sampled_from(CONTROLS))
    def somebody_takes_or_returns_it(self, control: Control) -> None:
        self.conversation.control = control

    @rule(which=st.integers(0, NEWS - 1))
    def news_arrive(self, which: int) -> None:
        self.conversation.news_arrive(which)

    @rule(which=st.integers(0, NEWS - 1))
    def news_wait_for_what_is_said_next(self, which: int) -> None:
        self.conversation.news_wait(which)


def play(machines: int) -> None:
    """The same ones each time. Raises what the judge found."""
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=machines,
            stateful_step_count=5,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
