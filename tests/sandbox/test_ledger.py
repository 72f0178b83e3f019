"""The oracle itself: what it keeps, what it finds, and what it admits to have forgotten."""

import asyncio
import time

import pytest

from sandbox.clock import Stamp
from sandbox.ledger import Accepted, Bounds, Call, Ledger, Message, Outcome, intent_of


def called(ledger: Ledger, tag: str | None = None, body: bytes = b"{}") -> Call:
    return ledger.arrived(Stamp.now(), phone_id="1", recipient="55", tag=tag, body=body)


def accepted(ledger: Ledger, tag: str | None, recipient: str = "5511") -> Accepted:
    call = called(ledger, tag)
    return ledger.accept(call, Message(wamid=f"wamid.{call.number}", recipient=recipient, kind="text", text="oi"))


class TestIntentOf:
    @pytest.mark.parametrize(
        ("tag", "intent"),
        [
            ("reply:7:1.2.0a1b2c3d", "reply:7:1"),
            ("v1.reply:7.3.mac", "v1.reply:7"),
            ("no-parts", "no-parts"),
            ("one.part", "one.part"),
            ("", ""),
            (None, None),
        ],
    )
    def test_it_is_the_tag_without_its_last_two_parts(self, tag: str | None, intent: str | None) -> None:
        assert intent_of(tag) == intent


class TestCalls:
    def test_one_that_nothing_came_of_is_pending(self) -> None:
        ledger = Ledger()
        call = called(ledger, "a.1.m", b'{"x":1}')

        assert [call.outcome for call in ledger.calls] == [Outcome.PENDING]
        assert (call.number, call.body, call.tag) == (1, b'{"x":1}', "a.1.m")

    def test_what_became_of_it_is_written_to_it(self) -> None:
        ledger = Ledger()
        call = called(ledger)
        ledger.settle(call, Outcome.REFUSED, code=131047, fault="ErrorCode")

        [kept] = ledger.calls
        assert (kept.outcome, kept.code, kept.fault) == (Outcome.REFUSED, 131047, "ErrorCode")

    def test_those_after_a_moment_are_found(self) -> None:
        ledger = Ledger()
        called(ledger)
        between = time.time_ns()
        later = called(ledger)

        assert ledger.calls_after(between) == (later,)
        assert ledger.calls_after(time.time_ns()) == ()

    def test_a_page_continues_behind_the_last_number(self) -> None:
        ledger = Ledger()
        for _ in range(25):
            called(ledger)

        pages = [[call.number for call in ledger.calls_page(after=after, limit=10)] for after in (0, 10, 20, 25)]

        assert pages == [list(range(1, 11)), list(range(11, 21)), list(range(21, 26)), []]


class TestAccepted:
    def test_an_intent_that_was_accepted_twice_is_doubled(self) -> None:
        ledger = Ledger()
        first, other, second = (accepted(ledger, tag) for tag in ("a.1.m", "b.1.m", "a.2.m"))

        assert ledger.doubled() == {"a": (first, second)}
        assert ledger.accepted_for("a") == (first, second)
        assert ledger.accepted_for("b") == (other,)
        assert ledger.accepted_for("c") == ()

    def test_where_all_is_forgotten_a_page_is_empty(self) -> None:
        ledger = Ledger(Bounds(entries=2))
        accepted(ledger, "a.1.m")
        for _ in range(2):
            called(ledger)

        assert ledger.accepted_page(after=0, limit=9, recipient=None, intent=None) == []
        assert (ledger.taken, ledger.forgotten) == (1, 1)

    def test_messages_without_a_tag_are_nobodys_twins(self) -> None:
        ledger = Ledger()
        accepted(ledger, None)
        accepted(ledger, None)

        assert ledger.doubled() == {}
        assert len(list(ledger.accepted)) == 2

    def test_the_order_of_one_recipient_is_the_order_of_acceptance(self) -> None:
        ledger = Ledger()
        for number in range(10):
            accepted(ledger, f"a{number}.1.m", recipient="5511" if number % 2 else "5522")

        assert [each.intent for each in ledger.accepted_to("+5511")] == ["a1", "a3", "a5", "a7", "a9"]
        numbers = [each.number for each in ledger.accepted]
        assert numbers == sorted(numbers) == list(range(1, 11))

    def test_a_page_may_be_of_one_recipient_or_one_intent(self) -> None:
        ledger = Ledger()
        for number in range(6):
            accepted(ledger, f"a{number % 3}.{number}.m", recipient=f"551{number % 2}")

        of_recipient = ledger.accepted_page(after=1, limit=2, recipient="5510", intent=None)
        of_intent = ledger.accepted_page(after=0, limit=9, recipient=None, intent="a1")
        of_both = ledger.accepted_page(after=0, limit=9, recipient="5510", intent="a1")

        assert [each.number for each in of_recipient] == [3, 5]
        assert [each.number for each in of_intent] == [2, 5]
        assert [each.number for each in of_both] == [5]


