"""The adapter and the simulated Meta, each judging the other: what one sends the other takes, and the other way."""

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from channels.base import KnownTemplate
from channels.contents import Content, Media, Template, TemplateButton, Text, Variable
from channels.envelope import Accepted, OutboundMessage, Received
from channels.errors import (
    CredentialRefused,
    PairLimited,
    RateLimited,
    TemplateRefused,
    Undeliverable,
    Unproven,
    WindowClosed,
)
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from channels.whatsapp_cloud.template_fit import misfits
from channels.whatsapp_cloud.webhook import cut, is_signed
from core.clock import Deadline
from core.errors import NotFound
from core.http import BrokenOff, CallFailed, Oversized, TimedOut, open_client
from core.targets import Blocked
from sandbox import faults
from sandbox.whatsapp.accounts import Account
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.downloads import Endless, Failing, GzipBomb, Manner, Redirect, WrongLength
from sandbox.whatsapp.media import File
from sandbox.whatsapp.status_plan import OFF
from sandbox.world import Sandbox
from tests.contracts.whatsapp_cloud.graph_server import APP_SECRET, TOKEN, line
from tests.contracts.whatsapp_cloud.send_cases import SENT
from tests.contracts.whatsapp_cloud.webhooks import BSUID, E164, PHONE, PHONE_ID, USER_ID, WABA
from tests.sandbox.receiving import Receiver, receiving

FILES = {
    "image": "image/png",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}
TEMPLATE = {
    "name": "pix_lembrete",
    "category": "UTILITY",
    "language": "pt_BR",
    "parameter_format": "NAMED",
    "components": [
        {
            "type": "BODY",
            "text": "Oi {{nome}}, são {{valor}} reais.",
            "example": {
                "body_text_named_params": [
                    {"param_name": "nome", "example": "Ana"},
                    {"param_name": "valor", "example": "50"},
                ]
            },
        },
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "URL", "text": "Pagar", "url": "https://exemplo.com.br/{{1}}", "example": ["x"]},
                {"type": "QUICK_REPLY", "text": "Parar"},
            ],
        },
    ],
}
REMINDER = Template(
    name="pix_lembrete",
    language="pt_BR",
    body=(Variable(name="nome", text="Ana"), Variable(name="valor", text="50")),
    buttons=(TemplateButton(index=0, kind="url", value="abc"), TemplateButton(index=1, kind="quick_reply", value="p")),
)


