"""The API's description is one that a stranger's tools can read, and it says what really happens."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import httpx
import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from admin_api.app import make_app
from core.floor import Floor
from core.ids import new_id
from core.models.people import Role
from core.models.personas import Board, BoardStage, Lead
from tests.fixtures.desk import Desk, desks
from tests.fixtures.waiting import draft, effect, handoff

# Where the specification takes a schema; everything below is JSON Schema of 2020-12.
_SCHEMAS: Final = ("schema",)
_PROBLEM: Final = "application/problem+json"


@pytest.fixture(scope="module")
def described(floor: Floor) -> dict[str, Any]:
    """To be read only: it takes longer to make than most tests take."""
    return make_app(floor).openapi()


@pytest.fixture
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with desks(floor) as (desk, _):
        yield desk


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if path.startswith("/api/v1/"):
                yield path, method, operation


def inside(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from inside(part)
    if isinstance(value, list):
        for part in value:
            yield from inside(part)


def validator_of(described: dict[str, Any], schema: dict[str, Any]) -> Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


class TestDocument:
    def test_it_is_of_the_version_that_it_says(self, described: dict[str, Any]) -> None:
        assert described["openapi"].startswith("3.1.")
        assert described["info"]["title"] == "Master IA Oficial"

    def test_every_reference_leads_somewhere(self, described: dict[str, Any]) -> None:
        named = {part["$ref"] for part in inside(described) if "$ref" in part}
        schemas = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
        assert named <= schemas
        # Nothing lies about that nobody refers to, such as an error of the framework that we never answer.
        assert schemas <= named

    def test_every_schema_is_one(self, described: dict[str, Any]) -> None:
        schemas = [*described["components"]["schemas"].values()]
        schemas += [part[name] for part in inside(described["paths"]) for name in _SCHEMAS if name in part]
        assert len(schemas) > 60
        for schema in schemas:
            Draft202012Validator.check_schema(schema)

    def test_every_operation_has_a_name_of_its_own_and_the_parameters_of_its_path(
        self, described: dict[str, Any]
    ) -> None:
        names = [operation["operationId"] for _, _, operation in operations(described)]
        assert len(names) == len(set(names))
        for path, _, operation in operations(described):
            in_path = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            assert in_path == re.findall(r"\{(\w+)\}", path)
            assert all(one["required"] for one in operation.get("parameters", []) if one["in"] == "path")

    def test_every_resource_says_how_to_come_in(self, described: dict[str, Any]) -> None:
        assert described["components"]["securitySchemes"]["ApiKey"] | {"description": ""} == {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "",
        }
        for path, method, operation in operations(described):
            assert operation["security"] == [{"ApiKey": []}], (method, path)

    def test_every_refusal_is_a_problem(self, described: dict[str, Any]) -> None:
        for path, method, operation in operations(described):
            refusals = {status: body for status, body in operation["responses"].items() if status >= "4"}
            assert {"401", "403", "422", "429", "503"} <= set(refusals)
            assert ("404" in refusals) == ("{" in path), (method, path)
            assert "WWW-Authenticate" in refusals["401"]["headers"]
            for body in refusals.values():
                assert body["content"] == {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}

    def test_who_posts_may_send_a_key_and_who_patches_a_tag(self, described: dict[str, Any]) -> None:
        headers = {"post": ["Idempotency-Key"], "patch": ["If-Match"], "get": [], "delete": []}
        for path, method, operation in operations(described):
            said = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
            assert said == headers[method], (method, path)

    def test_no_answer_has_a_place_for_a_secret(self, described: dict[str, Any]) -> None:
        answers = [schema for name, schema in described["components"]["schemas"].items() if name.endswith("Out")]
        named = {name for schema in answers for name in schema["properties"]}
        assert not named & {"access_token", "app_secret", "verify_token", "credentials", "tenant_id", "secrets"}

    def test_told_twice_it_says_the_same(self, floor: Floor) -> None:
        app = make_app(floor)
        first = str(app.openapi())
        assert str(app.openapi()) == first


class TestTruth:
    """What comes is what was described."""

    def check(self, described: dict[str, Any], answer: httpx.Response, path: str, method: str = "get") -> None:
        said = described["paths"][path][method]["responses"][str(answer.status_code)]["content"]
        schema = said[answer.headers["content-type"].partition(";")[0]]["schema"]
        errors = [error.message for error in validator_of(described, schema).iter_errors(answer.json())]
        assert errors == []

    async def test_lists_and_single_things_have_the_shape_that_is_described(
        self, described: dict[str, Any], desk: Desk
    ) -> None:
        conversation = await desk.conversation()
        message = await desk.message(conversation, 1)
        shown = (await desk.get(f"conversations/{conversation}")).json()
        ids = {
            "connection_id": shown["connection_id"],
            "contact_id": shown["contact_id"],
            "conversation_id": str(conversation),
            "message_id": str(message),
        }
        board = Board(id=new_id(), key="vendas", name="Vendas")
        lead = Lead(id=new_id(), board_id=board.id, contact_id=shown["contact_id"], stage="novo")
        await desk.add(board, BoardStage(id=new_id(), board_id=board.id, key="novo", name="Novo", position=0), lead)
        waits = {
            "draft_id": (await draft(desk, conversation)).id,
            "effect_id": (await effect(desk, conversation)).id,
            "handoff_id": (await handoff(desk)).id,
        }
        ids |= {"lead_id": str(lead.id), **{name: str(value) for name, value in waits.items()}}
        asked = 0
        for path, method, _ in operations(described):
            if method == "get" and "user_id" not in path and "media_id" not in path:
                answer = await desk.get(path.format(**ids).removeprefix("/api/v1/"))
                assert answer.status_code == 200, path
                self.check(described, answer, path)
                asked += 1
        assert asked >= 14

    async def test_refusals_have_the_shape_that_is_described(self, described: dict[str, Any], desk: Desk) -> None:
        missing = f"contacts/{new_id()}"
        for answer, path, method in (
            (await desk.client.get("/api/v1/contacts"), "/api/v1/contacts", "get"),
            (await desk.get(missing), "/api/v1/contacts/{contact_id}", "get"),
            (await desk.get("contacts?limit=0"), "/api/v1/contacts", "get"),
            (await desk.post("contacts", {}, Role.VIEWER), "/api/v1/contacts", "post"),
            (await desk.post("contacts", {"colour": 1}), "/api/v1/contacts", "post"),
        ):
            assert answer.status_code >= 400
            self.check(described, answer, path, method)
