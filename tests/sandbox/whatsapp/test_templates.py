"""Templates over HTTP: created, judged, listed in pages, edited, deleted; and told of by webhook."""

from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.templates import Review, TemplateStatus
from sandbox.world import Sandbox
from tests.sandbox.numbers import WABA, account
from tests.sandbox.receiving import Receiver

pytestmark = pytest.mark.usefixtures("number")

TEMPLATES: Final = f"/{WABA}/message_templates"
NAMED: Final = {
    "type": "BODY",
    "text": "Oi {{nome}}, seu pedido {{pedido}} saiu.",
    "example": {
        "body_text_named_params": [{"param_name": "nome", "example": "Ana"}, {"param_name": "pedido", "example": "7"}]
    },
}
POSITIONAL: Final = {"type": "BODY", "text": "Oi {{1}}, tudo {{2}}?", "example": {"body_text": [["Ana", "bem"]]}}
PLAIN: Final = {"type": "BODY", "text": "Oi, tudo bem?"}


def new(*components: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {"name": "pix_lembrete", "language": "pt_BR", "category": "UTILITY"}
    return {**body, "components": list(components or (PLAIN,)), **changes}


async def create(meta: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await meta.post(TEMPLATES, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def error_of(meta: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await meta.post(TEMPLATES, json=body)
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


class TestCreate:
    async def test_it_is_pending_until_it_is_judged_and_told(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        answer = (await meta.post(TEMPLATES, json=new(NAMED, parameter_format="NAMED"))).json()
        before = (await meta.get(f"/{answer['id']}", params={"fields": "status"})).json()
        sandbox.ground.agenda.hurry()
        after = (await meta.get(f"/{answer['id']}", params={"fields": "status"})).json()

        assert answer == {"id": answer["id"], "status": "PENDING", "category": "UTILITY"}
        assert (before["status"], after["status"]) == ("PENDING", "APPROVED")
        [post] = await receiver.until(1)
        [entry] = post.json["entry"]
        assert (entry["id"], type(entry["time"])) == (WABA, int)
        assert entry["changes"] == [
            {
                "field": "message_template_status_update",
                "value": {
                    "event": "APPROVED",
                    "message_template_id": int(answer["id"]),
                    "message_template_name": "pix_lembrete",
                    "message_template_language": "pt_BR",
                    "message_template_category": "UTILITY",
                    "reason": None,
                },
            }
        ]

    @pytest.mark.parametrize(("verdict", "status"), [(TemplateStatus.REJECTED, "REJECTED"), (None, "PENDING")])
    async def test_the_judgement_is_a_setting(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, verdict: TemplateStatus | None, status: str
    ) -> None:
        sandbox.whatsapp.templates.review = Review(verdict=verdict)
        template_id = await create(meta, new())
        sandbox.ground.agenda.hurry()

        assert (await meta.get(f"/{template_id}")).json()["status"] == status

    @pytest.mark.parametrize(
        "body",
        [
            new(POSITIONAL),
            new(NAMED, parameter_format="NAMED"),
            new({"type": "HEADER", "format": "LOCATION"}, PLAIN),
            new({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}, PLAIN),
            new({"type": "HEADER", "format": "TEXT", "text": "Oi {{1}}!", "example": {"header_text": ["Ana"]}}, PLAIN),
            new(PLAIN, {"type": "FOOTER", "text": "Padaria da Ana"}),
            new(PLAIN, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Sair"}]}),
            new(
                PLAIN,
                {
                    "type": "BUTTONS",
                    "buttons": [
                        {"type": "URL", "text": "Ver", "url": "https://a.b/{{1}}", "example": ["https://a.b/1"]},
                        {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+5511"},
                        {"type": "COPY_CODE", "example": "X10"},
                    ],
                },
            ),
        ],
    )
    async def test_every_shape_is_taken(self, meta: httpx.AsyncClient, body: dict[str, Any]) -> None:
        await create(meta, body)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            new(name="Com Espaço"),
            new(name="x" * 513),
            new(language="pt-BR"),
            new(category="SPAM"),
            new(parameter_format="OTHER"),
            new(components=[]),
            new({"type": "FOOTER", "text": "só o rodapé"}),
            new(PLAIN, PLAIN),
            new({"type": "CAROUSEL"}, PLAIN),
            new({"type": "BODY", "text": "x" * 1025}),
            new({"type": "BODY", "text": "Oi {{1}} aí"}),
            new({"type": "BODY", "text": "Oi {{2}} aí", "example": {"body_text": [["x"]]}}),
            new({"type": "BODY", "text": "Oi {{nome}} aí", "example": {"body_text": [["x"]]}}),
            new({"type": "BODY", "text": "Oi {{1}} aí", "example": {"body_text": [["x", "y"]]}}),
            new(NAMED | {"example": {"body_text_named_params": []}}, parameter_format="NAMED"),
            new({"type": "HEADER", "format": "TEXT", "text": "{{1}} {{2}}"}, PLAIN),
            new({"type": "HEADER", "format": "IMAGE"}, PLAIN),
            new({"type": "HEADER", "format": "IMAGE", "example": {}}, PLAIN),
            new(PLAIN, {"type": "FOOTER", "text": "Oi {{1}} aí"}),
            new(PLAIN, {"type": "BUTTONS", "buttons": []}),
            new(PLAIN, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}),
            new(PLAIN, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "x", "url": "https://a/{{1}}/b"}]}),
            new(PLAIN, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "x", "url": "https://a/{{1}}"}]}),
        ],
    )
    async def test_what_is_wrong_is_refused(self, meta: httpx.AsyncClient, body: dict[str, Any]) -> None:
        assert (await error_of(meta, body))["code"] in {100, 131008, 131009}

    @pytest.mark.parametrize("words", ["{{1}} oi", "oi {{1}}", " {{1}} oi "])
    async def test_a_text_neither_starts_nor_ends_with_a_variable(self, meta: httpx.AsyncClient, words: str) -> None:
        error = await error_of(meta, new({"type": "BODY", "text": words, "example": {"body_text": [["x"]]}}))

        assert (error["code"], error["error_subcode"]) == (100, 2388299)

    async def test_a_name_is_taken_once_for_each_language(self, meta: httpx.AsyncClient) -> None:
        await create(meta, new())
        await create(meta, new(language="en_US"))

        assert (await error_of(meta, new()))["error_subcode"] == 2388024

    async def test_a_hundred_are_created_in_an_hour(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        for number in range(100):
            sandbox.whatsapp.templates.create(WABA, new(name=f"t{number}"))

        assert (await error_of(meta, new()))["code"] == 80007
        await sandbox.clock.turn(timedelta(hours=1))
        await create(meta, new())

    async def test_a_waba_has_a_number_of_them(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.whatsapp.templates.review = Review(most_templates=1)
        await create(meta, new())

        assert (await error_of(meta, new(name="outro")))["code"] == 100


class TestListing:
    @pytest.fixture
    def names(self, sandbox: Sandbox) -> list[str]:
        names = [f"t{number:02}" for number in range(25)]
        for name in names:
            sandbox.whatsapp.templates.add(WABA, new(name=name))
        return names

    async def test_pages_follow_their_cursor_to_the_end(self, meta: httpx.AsyncClient, names: list[str]) -> None:
        seen: list[str] = []
        page = (await meta.get(TEMPLATES, params={"limit": 10, "fields": "name"})).json()
        seen += [each["name"] for each in page["data"]]
        while "next" in page["paging"]:
            page = (await meta.get(page["paging"]["next"])).json()
            seen += [each["name"] for each in page["data"]]

        assert seen == names
        assert page["data"][0].keys() == {"name", "id"}
        assert "after" in page["paging"]["cursors"]

    async def test_a_cursor_goes_both_ways(self, meta: httpx.AsyncClient, names: list[str]) -> None:
        first = (await meta.get(TEMPLATES, params={"limit": 10})).json()
        second = (await meta.get(TEMPLATES, params={"limit": 10, "after": first["paging"]["cursors"]["after"]})).json()
        back = (await meta.get(second["paging"]["previous"])).json()

        assert [each["name"] for each in second["data"]] == names[10:20]
        assert back["data"] == first["data"]
        assert "previous" not in first["paging"]

    async def test_it_is_filtered(self, sandbox: Sandbox, meta: httpx.AsyncClient, names: list[str]) -> None:
        template = sandbox.whatsapp.templates.named(WABA, names[3], "pt_BR")
        assert template is not None
        template.status = TemplateStatus.REJECTED
        queries: list[dict[str, str]] = [
            {"status": "rejected"},
            {"name": names[3]},
            {"name_or_content": "T03"},
            {"status": "REJECTED", "language": "pt_BR", "category": "utility"},
            {"status": "rejected", "language": "en_US"},
        ]

        found = [(await meta.get(TEMPLATES, params=query)).json()["data"] for query in queries]

        assert [[each["name"] for each in data] for data in found] == [[names[3]]] * 4 + [[]]

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"after": "!!"}, {"fields": "secret"}])
    @pytest.mark.usefixtures("names")
    async def test_a_wrong_question_is_refused(self, meta: httpx.AsyncClient, query: dict[str, str]) -> None:
        assert (await meta.get(TEMPLATES, params=query)).json()["error"]["code"] == 100

    async def test_without_templates_there_is_no_paging(self, meta: httpx.AsyncClient) -> None:
        assert (await meta.get(TEMPLATES)).json() == {"data": []}

    async def test_another_waba_has_others(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        other = account(phone_id="9", waba_id="8", access_token="t", app_id="7")
        await sandbox.whatsapp.connect(other)
        template = sandbox.whatsapp.templates.add("8", new())

        assert (await meta.get("/8/message_templates")).json()["error"]["code"] == 131005
        assert (await meta.get(f"/{template.id}")).json()["error"]["code"] == 131005
        assert (await meta.get("/404/message_templates")).json()["error"]["error_subcode"] == 33


class TestEdit:
    async def test_it_goes_back_to_review(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        template = sandbox.whatsapp.templates.add(WABA, new())
        changed = {"category": "MARKETING", "components": [POSITIONAL]}

        answer = await meta.post(f"/{template.id}", json=changed)
        status = template.status
        sandbox.ground.agenda.hurry()

        assert answer.json() == {"success": True}
        assert (status, template.status) == (TemplateStatus.PENDING, TemplateStatus.APPROVED)
        assert (template.category, template.components) == ("MARKETING", [POSITIONAL])

    async def test_an_approved_one_is_edited_once_a_day(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        template = sandbox.whatsapp.templates.add(WABA, new())
        edits = []
        for _ in range(3):
            edits.append((await meta.post(f"/{template.id}", json={"components": [PLAIN]})).status_code)
            sandbox.ground.agenda.hurry()
        await sandbox.clock.turn(timedelta(days=1))
        edits.append((await meta.post(f"/{template.id}", json={"components": [PLAIN]})).status_code)

        assert edits == [200, 400, 400, 200]

    async def test_a_pending_one_is_not_edited_nor_a_wrong_text_taken(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        pending = sandbox.whatsapp.templates.add(WABA, new(), status=TemplateStatus.PENDING)
        approved = sandbox.whatsapp.templates.add(WABA, new(name="outro"))

        assert (await meta.post(f"/{pending.id}", json={"components": [PLAIN]})).status_code == 400
        assert (await meta.post(f"/{approved.id}", json={"components": [{"type": "BODY"}]})).status_code == 400
        assert approved.status is TemplateStatus.APPROVED


class TestUnpause:
    async def test_a_paused_one_is_approved_again(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        template = sandbox.whatsapp.templates.add(WABA, new(), status=TemplateStatus.PAUSED)

        first = await meta.post(f"/{template.id}/unpause")
        second = await meta.post(f"/{template.id}/unpause")

        assert (first.status_code, second.status_code) == (200, 400)
        assert template.status is TemplateStatus.APPROVED


class TestDelete:
    async def test_a_name_goes_in_all_languages_and_is_locked(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        for language in ("pt_BR", "en_US"):
            sandbox.whatsapp.templates.add(WABA, new(language=language))

        assert (await meta.delete(TEMPLATES, params={"name": "pix_lembrete"})).json() == {"success": True}

        assert (await meta.get(TEMPLATES)).json()["data"] == []
        assert (await error_of(meta, new()))["error_subcode"] == 2388023
        await receiver.until(2, lambda each: list(each.values("message_template_status_update")))
        await sandbox.clock.turn(timedelta(days=30))
        await create(meta, new())

    async def test_with_its_id_only_that_language_goes(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        kept, doomed = (sandbox.whatsapp.templates.add(WABA, new(language=code)) for code in ("pt_BR", "en_US"))

        await meta.delete(TEMPLATES, params={"name": "pix_lembrete", "hsm_id": doomed.id})

        assert list(sandbox.whatsapp.templates.of(WABA)) == [kept]
        assert (await meta.get(f"/{doomed.id}")).json()["error"]["error_subcode"] == 33

    @pytest.mark.parametrize("query", [{}, {"name": "nothing"}, {"name": "pix_lembrete", "hsm_id": "404"}])
    async def test_what_is_not_there_is_refused(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, query: dict[str, str]
    ) -> None:
        sandbox.whatsapp.templates.add(WABA, new())

        assert (await meta.delete(TEMPLATES, params=query)).status_code == 400


class TestEvents:
    async def test_quality_category_and_components_are_told(
        self, sandbox: Sandbox, receiver: Receiver, number: Number
    ) -> None:
        events, template = sandbox.whatsapp.events, sandbox.whatsapp.templates.add(WABA, new())
        events.template_quality(number.business, template, "YELLOW")
        events.template_category(number.business, template, "MARKETING")
        events.template_components(number.business, template)
        await sandbox.settle()

        [quality] = receiver.values("message_template_quality_update")
        [category] = receiver.values("template_category_update")
        [components] = receiver.values("message_template_components_update")
        assert (quality["previous_quality_score"], quality["new_quality_score"]) == ("UNKNOWN", "YELLOW")
        assert (category["previous_category"], category["new_category"]) == ("UTILITY", "MARKETING")
        assert components["message_template_element"] == PLAIN["text"]
        assert {value["message_template_id"] for value in (quality, category, components)} == {int(template.id)}