@dataclass
class Rig:
    sandbox: Sandbox
    adapter: WhatsAppCloud
    ana: Customer
    receiver: Receiver

    async def send(self, content: Content, *, seconds: float = 5.0, **more: Any) -> Accepted:
        message = dataclasses.replace(OutboundMessage(to=(PHONE,), content=content, tag="9.1.ab"), **more)
        return await self.adapter.send(message, line(), Deadline.after(seconds), starts_by=Deadline.after(5))

    async def fetch(self, file: File, *, seconds: float = 10.0) -> bytes:
        media = self.sandbox.whatsapp.shelf.receive(file, phone_id=PHONE_ID)
        async with self.adapter.open_media(media.id, line(), Deadline.after(seconds)) as stream:
            return b"".join([piece async for piece in stream.chunks])

    @property
    def accepted(self) -> int:
        return len(self.sandbox.whatsapp.accepted_to(E164))

    def approve(self) -> None:
        self.sandbox.whatsapp.templates.add(WABA, TEMPLATE)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A number whose app demands the proof, and Ana, who has just written."""
    async with (
        Sandbox.open(seed=1) as sandbox,
        receiving() as receiver,
        open_client() as client,
    ):
        sandbox.whatsapp.statuses.settings = OFF
        await sandbox.whatsapp.connect(
            Account(
                phone_id=PHONE_ID,
                waba_id=WABA,
                display_phone_number="+551133334444",
                access_token=TOKEN,
                app_secret=APP_SECRET,
                verify_token="v",
                webhook_url=receiver.url,
                requires_proof=True,
            )
        )
        ana = sandbox.whatsapp.customer(E164, of=PHONE_ID, name="Ana", user_id=USER_ID)
        ana.says("oi")
        await sandbox.settle()
        yield Rig(sandbox, WhatsAppCloud(client, base=sandbox.url, version="v23.0"), ana, receiver)


class TestSending:
    @pytest.mark.parametrize(
        "name", [name for name, (content, _) in SENT.items() if not isinstance(content, Template | Media)]
    )
    async def test_every_kind_is_taken(self, rig: Rig, name: str) -> None:
        accepted = await rig.send(SENT[name][0])

        assert accepted.provider_id.startswith("wamid.")
        assert accepted.recipient is not None
        assert {PHONE, BSUID} <= set(accepted.recipient.identities)
        assert rig.accepted == 1

    @pytest.mark.parametrize("kind", FILES)
    async def test_every_file_is_taken_by_its_id(self, rig: Rig, kind: Any) -> None:
        given = await rig.adapter.upload(b"data", FILES[kind], line(), Deadline.after(5))
        await rig.send(Media(kind=kind, provider_media_id=given))

        assert rig.accepted == 1

    @pytest.mark.parametrize("kind", FILES)
    async def test_every_file_is_taken_by_its_address(self, rig: Rig, kind: Any) -> None:
        await rig.send(Media(kind=kind, link="https://exemplo.com.br/f"))

        assert rig.accepted == 1

    async def test_somebody_known_by_the_user_id_alone_is_written_to(self, rig: Rig) -> None:
        await rig.send(Text(body="oi"), to=(BSUID,))

        assert rig.accepted == 1

    async def test_a_user_id_that_nobody_has_cannot_be_reached(self, rig: Rig) -> None:
        with pytest.raises(Undeliverable):
            await rig.send(Text(body="oi"), to=(dataclasses.replace(BSUID, value="BR.404"),))

    async def test_an_answer_and_a_sign_of_typing_are_taken(self, rig: Rig) -> None:
        asked = rig.ana.says("tem bolo?")
        await rig.adapter.acknowledge(asked, line(), Deadline.after(5), is_typing=True)
        await rig.send(Text(body="tem!"), reply_to=asked)

        assert rig.accepted == 1

    async def test_free_text_after_the_window_is_refused_and_a_template_is_taken(self, rig: Rig) -> None:
        rig.approve()
        await rig.sandbox.clock.turn(timedelta(hours=25))
        with pytest.raises(WindowClosed):
            await rig.send(Text(body="oi"))
        await rig.send(REMINDER)

        assert rig.accepted == 1


class TestTemplates:
    async def test_the_list_of_an_account_is_read_over_its_pages(self, rig: Rig) -> None:
        for count in range(230):
            rig.sandbox.whatsapp.templates.add(WABA, {**TEMPLATE, "name": f"t{count}"})

        assert len(await rig.adapter.list_templates(line(), Deadline.after(5))) == 230

    async def test_what_fits_is_taken_and_what_does_not_is_refused(self, rig: Rig) -> None:
        rig.approve()
        [known] = await rig.adapter.list_templates(line(), Deadline.after(5))
        short = dataclasses.replace(REMINDER, body=REMINDER.body[:1])
        renamed = dataclasses.replace(
            REMINDER, body=(Variable(name="apelido", text="Ana"), Variable(name="valor", text="5"))
        )
        bare = dataclasses.replace(REMINDER, buttons=())

        assert isinstance(known, KnownTemplate)
        assert misfits(REMINDER, known) == ()
        await rig.send(REMINDER)
        for template in (short, renamed, bare, dataclasses.replace(REMINDER, language="en_US")):
            assert misfits(template, known) != ()
            with pytest.raises(TemplateRefused):
                await rig.send(template)

    async def test_a_template_kept_back_for_its_quality_says_so(self, rig: Rig) -> None:
        rig.sandbox.whatsapp.templates.add(WABA, TEMPLATE).is_paced = True

        assert (await rig.send(REMINDER)).is_held


class TestHealth:
    async def test_a_good_line_is_healthy(self, rig: Rig) -> None:
        health = await rig.adapter.check(line(), Deadline.after(5))

        assert (health.detail["status"], health.detail["missing_scopes"]) == ("CONNECTED", [])

    async def test_a_token_that_was_withdrawn_is_a_refused_credential(self, rig: Rig) -> None:
        rig.sandbox.whatsapp.accounts.number(PHONE_ID).token_is_valid = False

        with pytest.raises(CredentialRefused):
            await rig.adapter.check(line(), Deadline.after(5))
        with pytest.raises(CredentialRefused):
            await rig.send(Text(body="oi"))

    async def test_a_wrong_app_secret_is_a_refused_credential(self, rig: Rig) -> None:
        whole = line()
        wrong = dataclasses.replace(whole, secrets={**whole.secrets, "app_secret": "another"})

        with pytest.raises(CredentialRefused):
            await rig.adapter.check(wrong, Deadline.after(5))


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "error", "accepted"),
        [
            (faults.ServerError(times=1), Unproven, 0),
            (faults.AcceptThenServerError(times=1), Unproven, 1),
            (faults.BrokenJson(times=1), Unproven, 1),
            (faults.AcceptThenDrop(times=1), BrokenOff, 1),
            (faults.AcceptThenDrop(times=1, reset=True), BrokenOff, 1),
            (faults.HalfBody(times=1), BrokenOff, 1),
            (faults.AcceptThenSilence(times=1), TimedOut, 1),
            (faults.SlowBody(times=1), TimedOut, 1),
            (faults.DropBefore(times=1), BrokenOff, 0),
            (faults.SilenceBefore(times=1), TimedOut, 0),
        ],
        ids=lambda case: type(case).__name__ if isinstance(case, faults.Fault) else "",
    )
    async def test_f24_what_the_answer_does_not_prove_is_unknown(
        self, rig: Rig, fault: faults.Fault, error: type[Unproven | CallFailed], accepted: int
    ) -> None:
        rig.sandbox.faults.add(fault)
        with pytest.raises(error) as caught:
            await rig.send(Text(body="oi"), seconds=0.5)

        assert rig.accepted == accepted
        assert getattr(caught.value, "may_have_arrived", True)

    async def test_f23_a_429_asks_for_a_wait(self, rig: Rig) -> None:
        rig.sandbox.faults.add(faults.TooManyRequests(times=1, retry_after="3"))
        with pytest.raises(RateLimited) as caught:
            await rig.send(Text(body="oi"))

        assert (caught.value.retry_after, rig.accepted) == (3.0, 0)

    async def test_f23_a_limit_of_one_pair_is_of_that_pair(self, rig: Rig) -> None:
        rig.sandbox.faults.add(faults.PairLimited(times=1))
        with pytest.raises(PairLimited):
            await rig.send(Text(body="oi"))


class TestMedia:
    async def test_a_file_comes_as_it_was_sent(self, rig: Rig) -> None:
        data = bytes(range(256)) * 5000

        assert await rig.fetch(File(data=data, mime_type="image/jpeg")) == data

    @pytest.mark.parametrize(
        ("manner", "error"),
        [
            (Endless(), Oversized),
            (GzipBomb(size=256 << 20), Oversized),
            (WrongLength(length=500), BrokenOff),
            (Redirect(to="http://169.254.169.254/latest"), Blocked),
            (Redirect(to="https://evil.example/"), Blocked),
            (Failing(status=404), NotFound),
        ],
        ids=lambda case: case.kind if not isinstance(case, type) else "",
    )
    async def test_f28_a_file_that_lies_is_refused(self, rig: Rig, manner: Manner, error: type[Exception]) -> None:
        with pytest.raises(error):
            await rig.fetch(File(data=b"data", mime_type="image/jpeg", manner=manner))


class TestInbound:
    async def test_what_a_customer_writes_is_believed_and_read(self, rig: Rig) -> None:
        rig.ana.says("tem bolo de fubá? 😀")
        await rig.sandbox.settle()
        post = rig.receiver.posts[-1]

        assert is_signed(post.body, [post.signature], app_secret=APP_SECRET)
        [piece] = cut(post.body)
        [event] = rig.adapter.read(piece.payload or {}, PHONE_ID)
        assert isinstance(event, Received)
        assert event.content == Text(body="tem bolo de fubá? 😀")
        assert {PHONE, BSUID} <= set(event.sender.identities)
