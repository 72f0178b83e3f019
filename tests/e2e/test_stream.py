"""A customer of the demo company writes: seen from outside, through the real processes and the simulated provider."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bench.stack import SECONDS, Stack, wait_until
from tests.fixtures.helps import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ANA: Final = {"phone": "+5511987654321", "name": "Ana Lima"}


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The installation, its provider, and an API key of its first company."""

    stack: Stack
    api: httpx.Client
    provider: httpx.Client
    phone_id: str

    def customer_writes(self, body: str) -> str:
        content = {"type": "text", "body": body}
        told = {"phone_id": self.phone_id, "person": ANA, "content": content}
        answer = self.provider.post("/_sandbox/whatsapp/messages", json=told)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return str(answer.json()["id"])

    def items(self, path: str) -> list[dict[str, Any]]:
        answer = self.api.get(f"/api/v1/{path}")
        assert answer.status_code == httpx.codes.OK, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def ana(self) -> dict[str, Any]:
        """Others talk with this company, too."""
        [contact] = [each for each in self.items("contacts") if each["name"] == ANA["name"]]
        return contact

    def messages(self) -> list[dict[str, Any]]:
        return [
            each
            for thread in self.items("conversations")
            for each in self.items(f"conversations/{thread['id']}/messages")
        ]

    def sent(self) -> list[dict[str, Any]]:
        """To Ana."""
        threads = self.items(f"conversations?contact_id={self.ana()['id']}")
        messages = [each for thread in threads for each in self.items(f"conversations/{thread['id']}/messages")]
        return [each for each in messages if each["direction"] == "out"]

    def message(self, provider_id: str) -> dict[str, Any]:
        wait_until(f"{provider_id} is stored", lambda: provider_id in {each["provider_id"] for each in self.messages()})
        return next(each for each in self.messages() if each["provider_id"] == provider_id)


@pytest.fixture(scope="module")
def demo(stack: Stack) -> Iterator[Demo]:
    key = json.loads(stack.run("token", "--company", "demo", "--role", "owner", "--json").stdout)["token"]
    with (
        httpx.Client(base_url=stack.url, headers={"X-API-Key": key}) as api,
        httpx.Client(base_url=stack.state()["sandbox"]) as provider,
    ):
        connections = api.get("/api/v1/connections").json()["items"]
        [connection] = [one for one in connections if one["kind"] == "whatsapp"]
        yield Demo(stack=stack, api=api, provider=provider, phone_id=connection["phone_number_id"])


@pytest.mark.usefixtures("talk")
class TestStream:
    def test_what_a_customer_writes_is_there_to_be_read(self, demo: Demo) -> None:
        stored = demo.message(demo.customer_writes("Oi, ainda tem bolo de cenoura?"))

        assert (stored["direction"], stored["author"], stored["kind"]) == ("in", "customer", "text")
        assert (stored["text"], stored["state"]) == ("Oi, ainda tem bolo de cenoura?", "received")

    def test_the_customer_is_a_contact_under_every_spelling_of_the_number(self, demo: Demo) -> None:
        demo.message(demo.customer_writes("sou eu"))

        assert {"kind": "phone", "value": ANA["phone"]} in demo.ana()["identities"]

    def test_an_opt_out_is_confirmed_once_and_delivered(self, demo: Demo) -> None:
        demo.message(demo.customer_writes("quero sair da lista"))
        demo.message(demo.customer_writes("SAIR"))

        assert demo.ana()["opted_out_at"] is not None
        wait_until(
            "the confirmation arrived", lambda: [each["state"] for each in demo.sent()] in (["delivered"], ["read"])
        )
        accepted = demo.provider.get("/_sandbox/ledger/accepted?limit=1000").json()["items"]
        assert len([each for each in accepted if each["recipient"] == ANA["phone"].removeprefix("+")]) == 1

    def test_the_demo_connection_answers_to_its_test(self, demo: Demo) -> None:
        [connection] = [one for one in demo.items("connections") if one["kind"] == "whatsapp"]
        answer = demo.api.post(f"/api/v1/connections/{connection['id']}/test")
        assert answer.status_code == httpx.codes.OK, answer.text


class TestChat:
    def test_a_newcomer_talks_with_a_persona_and_gets_a_person(self, talk: "subprocess.Popen[str]") -> None:
        said, wrong = talk.communicate(timeout=SECONDS)

        assert talk.returncode == 0, wrong
        assert "inteligência artificial" in said
        assert "soube Nome: Ana" in said
        assert "passou para uma pessoa: human.requested" in said

    def test_what_is_not_there_is_named(self, demo: Demo, tmp_path: Path) -> None:
        for words, code, named in (
            (("--script", str(tmp_path / "nada")), 2, "nada"),
            (("--persona", "ninguem"), 1, "vendas-consultivas"),
        ):
            refused = told("chat", *words, "--home", str(demo.stack.home))
            assert (refused.code, refused.out) == (code, "")
            assert named in refused.err
            assert "inesperado" not in refused.err
