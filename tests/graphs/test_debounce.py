"""When a turn is due, for one message and for any burst of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.people import ConnectionKind
from core.models.stream import MessageKind
from graphs.debounce import WAITS, Arrival, due_at

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
LONG = "Queria saber se o vestido azul da vitrine tem no tamanho 42"
CHATS = (ConnectionKind.WHATSAPP, ConnectionKind.BAILEYS)
VOICES = (ConnectionKind.VOICE_RETELL, ConnectionKind.VOICE_VAPI)
CAP = timedelta(seconds=8)
WORDS = timedelta(seconds=20)

TEXTS = (None, "", "oi", "Oi, tudo bem?", "e aí", "quanto?", LONG, f"{LONG}?", "Sim.", "SAIR", "voltar", "tem...", "😂")
arrivals = st.builds(
    Arrival,
    at=st.integers(0, 20_000).map(lambda milliseconds: START + timedelta(milliseconds=milliseconds)),
    kind=st.sampled_from(MessageKind),
    text=st.sampled_from(TEXTS) | st.text(max_size=40),
    is_button=st.sampled_from([False, False, False, True]),
    awaits_words=st.sampled_from([False, False, False, True]),
)
bursts = st.lists(arrivals, min_size=1, max_size=8)
channels = st.sampled_from(ConnectionKind)


def text(said: str | None, *, after: float = 0.0) -> Arrival:
    return Arrival(at=START + timedelta(seconds=after), kind=MessageKind.TEXT, text=said)


def seconds(*burst: Arrival, channel: ConnectionKind = ConnectionKind.WHATSAPP) -> float:
    """From the first message on."""
    return (due_at(burst, channel) - START).total_seconds()


class TestOneMessage:
    @pytest.mark.parametrize("channel", CHATS)
    @pytest.mark.parametrize(
        ("said", "wait"),
        [
            (LONG, 1.6),
            (f"{LONG}.", 1.6),
            ("Pode ser amanhã.", 1.6),
            ("pode ser amanhã", 3.1),
            ("quero saber...", 3.1),
            ("a" * 24, 3.1),
            ("a" * 25, 1.6),
            (f"  {'a' * 24}  ", 3.1),
            ("oi", 3.1),
            ("Bom dia!", 3.1),
            ("Olá, boa tarde pessoal da loja" + "!", 1.6),
            ("Oi, tudo bem com você? 😊", 2.5),  # a greeting, and a question
            ("Quanto custa?", 1.0),
            (f"{LONG}?", 1.0),
            ("", 1.6),
            (None, 1.6),
        ],
    )
    def test_it_waits_as_long_as_its_end_suggests(self, channel: ConnectionKind, said: str | None, wait: float) -> None:
        assert seconds(text(said), channel=channel) == pytest.approx(wait)

    @pytest.mark.parametrize("said", ["SAIR", "pare!", "pode me tirar da lista?", "voltar"])
    @pytest.mark.parametrize("channel", ConnectionKind)
    def test_a_consent_word_is_due_at_once(self, channel: ConnectionKind, said: str) -> None:
        assert seconds(text(said), channel=channel) == 0

    @pytest.mark.parametrize("channel", ConnectionKind)
    def test_a_button_is_due_at_once(self, channel: ConnectionKind) -> None:
        pressed = Arrival(at=START, kind=MessageKind.INTERACTIVE, text="Quero agendar", is_button=True)

        assert seconds(pressed, channel=channel) == 0

    @pytest.mark.parametrize("kind", sorted(set(MessageKind) - {MessageKind.TEXT}))
    @pytest.mark.parametrize("caption", [None, "oi", "quanto?"])
    def test_anything_else_waits_for_the_base(self, kind: MessageKind, caption: str | None) -> None:
        assert seconds(Arrival(at=START, kind=kind, text=caption)) == pytest.approx(1.6)

    @pytest.mark.parametrize("said", ["oi", "quanto?", LONG])
    def test_an_sms_waits_for_its_parts_whatever_it_says(self, said: str) -> None:
        assert seconds(text(said), channel=ConnectionKind.SMS) == pytest.approx(3.0)

    @pytest.mark.parametrize("channel", VOICES)
    def test_a_voice_has_been_heard_out(self, channel: ConnectionKind) -> None:
        assert seconds(text("oi"), channel=channel) == 0


class TestBurst:
    def test_each_message_starts_the_wait_anew(self) -> None:
        assert seconds(text("oi"), text(f"{LONG}.", after=2)) == pytest.approx(3.6)

    def test_only_how_the_newest_ends_counts(self) -> None:
        assert seconds(text("Quanto custa?"), text("o azul", after=1)) == pytest.approx(4.1)
        assert seconds(text("o azul"), text("Quanto custa?", after=1)) == pytest.approx(2.0)

    def test_nobody_waits_longer_than_the_cap(self) -> None:
        assert seconds(*(text("e", after=second) for second in range(8))) == pytest.approx(8.0)

    def test_what_arrives_after_the_cap_is_due_when_it_arrives(self) -> None:
        assert seconds(text("oi"), text("alguém?", after=60)) == 60

    def test_a_button_or_a_consent_word_ends_the_wait_of_all(self) -> None:
        pressed = Arrival(at=START + timedelta(seconds=1), kind=MessageKind.INTERACTIVE, is_button=True)

        assert seconds(text("oi"), pressed) == 1
        assert seconds(text("oi"), text("SAIR", after=1), text("por favor", after=2)) == 2

    def test_of_several_at_one_moment_the_most_patient_counts(self) -> None:
        assert seconds(text("Quanto custa?"), text("oi")) == seconds(text("oi"), text("Quanto custa?")) == 3.1

    def test_no_message_is_never_due(self) -> None:
        with pytest.raises(ValueError, match="never due"):
            due_at((), ConnectionKind.WHATSAPP)


class TestAnyBurst:
    @given(bursts, channels)
    def test_it_is_never_due_before_the_newest_or_beyond_the_cap(
        self, burst: list[Arrival], channel: ConnectionKind
    ) -> None:
        first, newest = (choose(arrival.at for arrival in burst) for choose in (min, max))
        words = min((arrival.at + WORDS for arrival in burst if arrival.awaits_words), default=first)

        assert newest <= due_at(burst, channel) <= max(newest, first + CAP, words)

    @given(bursts, st.floats(0, 1), channels)
    def test_what_came_in_between_changes_nothing(
        self, burst: list[Arrival], share: float, channel: ConnectionKind
    ) -> None:
        first, newest = (choose(arrival.at for arrival in burst) for choose in (min, max))
        between = Arrival(at=first + (newest - first) * share, kind=MessageKind.TEXT, text=f"{LONG}?")

        assert between.at == newest or due_at([*burst, between], channel) == due_at(burst, channel)

    @given(bursts.flatmap(lambda burst: st.tuples(st.just(burst), st.permutations(burst))), channels)
    def test_the_order_in_which_they_are_read_does_not_matter(
        self, orders: tuple[list[Arrival], list[Arrival]], channel: ConnectionKind
    ) -> None:
        assert due_at(orders[0], channel) == due_at(orders[1], channel)

    @given(bursts, channels)
    def test_one_that_is_read_twice_counts_once(self, burst: list[Arrival], channel: ConnectionKind) -> None:
        assert due_at(burst * 2, channel) == due_at(burst, channel)


class TestWords:
    def voice(self, *, after: float = 0.0, awaits: bool = True) -> Arrival:
        return Arrival(at=START + timedelta(seconds=after), kind=MessageKind.VOICE, awaits_words=awaits)

    def test_a_recording_is_waited_for_until_its_words_are_there(self) -> None:
        assert seconds(self.voice()) == pytest.approx(20)
        assert seconds(self.voice(awaits=False)) == pytest.approx(1.6)

    def test_the_first_of_several_bounds_the_wait_for_all(self) -> None:
        assert seconds(*(self.voice(after=second) for second in range(0, 15, 5))) == pytest.approx(20)
        assert seconds(self.voice(awaits=False), self.voice(after=5)) == pytest.approx(25)

    def test_what_is_written_beside_it_does_not_shorten_it(self) -> None:
        assert seconds(self.voice(), text("Quanto custa?", after=3)) == pytest.approx(20)
        assert seconds(self.voice(), text("Quanto custa?", after=30)) == pytest.approx(30)

    @pytest.mark.parametrize("said", ["SAIR", "pare!"])
    def test_who_wants_out_waits_for_nothing(self, said: str) -> None:
        assert seconds(self.voice(), text(said, after=1)) == pytest.approx(1)


class TestWaits:
    def test_every_channel_has_its_own(self) -> None:
        assert set(WAITS) == set(ConnectionKind)

    def test_none_is_negative_or_beyond_its_cap(self) -> None:
        for waits in WAITS.values():
            assert 0 <= waits.base - waits.question <= waits.base + waits.unfinished <= waits.cap
