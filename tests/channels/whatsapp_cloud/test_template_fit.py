"""Whether a template fits what Meta approved: known before a campaign starts, and the same to the simulated Meta."""

import dataclasses
from typing import Any

import pytest

from channels.base import KnownTemplate
from channels.contents import Location, Media, Template, TemplateButton, Variable
from channels.whatsapp_cloud.template_fit import misfits


def known(*components: dict[str, Any], **more: Any) -> KnownTemplate:
    whole = KnownTemplate(
        provider_id="900",
        name="pix_lembrete",
        language="pt_BR",
        status="APPROVED",
        category="UTILITY",
        components=components,
    )
    return dataclasses.replace(whole, **more)


def template(*values: str, **more: Any) -> Template:
    whole = Template(name="pix_lembrete", language="pt_BR", body=tuple(Variable(text=value) for value in values))
    return dataclasses.replace(whole, **more)


def body(text: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text}


def header(form: str, text: str | None = None) -> dict[str, Any]:
    return {"type": "HEADER", "format": form, **({"text": text} if text else {})}


def buttons(*found: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(found)}


def named(**values: str) -> Template:
    return template(body=tuple(Variable(name=name, text=value) for name, value in values.items()))


LINK = {"type": "URL", "text": "Pagar", "url": "https://exemplo.com.br/{{1}}"}
FIXED_LINK = {"type": "URL", "text": "Ver", "url": "https://exemplo.com.br/"}
REPLY = {"type": "QUICK_REPLY", "text": "Parar"}
CODE = {"type": "COPY_CODE", "example": "X10"}
CALL = {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551133334444"}
IMAGE = Media(kind="image", provider_media_id="1")


def fields(given: Template, approved: KnownTemplate) -> list[str]:
    return [error.field for error in misfits(given, approved)]


class TestFits:
    @pytest.mark.parametrize(
        ("given", "approved"),
        [
            (template(), known(body("Bom dia!"))),
            (template(), known()),
            (template("Ana", "R$ 5"), known(body("Oi {{1}}, são {{2}}. Até, {{1}}!"))),
            (named(nome="Ana", valor="5"), known(body("Oi {{nome}}, são {{ valor }}."))),
            (named(valor="5", nome="Ana"), known(body("Oi {{nome}}, são {{valor}}."))),
            (template(header=Variable(text="Ana")), known(header("TEXT", "Oi {{1}}"))),
            (template(), known(header("TEXT", "Oi"))),
            (template(header=IMAGE), known(header("IMAGE"))),
            (template(header=Media(kind="video", link="https://a.example/v")), known(header("VIDEO"))),
            (template(header=Media(kind="document", provider_media_id="1")), known(header("DOCUMENT"))),
            (template(header=Location(latitude=1, longitude=2)), known(header("LOCATION"))),
            (template(buttons=(TemplateButton(index=0, kind="url", value="a"),)), known(buttons(LINK, REPLY))),
            (template(buttons=(TemplateButton(index=1, kind="quick_reply", value="p"),)), known(buttons(CALL, REPLY))),
            (template(buttons=(TemplateButton(index=0, kind="copy_code", value="X"),)), known(buttons(CODE))),
            (template(), known(buttons(FIXED_LINK, REPLY, CALL))),
        ],
    )
    def test_a_template_that_meta_would_take_has_no_misfit(self, given: Template, approved: KnownTemplate) -> None:
        assert misfits(given, approved) == ()


class TestMisfits:
    @pytest.mark.parametrize(
        ("given", "approved", "wrong"),
        [
            (template(name="outro"), known(), ["name"]),
            (template(language="en_US"), known(), ["name"]),
            *(
                (template(), known(status=status), ["name"])
                for status in ("PAUSED", "REJECTED", "PENDING", "DISABLED", "")
            ),
            (template(), known(body("Oi {{1}}")), ["body"]),
            (template("Ana", "x"), known(body("Oi {{1}}")), ["body"]),
            (template("Ana"), known(body("Bom dia!")), ["body"]),
            (template("Ana"), known(body("Oi {{nome}}")), ["body"]),
            (named(nome="Ana"), known(body("Oi {{1}}")), ["body"]),
            (named(apelido="Ana"), known(body("Oi {{nome}}")), ["body"]),
            (named(nome="Ana", extra="x"), known(body("Oi {{nome}}")), ["body"]),
            (template("a\nb"), known(body("Oi {{1}}")), ["body[0]"]),
            (template(""), known(body("Oi {{1}}")), ["body[0]"]),
            (template(), known(header("TEXT", "Oi {{1}}")), ["header"]),
            (template(header=Variable(text="Ana")), known(header("TEXT", "Oi")), ["header"]),
            (template(header=Variable(text="Ana")), known(), ["header"]),
            (template(), known(header("IMAGE")), ["header"]),
            (template(header=IMAGE), known(), ["header"]),
            (template(header=IMAGE), known(header("VIDEO")), ["header"]),
            (template(header=Variable(text="a")), known(header("IMAGE")), ["header", "header"]),
            (template(header=Location(latitude=1, longitude=2)), known(header("IMAGE")), ["header"]),
            (template(), known(buttons(LINK)), ["buttons[0]"]),
            (template(), known(buttons(REPLY, CODE)), ["buttons[1]"]),
            (template(buttons=(TemplateButton(index=0, kind="url", value="a"),)), known(), ["buttons[0]"]),
            (
                template(buttons=(TemplateButton(index=0, kind="url", value="a"),)),
                known(buttons(REPLY)),
                ["buttons[0]"],
            ),
            (template(buttons=(TemplateButton(index=0, kind="url", value="a"),)), known(buttons(CALL)), ["buttons[0]"]),
            (
                template(buttons=(TemplateButton(index=0, kind="url", value="a"),)),
                known(buttons(FIXED_LINK)),
                ["buttons[0]"],
            ),
            (
                template(buttons=(TemplateButton(index=1, kind="quick_reply", value="a"),)),
                known(buttons(REPLY)),
                ["buttons[1]"],
            ),
        ],
    )
    def test_a_template_that_meta_would_refuse_says_where(
        self, given: Template, approved: KnownTemplate, wrong: list[str]
    ) -> None:
        assert fields(given, approved) == wrong

    def test_what_is_missing_is_named(self) -> None:
        [error] = misfits(named(nome="Ana"), known(body("Oi {{nome}}, são {{valor}}.")))

        assert "valor" in error.message.pt
        assert "valor" in error.message.en

    @pytest.mark.parametrize(
        "components",
        [
            ({},),
            ({"type": None},),
            ({"type": "BODY"},),
            ({"type": "BODY", "text": None},),
            ({"type": "HEADER"},),
            ({"type": "HEADER", "format": []},),
            ({"type": "BUTTONS"},),
            ({"type": "BUTTONS", "buttons": [None, 1, {}]},),
        ],
    )
    def test_components_of_any_shape_are_compared(self, components: tuple[dict[str, Any], ...]) -> None:
        assert misfits(template(), known(*components)) == ()
