"""What may not be sent is refused before the call, field by field, in both languages, without quoting anybody."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given

from channels.contents import (
    Ask,
    Buttons,
    Card,
    Cards,
    Choice,
    Content,
    LinkButton,
    Location,
    Media,
    Menu,
    Notice,
    Option,
    Order,
    PixItem,
    PixOrder,
    Reaction,
    Section,
    Template,
    TemplateButton,
    Text,
    Unsupported,
    Variable,
)
from channels.envelope import Identity, OutboundMessage
from channels.whatsapp_cloud.rendering import render
from core.errors import Malformed
from core.models.people import IdentityKind
from tests.channels.whatsapp_cloud.hostile import NAUGHTY, texts

ANA = Identity(kind=IdentityKind.PHONE, value="+5511987654321")
YES = Option(id="y", title="Sim")
BUTTONS = Buttons(body="Confirma?", options=(YES,))
MENU = Menu(body="Escolha", button="Ver", sections=(Section(title="A", rows=(YES,)),))
LINK = LinkButton(body="Pague", label="Pagar", url="https://exemplo.com.br/p")
PIX = PixOrder(
    body="Pedido",
    reference="pedido-1",
    code="000201",
    merchant="Padaria",
    key="11222333000181",
    key_kind="CNPJ",
    items=(PixItem(id="1", name="Bolo", amount_cents=100),),
)
TEMPLATE = Template(name="aviso", language="pt_BR", body=(Variable(text="Ana"),))


def message(content: Content, **more: Any) -> OutboundMessage:
    return dataclasses.replace(OutboundMessage(to=(ANA,), content=content, tag="9.1.ab"), **more)


def rendered(content: Content, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(render(message(content, **more)))
    return body


def refused(content: Content, **more: Any) -> list[str]:
    """The fields that were refused."""
    with pytest.raises(Malformed) as caught:
        render(message(content, **more))
    error = caught.value
    assert error.detail.pt.startswith("A mensagem não cabe no WhatsApp: ")
    assert error.detail.en.startswith("The message does not fit WhatsApp: ")
    assert all(each.message.pt and each.message.en for each in error.errors)
    return [each.field for each in error.errors]


def changed(content: Any, **more: Any) -> Any:
    return dataclasses.replace(content, **more)


def options(count: int, **more: str) -> tuple[Option, ...]:
    return tuple(Option(**{"id": f"o{number}", "title": f"Opção {number}", **more}) for number in range(count))


def of_template(**more: Any) -> Template:
    whole: Template = changed(TEMPLATE, **more)
    return whole


class TestLimits:
    @pytest.mark.parametrize(
        "content",
        [
            Text(body="a" * 4096),
            Media(kind="image", provider_media_id="1", caption="a" * 1024),
            Media(kind="document", provider_media_id="1", filename="a" * 240),
            changed(BUTTONS, body="a" * 1024, header="a" * 60, footer="a" * 60),
            changed(BUTTONS, options=(Option(id="i" * 256, title="t" * 20), Option(id="2", title="3"), YES)),
            changed(MENU, body="a" * 4096, button="a" * 20),
            changed(MENU, sections=(Section(title="a" * 24, rows=options(9)), Section(title="b", rows=(YES,)))),
            changed(
                MENU, sections=(Section(title="", rows=(Option(id="i" * 200, title="t" * 24, description="d" * 72),)),)
            ),
            changed(LINK, body="a" * 1024, label="a" * 20),
            Ask(what="location", body="a" * 1024),
            changed(PIX, reference="a" * 35),
            of_template(name="a" * 512, body=(Variable(text="a" * 1024),)),
            of_template(buttons=(TemplateButton(index=9, kind="copy_code", value="a" * 20),)),
            Reaction(target="w", emoji="🏳️‍🌈"),
        ],
        ids=lambda content: content.type,
    )
    def test_what_is_as_large_as_may_be_is_sent(self, content: Content) -> None:
        assert rendered(content)["type"]

    @pytest.mark.parametrize(
        ("content", "fields"),
        [
            (Text(body=""), ["body"]),
            (Text(body=" \n\t"), ["body"]),
            (Text(body="a" * 4097), ["body"]),
            (Media(kind="image", provider_media_id="1", caption="a" * 1025), ["caption"]),
            (Media(kind="image", provider_media_id="1", caption=""), ["caption"]),
            (Media(kind="audio", provider_media_id="1", caption="a"), ["caption"]),
            (Media(kind="voice", provider_media_id="1", caption="a"), ["caption"]),
            (Media(kind="sticker", provider_media_id="1", caption="a"), ["caption"]),
            (Media(kind="document", provider_media_id="1", filename="a" * 241), ["filename"]),
            (Media(kind="image"), ["media"]),
            (Media(kind="image", media_id="ours"), ["media"]),
            (Media(kind="image", provider_media_id="1", link="https://a.example/b"), ["media"]),
            (Media(kind="image", provider_media_id="1" * 513), ["media.provider_media_id"]),
            (Media(kind="image", link="ftp://a.example/b"), ["media.link"]),
            (Media(kind="image", link="https:///b"), ["media.link"]),
            (Media(kind="image", link="https://a.example/b c"), ["media.link"]),
            (Media(kind="image", link="https://u@a.example/b"), ["media.link"]),
            (Media(kind="image", link="javascript:alert(1)"), ["media.link"]),
            (Media(kind="image", link="https://a.example/" + "b" * 2000), ["media.link"]),
            (Location(latitude=91, longitude=0), ["location"]),
            (Location(latitude=float("nan"), longitude=0), ["location"]),
            (Location(latitude=0, longitude=float("inf")), ["location"]),
            (Location(latitude=0, longitude=0, address="Rua A"), ["location.name"]),
            (Location(latitude=0, longitude=0, name=""), ["location.name"]),
            (Cards(cards=()), ["contacts"]),
            (Cards(cards=(Card(name="a"),) * 257), ["contacts"]),
            (Cards(cards=(Card(),)), ["contacts[0].name", "contacts[0].first_name"]),
            (Reaction(target="", emoji="👍"), ["target"]),
            (Reaction(target="w", emoji="a" * 33), ["emoji"]),
            (changed(BUTTONS, body=""), ["body"]),
            (changed(BUTTONS, body="a" * 1025), ["body"]),
            (changed(BUTTONS, header="a" * 61), ["header"]),
            (changed(BUTTONS, footer="a" * 61), ["footer"]),
            (changed(BUTTONS, footer=""), ["footer"]),
            (changed(BUTTONS, options=()), ["options"]),
            (changed(BUTTONS, options=options(4)), ["options"]),
            (changed(BUTTONS, options=options(2, id="x")), ["options.id"]),
            (changed(BUTTONS, options=options(2, title="x")), ["options.title"]),
            (changed(BUTTONS, options=options(1, title="a" * 21)), ["options[0].title"]),
            (changed(BUTTONS, options=options(1, id="a" * 257)), ["options[0].id"]),
            (changed(BUTTONS, options=options(1, id="", title=" ")), ["options[0].id", "options[0].title"]),
            (changed(MENU, body="a" * 4097), ["body"]),
            (changed(MENU, button="a" * 21), ["button"]),
            (changed(MENU, button=""), ["button"]),
            (changed(MENU, sections=()), ["sections", "rows"]),
            (changed(MENU, sections=(Section(title="A", rows=options(11)),)), ["rows", "sections[0].rows"]),
            (changed(MENU, sections=(Section(title="A", rows=()), *MENU.sections)), ["sections[0].rows"]),
            (changed(MENU, sections=MENU.sections * 2), ["options.id"]),
            (
                changed(MENU, sections=(Section(title="", rows=options(1)), Section(title="B", rows=(YES,)))),
                ["sections[0].title"],
            ),
            (changed(MENU, sections=(Section(title="a" * 25, rows=(YES,)),)), ["sections[0].title"]),
            (
                changed(MENU, sections=(Section(title="A", rows=options(1, id="a" * 201, title="a" * 25)),)),
                ["sections[0].rows[0].id", "sections[0].rows[0].title"],
            ),
            (
                changed(MENU, sections=(Section(title="A", rows=options(1, description="a" * 73)),)),
                ["sections[0].rows[0].description"],
            ),
            (changed(LINK, label="a" * 21), ["label"]),
            (changed(LINK, url="exemplo.com.br"), ["url"]),
            (changed(LINK, url="https://exemplo.com.br/{{1}} x"), ["url"]),
            (changed(LINK, body="a" * 1025), ["body"]),
            (Ask(what="phone", body=""), ["body"]),
            (Ask(what="location", body="a" * 1025), ["body"]),
            (changed(PIX, reference="pedido 1"), ["reference"]),
            (changed(PIX, reference="a" * 36), ["reference"]),
            (changed(PIX, code=""), ["code"]),
            (changed(PIX, items=()), ["items", "items"]),
            (changed(PIX, tax_cents=-1), ["items"]),
            (changed(PIX, items=(PixItem(id="1", name="a", amount_cents=0),)), ["items"]),
            (
                changed(PIX, items=(PixItem(id="1", name="a", amount_cents=1, quantity=0), *PIX.items)),
                ["items[0].quantity"],
            ),
            (changed(PIX, items=(PixItem(id="1", name="a", amount_cents=-1), *PIX.items)), ["items[0].amount_cents"]),
            (changed(PIX, items=(PixItem(id="", name="", amount_cents=1),)), ["items[0].id", "items[0].name"]),
        ],
    )
    def test_what_whatsapp_would_refuse_is_refused_before_the_call(self, content: Content, fields: list[str]) -> None:
        assert refused(content) == fields

    @pytest.mark.parametrize(
        "content",
        [
            Choice(form="button", id="1", title="a"),
            Order(catalog="1", items=()),
            Notice(kind="a", body="b"),
            Unsupported(what="poll"),
        ],
        ids=lambda content: content.type,
    )
    def test_what_only_customers_send_is_refused(self, content: Content) -> None:
        assert refused(content) == ["type"]

    @pytest.mark.parametrize("tag", ["", " ", "a" * 513])
    def test_a_tag_that_would_not_come_back_is_refused(self, tag: str) -> None:
        assert refused(Text(body="oi"), tag=tag) == ["tag"]

    def test_an_answer_to_an_endless_id_is_refused(self) -> None:
        assert refused(Text(body="oi"), reply_to="w" * 513) == ["reply_to"]

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        content = changed(BUTTONS, body="", footer="a" * 61, options=options(4, title="a" * 21))

        assert refused(content, tag="") == [
            *("options", "options.title", "options[0].title", "options[1].title", "options[2].title"),
            *("options[3].title", "footer", "body", "tag"),
        ]

    @pytest.mark.parametrize("secret", ["Ana tem dívida" * 400, "+5511987654321" * 400])
    def test_no_error_quotes_what_was_to_be_said(self, secret: str) -> None:
        with pytest.raises(Malformed) as caught:
            render(message(Text(body=secret)))

        assert secret[:14] not in f"{caught.value} {caught.value.detail} {caught.value.errors}"


class TestTexts:
    @given(texts)
    def test_any_text_is_sent_or_refused(self, body: str) -> None:
        if not body.strip() or len(body) > 4096:
            assert refused(Text(body=body)) == ["body"]
        else:
            assert len(rendered(Text(body=body))["text"]["body"]) == len(body)

    @pytest.mark.parametrize("said", [said for said in NAUGHTY if said.strip() and len(said) <= 4096])
    def test_a_naughty_text_leaves_as_one_string_of_json(self, said: str) -> None:
        body = rendered(Text(body=said))

        assert set(body) == {"messaging_product", "recipient_type", "to", "type", "text", "biz_opaque_callback_data"}
        assert "\x00" not in body["text"]["body"]


def sent_as_variable(value: str) -> str | None:
    """None: refused, and for the one variable that there is."""
    try:
        body = rendered(of_template(body=(Variable(text=value),)))
    except Malformed as error:
        return None if {each.field for each in error.errors} == {"body[0]"} else "refused for something else"
    sent: str = body["template"]["components"][0]["parameters"][0]["text"]
    return sent


class TestTemplateVariables:
    """B15."""

    @pytest.mark.parametrize(
        "value",
        [
            *(
                "",
                " ",
                "\u00a0",
                "a\nb",
                "a\r\nb",
                "a\tb",
                "a    b",
                "a     b",
                "\n",
                "a\u2028b",
                "a\u2029b",
                "a\x0bb",
                "a\x85b",
            ),
            *("a" * 1025, "{{nome}}", "Olá {{1}}", "{{7*7}}", "{{ }}", "{{}}", "x {{ nome }} y"),
        ],
    )
    def test_b15_a_value_that_meta_refuses_is_refused(self, value: str) -> None:
        assert set(refused(of_template(body=(Variable(text=value),)))) == {"body[0]"}
        assert set(refused(of_template(header=Variable(text=value)))) == {"header"}

    @pytest.mark.parametrize(
        "value",
        [
            *("Ana", "a   b", "{0.__class__}", "${x}", "#{7*7}", "%s", "{7*7}", "{ {7} }", "https://exemplo.com.br/a"),
            *("a" * 1024, "José d'Ávila <b>", "👩‍👩‍👧‍👦", "مرحبا", "' OR 1=1 --"),
        ],
    )
    def test_b15_a_value_is_passed_on_as_it_is_and_never_carried_out(self, value: str) -> None:
        body = rendered(of_template(body=(Variable(name="nome", text=value),)))

        assert body["template"]["components"] == [
            {"type": "body", "parameters": [{"type": "text", "parameter_name": "nome", "text": value}]}
        ]

    @given(texts)
    def test_b15_any_value_is_sent_on_one_line_or_refused(self, value: str) -> None:
        sent = sent_as_variable(value)

        assert sent is None or (len(sent.splitlines()) == 1 and sent.strip() and len(sent) <= 1024)
        assert sent is None or ("\t" not in sent and " " * 4 not in sent)

    @given(texts)
    def test_b15_a_value_that_is_sent_is_the_value(self, value: str) -> None:
        sent = sent_as_variable(value)

        assert sent is None or len(sent) == len(value)
        assert sent is None or sent.replace("\ufffd", "") == "".join(
            character for character in value if character not in "\x00\ufffd" and not "\ud800" <= character <= "\udfff"
        )

    @pytest.mark.parametrize(
        ("variables", "fields"),
        [
            ((Variable(name="a", text="1"), Variable(text="2")), ["body"]),
            ((Variable(name="a", text="1"), Variable(name="a", text="2")), ["body"]),
            ((Variable(name="", text="1"),), ["body[0].name"]),
            ((Variable(name="a b", text="1"),), ["body[0].name"]),
            ((Variable(name="é", text="1"),), ["body[0].name"]),
            ((Variable(text="1"),) * 101, ["body"]),
        ],
    )
    def test_names_are_all_there_or_none(self, variables: Sequence[Variable], fields: list[str]) -> None:
        assert refused(of_template(body=tuple(variables))) == fields


class TestTemplateForm:
    @pytest.mark.parametrize("name", ["", "Aviso", "a b", "a-b", "é", "a" * 513, "a\n", "{{a}}"])
    def test_a_name_that_no_template_can_have_is_refused(self, name: str) -> None:
        assert refused(of_template(name=name)) == ["name"]

    @pytest.mark.parametrize("language", ["", "pt-BR", "PT_BR", "pt_br", "português", "pt_BR\n"])
    def test_a_language_that_meta_does_not_write_so_is_refused(self, language: str) -> None:
        assert refused(of_template(language=language)) == ["language"]

    @pytest.mark.parametrize("language", ["pt_BR", "en_US", "es", "en", "fil"])
    def test_a_language_as_meta_writes_it_is_sent(self, language: str) -> None:
        assert rendered(of_template(language=language))["template"]["language"] == {"code": language}

    @pytest.mark.parametrize("kind", ["audio", "voice", "sticker"])
    def test_a_header_is_an_image_a_video_or_a_document(self, kind: Any) -> None:
        assert refused(of_template(header=Media(kind=kind, provider_media_id="1"))) == ["header"]

    def test_a_header_whose_file_is_nowhere_is_refused(self) -> None:
        assert refused(of_template(header=Media(kind="image", media_id="ours"))) == ["header"]

    @pytest.mark.parametrize(
        ("button", "field"),
        [
            (TemplateButton(index=10, kind="url", value="a"), "buttons[10]"),
            (TemplateButton(index=-1, kind="url", value="a"), "buttons[-1]"),
            (TemplateButton(index=0, kind="url", value=""), "buttons[0]"),
            (TemplateButton(index=0, kind="url", value="a b"), "buttons[0]"),
            (TemplateButton(index=0, kind="url", value="a" * 2001), "buttons[0]"),
            (TemplateButton(index=0, kind="quick_reply", value="a" * 257), "buttons[0]"),
            (TemplateButton(index=0, kind="copy_code", value="a" * 21), "buttons[0]"),
        ],
    )
    def test_a_button_that_cannot_be_is_refused(self, button: TemplateButton, field: str) -> None:
        assert refused(of_template(buttons=(button,))) == [field]

    def test_a_button_is_given_once(self) -> None:
        button = TemplateButton(index=0, kind="url", value="a")

        assert refused(of_template(buttons=(button, button))) == ["buttons"]
