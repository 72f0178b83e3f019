"""Templates that are sent: the parameters must fit, and the ledger has the text as it will be read."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.media import File
from sandbox.whatsapp.templates import Template, TemplateStatus
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, NUMBER, WABA, message

MESSAGES: Final = f"/{NUMBER}/messages"
BODY: Final = {"type": "BODY", "text": "Oi {{1}}, seu pedido {{2}} saiu.", "example": {"body_text": [["Ana", "7"]]}}
NAMED: Final = {
    "type": "BODY",
    "text": "Oi {{nome}}, tudo bem?",
    "example": {"body_text_named_params": [{"param_name": "nome", "example": "Ana"}]},
}
PLAIN: Final = {"type": "BODY", "text": "Oi, tudo bem?"}
IMAGE: Final = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}
TITLE: Final = {"type": "HEADER", "format": "TEXT", "text": "Olá {{1}}!", "example": {"header_text": ["Ana"]}}
BUTTONS: Final = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "URL", "text": "Ver", "url": "https://a.b/{{1}}", "example": ["https://a.b/1"]},
        {"type": "QUICK_REPLY", "text": "Sair"},
        {"type": "COPY_CODE", "example": "X10"},
        {"type": "URL", "text": "Loja", "url": "https://a.b"},
    ],
}
LINK: Final = {"type": "image", "image": {"link": "https://example.com/a.png"}}

Add = Callable[..., Template]


@pytest.fixture
def add(sandbox: Sandbox, number: Number) -> Add:
    """A template of that name is there and approved. Nobody wrote: templates need no window."""

    def adding(*components: dict[str, Any], **changes: Any) -> Template:
        body = {"name": "aviso", "language": "pt_BR", "category": "UTILITY", "components": list(components)}
        return sandbox.whatsapp.templates.add(number.business.id, body | changes)

    return adding


def words(*texts: str, **more: Any) -> dict[str, Any]:
    return {"type": "body", "parameters": [{"type": "text", "text": text, **more} for text in texts]}


def button(index: Any, sub_type: str, **parameter: Any) -> dict[str, Any]:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter] if parameter else []}


URL: Final = button("0", "url", type="text", text="abc")
CODE: Final = button("2", "copy_code", type="coupon_code", coupon_code="X10")


async def send(meta: httpx.AsyncClient, *components: dict[str, Any], **changes: Any) -> httpx.Response:
    content = {"name": "aviso", "language": {"code": "pt_BR"}, "components": list(components)} | changes
    return await meta.post(MESSAGES, json=message("template", content))


async def code_of(meta: httpx.AsyncClient, *components: dict[str, Any], **changes: Any) -> tuple[int, int]:
    answer = await send(meta, *components, **changes)
    return answer.status_code, answer.json()["error"]["code"]


class TestTaken:
    async def test_the_text_is_as_it_will_be_read(self, sandbox: Sandbox, meta: httpx.AsyncClient, add: Add) -> None:
        add(BODY)

        answer = await send(meta, words("Ana {{2}}", "7"))

        assert answer.json()["messages"][0]["message_status"] == "accepted"
        [accepted] = sandbox.ledger.accepted
        assert (accepted.kind, accepted.text) == ("template", "Oi Ana {{2}}, seu pedido 7 saiu.")

    async def test_named_parameters_go_by_their_names(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, add: Add
    ) -> None:
        add(NAMED, parameter_format="NAMED")

        await send(meta, words("Ana", parameter_name="nome"))

        assert [accepted.text for accepted in sandbox.ledger.accepted] == ["Oi Ana, tudo bem?"]

    async def test_headers_and_buttons_are_filled(self, sandbox: Sandbox, meta: httpx.AsyncClient, add: Add) -> None:
        add(IMAGE, PLAIN, BUTTONS)
        media = sandbox.whatsapp.shelf.upload(File(data=b"x", mime_type="image/png"), phone_id=NUMBER)
        by_id = {"type": "header", "parameters": [{"type": "image", "image": {"id": media.id}}]}
        by_link = {"type": "header", "parameters": [LINK]}
        leave = button("1", "quick_reply", type="payload", payload="optout")

        answers = [await send(meta, header, URL, CODE, leave) for header in (by_id, by_link)]
        without_payload = await send(meta, by_link, URL, CODE)
        index_as_number = await send(meta, by_link, button(0, "url", type="text", text="abc"), CODE)

        assert [answer.status_code for answer in (*answers, without_payload, index_as_number)] == [200] * 4

    @pytest.mark.parametrize(
        ("parameter", "status"),
        [({"type": "action", "action": {"flow_token": "x"}}, 200), ({"type": "action", "action": "x"}, 400), ({}, 200)],
    )
    async def test_a_flow_may_get_an_action(
        self, meta: httpx.AsyncClient, add: Add, parameter: dict[str, Any], status: int
    ) -> None:
        add(PLAIN, {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Abrir", "flow_id": "1"}]})

        assert (await send(meta, button("0", "flow", **parameter))).status_code == status

    async def test_without_variables_nothing_is_given(self, meta: httpx.AsyncClient, add: Add) -> None:
        add(PLAIN)

        assert (await send(meta)).status_code == 200
        assert (await send(meta, components=None)).status_code == 200


class TestMissing:
    @pytest.mark.parametrize(
        "change", [{"name": "outro"}, {"language": {"code": "pt-BR"}}, {"language": {"code": "en_US"}}]
    )
    async def test_another_name_or_language_is_not_there(
        self, meta: httpx.AsyncClient, add: Add, change: dict[str, Any]
    ) -> None:
        add(PLAIN)

        assert await code_of(meta, **change) == (404, 132001)

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (TemplateStatus.PENDING, (404, 132001)),
            (TemplateStatus.REJECTED, (404, 132001)),
            (TemplateStatus.PAUSED, (400, 132015)),
            (TemplateStatus.DISABLED, (400, 132016)),
        ],
    )
    async def test_only_an_approved_one_is_sent(
        self, meta: httpx.AsyncClient, add: Add, status: TemplateStatus, code: tuple[int, int]
    ) -> None:
        add(PLAIN).status = status

        assert await code_of(meta) == code

    @pytest.mark.parametrize("change", [{"name": None}, {"language": None}, {"language": {}}, {"language": "pt_BR"}])
    async def test_a_name_and_a_language_are_needed(
        self, meta: httpx.AsyncClient, add: Add, change: dict[str, Any]
    ) -> None:
        add(PLAIN)

        assert (await code_of(meta, **change))[1] in {100, 131008}


class TestParameters:
    @pytest.mark.parametrize("given", [(), (words("Ana"),), (words("Ana", "7", "8"),), ({"type": "body"},)])
    async def test_another_count_is_132000(
        self, meta: httpx.AsyncClient, add: Add, given: tuple[dict[str, Any], ...]
    ) -> None:
        add(BODY)

        assert await code_of(meta, *given) == (400, 132000)

    @pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\rb", "a     b"])
    async def test_line_breaks_tabs_and_many_spaces_are_132012(
        self, meta: httpx.AsyncClient, add: Add, text: str
    ) -> None:
        add(BODY)

        assert await code_of(meta, words(text, "7")) == (400, 132012)
        assert (await send(meta, words("a    b", "7"))).status_code == 200

    async def test_a_text_that_grows_too_long_is_132005(self, meta: httpx.AsyncClient, add: Add) -> None:
        add(TITLE, BODY)
        title = {"type": "header", "parameters": [{"type": "text", "text": "x" * 60}]}
        short = {"type": "header", "parameters": [{"type": "text", "text": "x" * 50}]}

        assert await code_of(meta, short, words("x" * 1024, "7")) == (400, 132005)
        assert await code_of(meta, title, words("x", "7")) == (400, 132005)
        assert (await send(meta, short, words("x" * 900, "7"))).status_code == 200

    @pytest.mark.parametrize(
        "parameter",
        [{"type": "text", "text": "Ana"}, {"type": "text", "text": "Ana", "parameter_name": "outro"}],
    )
    async def test_a_wrong_name_is_132012(self, meta: httpx.AsyncClient, add: Add, parameter: dict[str, Any]) -> None:
        add(NAMED, parameter_format="NAMED")

        assert await code_of(meta, {"type": "body", "parameters": [parameter]}) == (400, 132012)

    @pytest.mark.parametrize(
        ("parameters", "code"),
        [
            ([{"type": "currency"}, {"type": "text", "text": "7"}], 132012),
            ([{"type": "text"}, {"type": "text", "text": "7"}], 131008),
            ([{"type": "text", "text": ""}, {"type": "text", "text": "7"}], 131009),
            ("Ana", 100),
        ],
    )
    async def test_a_variable_takes_text(self, meta: httpx.AsyncClient, add: Add, parameters: Any, code: int) -> None:
        add(BODY)

        assert await code_of(meta, {"type": "body", "parameters": parameters}) == (400, code)

    async def test_a_component_comes_once_and_is_known(self, meta: httpx.AsyncClient, add: Add) -> None:
        add(BODY)

        assert await code_of(meta, words("Ana", "7"), words("Ana", "7")) == (400, 132012)
        assert await code_of(meta, {"type": "footer"}) == (400, 131009)

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            (None, 132012),
            ({"type": "header", "parameters": [{"type": "video", "video": {"link": "https://a.b/c"}}]}, 132012),
            ({"type": "header", "parameters": [LINK, LINK]}, 132000),
            ({"type": "header", "parameters": [{"type": "image", "image": {"id": "404"}}]}, 100),
        ],
    )
    async def test_a_header_gets_what_it_shows(
        self, meta: httpx.AsyncClient, add: Add, header: dict[str, Any] | None, code: int
    ) -> None:
        add(IMAGE, PLAIN)

        assert await code_of(meta, *([header] if header else [])) == (400, code)

    @pytest.mark.parametrize(
        ("buttons", "code"),
        [
            ((CODE,), 132000),
            ((URL,), 132000),
            ((URL, button("2", "copy_code")), 132000),
            ((URL, CODE, button("3", "url", type="text", text="x")), 132000),
            ((URL, CODE, button("1", "url", type="text", text="x")), 132012),
            ((URL, CODE, button("9", "quick_reply")), 132012),
            ((URL, URL, CODE), 132012),
            ((URL, CODE, button(None, "quick_reply")), 132012),
            ((URL, button("2", "copy_code", type="text", text="X10")), 132012),
            ((button("0", "url", type="text", text="a\nb"), CODE), 132012),
            ((URL, button("2", "copy_code", type="coupon_code", coupon_code="x" * 21)), 131009),
        ],
    )
    async def test_a_button_gets_what_it_needs(
        self, meta: httpx.AsyncClient, add: Add, buttons: tuple[dict[str, Any], ...], code: int
    ) -> None:
        add(PLAIN, BUTTONS)

        assert await code_of(meta, *buttons) == (400, code)


class TestWishes:
    async def test_who_stopped_marketing_gets_utility_only(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, add: Add, number: Number
    ) -> None:
        template = add(PLAIN)
        customer = sandbox.whatsapp.customer(ANA, of=number.id)
        sandbox.whatsapp.events.preference(number, customer.person, wants_marketing=False)

        assert (await send(meta)).status_code == 200
        template.category = "MARKETING"
        assert await code_of(meta) == (400, 131050)
        sandbox.whatsapp.events.preference(number, customer.person, wants_marketing=True)
        assert (await send(meta)).status_code == 200

    async def test_codes_to_sign_in_go_to_phones_only(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, add: Add, number: Number
    ) -> None:
        add(PLAIN, category="AUTHENTICATION")
        sandbox.whatsapp.customer(ANA, of=number.id, user_id="BR.7")
        content = {"name": "aviso", "language": {"code": "pt_BR"}}
        by_id = message("template", content, to=None, recipient="BR.7")

        assert (await send(meta)).status_code == 200
        assert (await meta.post(MESSAGES, json=by_id)).json()["error"]["code"] == 131062


class TestWaba:
    async def test_a_template_belongs_to_one(self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number) -> None:
        body = {"name": "aviso", "language": "pt_BR", "category": "UTILITY", "components": [PLAIN]}
        sandbox.whatsapp.templates.add("another", body)

        assert number.business.id == WABA
        assert await code_of(meta) == (404, 132001)