class TestWaiting:
    async def test_who_waits_is_woken_by_the_next(self) -> None:
        ledger = Ledger()
        waiting = asyncio.create_task(ledger.accepted_within(5, after=0, limit=9, recipient="5511"))
        await asyncio.sleep(0)
        accepted(ledger, "other.1.m", recipient="5599")
        await asyncio.sleep(0)
        wanted = accepted(ledger, "a.1.m")

        assert await waiting == [wanted]

    async def test_who_waits_in_vain_gets_nothing(self) -> None:
        assert await Ledger().accepted_within(0.01, after=0, limit=9) == []


class TestBounds:
    def test_beyond_them_the_oldest_are_forgotten_and_counted(self) -> None:
        ledger = Ledger(Bounds(entries=10))
        for number in range(25):
            accepted(ledger, f"a{number}.1.m", recipient=f"55{number}")

        assert ledger.forgotten == 15
        assert [each.number for each in ledger.accepted] == list(range(16, 26))
        assert [each.number for each in ledger.calls_page(after=0, limit=3)] == [16, 17, 18]
        assert ledger.accepted_to("550") == ()
        assert ledger.accepted_for("a0") == ()
        assert ledger.taken == 25

    def test_bodies_are_bounded_by_their_bytes(self) -> None:
        ledger = Ledger(Bounds(bytes=1000))
        for _ in range(20):
            called(ledger, body=b"x" * 100)

        assert len(list(ledger.calls)) == 10
        assert ledger.forgotten == 10

    def test_acceptances_out_of_order_go_with_their_calls(self) -> None:
        ledger = Ledger(Bounds(entries=3))
        slow, quick = called(ledger, "slow.1.m"), called(ledger, "quick.1.m")
        for call in (quick, slow):
            ledger.accept(call, Message(wamid="w", recipient="55", kind="text", text=""))
        for _ in range(10):
            called(ledger)

        assert list(ledger.accepted) == []
        assert ledger.accepted_to("55") == ()

    def test_a_double_of_which_one_is_forgotten_is_no_longer_told(self) -> None:
        ledger = Ledger(Bounds(entries=2))
        for tag in ("a.1.m", "a.2.m"):
            accepted(ledger, tag)
        assert set(ledger.doubled()) == {"a"}
        accepted(ledger, "b.1.m")

        assert ledger.doubled() == {}
        assert ledger.forgotten == 1

    def test_a_hundred_thousand_stay_quick_to_page(self) -> None:
        ledger = Ledger()
        for number in range(20_000):
            accepted(ledger, f"a{number}.1.m", recipient=f"55{number % 1000}")
        for _ in range(80_000):
            called(ledger)

        start = time.process_time()
        page = ledger.accepted_page(after=19_000, limit=1000, recipient=None, intent=None)
        calls = ledger.calls_page(after=99_000, limit=1000)

        assert (len(page), len(calls)) == (1000, 1000)
        assert time.process_time() - start < 0.05
        assert ledger.forgotten == 0
