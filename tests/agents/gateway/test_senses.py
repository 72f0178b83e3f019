"""Recordings and pictures through the gateway: over models that fail, within a budget, and nothing made up."""

import pytest

from agents.gateway.adapter import Failed, Failure, Finish, Told
from agents.gateway.gateway import Gateway, make_gateway
from agents.gateway.models import HEARING, SEEING, Models
from agents.gateway.port import (
    BudgetSpent,
    MediaRequest,
    ModelGarbage,
    ModelUnavailable,
    NoModel,
    Usage,
)
from agents.gateway.prices import sound_cost_micros
from agents.gateway.sound import heard
from agents.recordings import comments_of, seconds_of
from agents.rehearsal.labels import told_by
from core.clock import Deadline
from core.settings import Settings
from sandbox.recordings import picture, voice_note
from tests.agents.gateway.playing import TOOK, cast

SEEN = '{"description": "Um comprovante de R$ 100,00."}'
NOTE = voice_note("quero marcar para amanhã")


def media(content: bytes = NOTE, *, alias: str = HEARING, seconds: float = 5.0) -> MediaRequest:
    return MediaRequest(
        aliases=(alias,), content=content, mime="audio/ogg", language="pt-BR", deadline=Deadline.after(seconds)
    )


class TestGateway:
    async def test_what_is_heard_comes_back_as_one_line(self) -> None:
        gateway, played = cast(one="  quero \n marcar ")
        reply = await gateway.transcribe(media())
        assert (reply.text, reply.model, reply.usage) == ("quero marcar", "x/one", TOOK)
        assert played["one"].perceived[0].content == NOTE

    async def test_silence_is_an_answer_and_no_reason_to_ask_another(self) -> None:
        gateway, played = cast(one="", two="legendas pela comunidade")
        assert (await gateway.transcribe(media())).text == ""
        assert not played["two"].perceived

    async def test_a_picture_is_described(self) -> None:
        gateway, _ = cast(one=SEEN)
        assert (await gateway.describe(media(alias=SEEING))).text == "Um comprovante de R$ 100,00."

    @pytest.mark.parametrize(
        "broken", ["um comprovante", '{"say": "x"}', Told(text=SEEN, finish=Finish.LENGTH, usage=TOOK)]
    )
    async def test_what_cannot_be_read_is_asked_of_the_next(self, broken: str | Told) -> None:
        gateway, _ = cast(one=broken, two=SEEN)
        reply = await gateway.describe(media(alias=SEEING))
        assert (reply.model, reply.usage) == ("x/two", TOOK + TOOK)

    async def test_a_refusal_is_told_apart_from_trouble(self) -> None:
        gateway, _ = cast(one=Failed(Failure.FILTERED))
        with pytest.raises(ModelGarbage):
            await gateway.describe(media(alias=SEEING))
        gateway, _ = cast(one=Failed(Failure.AWAY), two=Failed(Failure.SLOW))
        with pytest.raises(ModelUnavailable):
            await gateway.transcribe(media())

    async def test_a_turns_budget_bounds_it_and_counts_it(self) -> None:
        gateway, _ = cast(one="oi")
        model = gateway.for_turn(1)
        await model.transcribe(media())
        assert model.used == TOOK
        with pytest.raises(BudgetSpent):
            await model.transcribe(media())

    async def test_where_nobody_hears_nobody_is_asked(self) -> None:
        gateway = Gateway(Models.of(Settings(masteria_model="anthropic/claude-sonnet-4-5")))
        with pytest.raises(NoModel):
            await gateway.transcribe(media())


