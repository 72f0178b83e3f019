"""Every reason that a message can have is said in words, in both languages."""

import pytest

from admin_api.inbox.reasons import REASONS, in_words
from channels.errors import KINDS
from channels.policy import Reason
from core.models.outbox import OutboundState


class TestInWords:
    def test_every_reason_of_ours_has_its_words(self) -> None:
        assert set(REASONS) == set(Reason)
        assert all(text.pt and text.en and text.pt != text.en for text in REASONS.values())

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_a_provider_refused_is_said_as_its_error_says_it(self, kind: str) -> None:
        words = KINDS[kind].operator_text
        assert in_words(OutboundState.FAILED, None, {"kind": kind}) == words
        assert in_words(OutboundState.FAILED, kind, None) == words

    @pytest.mark.parametrize(
        "state", [OutboundState.QUEUED, OutboundState.ACCEPTED, OutboundState.SENT, OutboundState.READ]
    )
    def test_where_nothing_is_wrong_there_is_nothing_to_say(self, state: OutboundState) -> None:
        assert in_words(state, None, None) is None

    @pytest.mark.parametrize("state", [OutboundState.UNKNOWN, OutboundState.AMBIGUOUS])
    def test_what_nobody_confirmed_is_never_called_lost(self, state: OutboundState) -> None:
        for reason in (None, *Reason):
            words = in_words(state, reason, {"kind": "undeliverable"})
            assert words is not None
            assert words.pt.startswith("Não confirmada: pode ter chegado")

    def test_a_word_of_a_later_release_is_no_error(self) -> None:
        assert in_words(OutboundState.QUEUED, "from_the_future", {"kind": "too"}) is None
        assert in_words(OutboundState.FAILED, "from_the_future", {}) is not None
