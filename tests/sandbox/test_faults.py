"""The plan of what goes wrong: seeded, counted, and only where it was asked for."""

import pytest

from sandbox.faults import (
    AMBIGUOUS,
    FAULTS,
    AcceptThenDrop,
    DropBefore,
    ErrorCode,
    Fault,
    Faults,
    Mix,
    Occasion,
    ServerError,
    Share,
    SlowAccept,
    Stage,
    StatusesDuplicated,
    StatusesLost,
    TooManyRequests,
)

SEND = Occasion(path="/v23.0/111/messages", sends=True, phone_id="111", recipients=("5511987654321", "551187654321"))
OTHER = Occasion(path="/v23.0/999", phone_id="999")


def drawn(faults: Faults, occasion: Occasion = SEND, times: int = 1) -> list[str | None]:
    found = [faults.draw(occasion).fault for _ in range(times)]
    return [None if fault is None else type(fault).__name__ for fault in found]


def planned(*faults: Fault, seed: int = 1) -> Faults:
    plan = Faults(seed)
    plan.add(*faults)
    return plan


class TestDraw:
    def test_without_faults_nothing_is_met(self) -> None:
        assert drawn(Faults(1)) == [None]

    def test_times_are_counted_down(self) -> None:
        faults = planned(AcceptThenDrop(times=2))

        assert drawn(faults, times=4) == ["AcceptThenDrop", "AcceptThenDrop", None, None]
        assert faults.met["AcceptThenDrop"] == 2
        assert faults.set_now == ()

    def test_one_without_times_lasts_until_it_is_cleared(self) -> None:
        faults = planned(DropBefore())

        assert drawn(faults, times=3) == ["DropBefore"] * 3
        faults.clear()
        assert drawn(faults) == [None]

    def test_the_first_that_was_set_is_met_first(self) -> None:
        faults = planned(ErrorCode(code=131048, times=1), DropBefore(times=1))

        assert drawn(faults, times=3) == ["ErrorCode", "DropBefore", None]

    def test_delays_come_with_whatever_else(self) -> None:
        faults = planned(SlowAccept(seconds=0.5, times=1), SlowAccept(seconds=0.25), DropBefore(times=1))

        first, second = faults.draw(SEND), faults.draw(SEND)

        assert (first.delay, type(first.fault)) == (0.75, DropBefore)
        assert (second.delay, second.fault) == (0.25, None)

    def test_a_probability_is_kept_and_repeats_with_its_seed(self) -> None:
        runs = [drawn(planned(DropBefore(probability=0.1), seed=seed), times=5000) for seed in (7, 7, 8)]

        assert runs[0] == runs[1] != runs[2]
        assert 400 < runs[0].count("DropBefore") < 600

    def test_clearing_starts_the_same_chances_again(self) -> None:
        faults = planned(DropBefore(probability=0.5))
        first = drawn(faults, times=50)
        faults.clear()
        faults.add(DropBefore(probability=0.5))

        assert drawn(faults, times=50) == first


class TestConditions:
    @pytest.mark.parametrize(
        ("fault", "occasion", "is_met"),
        [
            (DropBefore(), SEND, True),
            (DropBefore(), OTHER, False),
            (DropBefore(path=""), OTHER, True),
            (DropBefore(path="/message_templates"), OTHER, False),
            (DropBefore(path="/messages"), SEND, True),
            (DropBefore(phone_id="111"), SEND, True),
            (DropBefore(phone_id="222"), SEND, False),
            (DropBefore(recipient="+5511987654321"), SEND, True),
            (DropBefore(recipient="551187654321"), SEND, True),
            (DropBefore(recipient="+5511900000000"), SEND, False),
        ],
    )
    def test_a_fault_meets_what_it_was_set_for(self, fault: Fault, occasion: Occasion, *, is_met: bool) -> None:
        assert (drawn(planned(fault), occasion) != [None]) is is_met

    def test_what_does_not_suit_uses_nothing_up(self) -> None:
        faults = planned(DropBefore(times=1, phone_id="222"))
        drawn(faults, times=3)

        assert len(faults.set_now) == 1

    @pytest.mark.parametrize("wrong", [{"probability": 1.5}, {"probability": -0.1}, {"times": 0}])
    def test_impossible_conditions_are_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="probability is 0 to 1"):
            DropBefore(**wrong)  # type: ignore[arg-type] # numbers that fit either

    def test_a_header_is_one_line(self) -> None:
        with pytest.raises(ValueError, match="control characters"):
            TooManyRequests(retry_after="3\r\nX-Evil: 1")


class TestMix:
    def test_its_shares_are_kept(self) -> None:
        found = drawn(planned(AMBIGUOUS, seed=3), times=20_000)

        shares = {name: found.count(name) / 200 for name in set(found) if name}
        expected = {"ServerError": 2, "TooManyRequests": 1, "AcceptThenDrop": 2, "AcceptThenServerError": 1}
        for name, percent in (expected | {"SlowBody": 0.5}).items():
            assert shares[name] == pytest.approx(percent, abs=0.4)

    def test_three_and_a_half_percent_of_the_mix_prove_nothing(self) -> None:
        after = sum(share.percent for share in AMBIGUOUS.shares if share.fault.stage is Stage.AFTER)

        assert after == 3.5

    def test_times_count_what_was_met_only(self) -> None:
        mix = Mix(times=1, shares=(Share(percent=50, fault=DropBefore()),))

        assert drawn(planned(mix, seed=2), times=50).count("DropBefore") == 1

    @pytest.mark.parametrize(
        "shares",
        [
            (Share(percent=60, fault=DropBefore()), Share(percent=41, fault=ServerError())),
            (Share(percent=0, fault=DropBefore()),),
            (Share(percent=1, fault=DropBefore(times=1)),),
            (Share(percent=1, fault=DropBefore(recipient="55")),),
            (Share(percent=1, fault=StatusesLost()),),
        ],
    )
    def test_a_mix_that_cannot_be_is_refused(self, shares: tuple[Share, ...]) -> None:
        with pytest.raises(ValueError, match="Mix"):
            Mix(shares=shares)


class TestCopies:
    def test_statuses_are_told_once_unless_a_fault_says_otherwise(self) -> None:
        assert Faults(1).copies(SEND) == 1
        assert planned(StatusesLost()).copies(SEND) == 0
        assert planned(StatusesDuplicated()).copies(SEND) == 2
        assert planned(StatusesLost(recipient="5599")).copies(SEND) == 1

    def test_they_are_no_faults_of_requests(self) -> None:
        assert drawn(planned(StatusesLost())) == [None]
        assert planned(DropBefore()).copies(SEND) == 1


class TestNames:
    def test_every_fault_has_a_stage_and_a_name_of_its_own(self) -> None:
        assert len({kind.__name__ for kind in FAULTS}) == len(FAULTS)
        assert all(isinstance(kind.stage, Stage) for kind in FAULTS)