class TestModels:
    def test_who_hears_follows_from_who_talks_unless_it_is_set(self) -> None:
        models = Models.of(Settings(masteria_model="openai/gpt-4o,rehearsal"))
        assert models.chain((HEARING,)) == ("openai/whisper-1", "rehearsal")
        assert models.chain((SEEING,)) == models.chain(("main",)) == ("openai/gpt-4o", "rehearsal")
        own = Models.of(Settings(masteria_hearing_model="groq/whisper-large-v3", masteria_seeing_model="openai/gpt-4o"))
        assert (own.chain((HEARING,)), own.chain((SEEING,))) == (("groq/whisper-large-v3",), ("openai/gpt-4o",))
        assert set(own.every) == {"rehearsal", "groq/whisper-large-v3", "openai/gpt-4o"}


class TestSound:
    def test_a_piece_that_the_model_takes_for_silence_is_left_out(self) -> None:
        said = {"text": " Quero marcar.", "no_speech_prob": 0.1, "avg_logprob": -0.3}
        credit = {"text": " Legendas pela comunidade Amara.org", "no_speech_prob": 0.9, "avg_logprob": -1.4}
        answer = {"text": "Quero marcar. Legendas pela comunidade Amara.org", "segments": [said, credit]}
        assert heard("openai/whisper-1", answer, is_priced=True).text == "Quero marcar."
        assert heard("openai/whisper-1", {**answer, "segments": [credit]}, is_priced=True).text == ""

    def test_it_is_paid_by_seconds_or_by_tokens(self) -> None:
        by_time = heard("openai/whisper-1", {"text": "oi", "duration": 30.0}, is_priced=True)
        assert by_time.usage == Usage(cost_micros=3000)
        counts = {"input_tokens": 100, "input_token_details": {"audio_tokens": 100}, "output_tokens": 10}
        by_token = heard("openai/gpt-4o-mini-transcribe", {"text": "oi", "usage": counts}, is_priced=True)
        assert by_token.usage == Usage(input_tokens=100, output_tokens=10, cost_micros=175)

    def test_a_price_that_nobody_knows_is_not_zero(self) -> None:
        assert heard("openai/whisper-1", {"text": "oi", "duration": 30.0}, is_priced=False).usage.cost_micros is None
        nothing = {"audio_tokens": 0, "input_tokens": 0, "output_tokens": 0}
        assert sound_cost_micros("openai/nobody", seconds=3.0, **nothing) is None
        assert sound_cost_micros("openai/whisper-1", seconds=None, **nothing) is None

    @pytest.mark.parametrize("answer", [{}, {"text": None}, {"text": 3}])
    def test_an_answer_without_a_text_is_broken(self, answer: dict[str, object]) -> None:
        with pytest.raises(Failed):
            heard("openai/whisper-1", answer, is_priced=True)


class TestRehearsal:
    async def test_it_hears_what_a_file_says_of_itself_and_nothing_else(self) -> None:
        gateway = make_gateway(Settings(masteria_model="rehearsal"))
        reply = await gateway.transcribe(media())
        assert (reply.text, reply.is_rehearsal, reply.usage.cost_micros) == ("quero marcar para amanhã", True, 0)
        assert (await gateway.transcribe(media(voice_note()))).text == ""
        assert (await gateway.describe(media(picture("um recibo"), alias=SEEING))).text == "um recibo"
        assert (await gateway.describe(media(picture(), alias=SEEING))).text == ""
        await gateway.close()

    @pytest.mark.parametrize(
        "content", [b"", b"OggS", b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xd8\xff\xfe\0", b"\0" * 99, NOTE[:70]]
    )
    def test_what_is_no_file_says_nothing(self, content: bytes) -> None:
        assert told_by(content) == ""

    def test_a_comment_of_a_photo_is_read_too(self) -> None:
        comment = b"a fachada da loja"
        photo = b"\xff\xd8\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + b"\xff\xda\0\0"
        assert told_by(photo) == "a fachada da loja"

    def test_a_recording_says_how_long_it_is(self) -> None:
        assert seconds_of(voice_note("oi", seconds=3600)) == 3600
        assert seconds_of(b"ID3 something else") is None
        assert comments_of(voice_note("a=b")) == {"TRANSCRIPT": "a=b"}
