"""`masteria connect` and `masteria user` as a person types them, on real servers."""

import getpass
from collections.abc import Sequence
from typing import Final

import pytest

from admin_api.commands import connect
from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.errors import Malformed
from core.models.people import ConnectionKind
from tests.fixtures.helps import help_of
from tests.fixtures.shells import COMMANDS, TERMINAL, Ran, Shell

SECRETS: Final = {"access_token": "EAAzebra", "app_secret": "zebra-app-secret", "verify_token": "zebra-verify"}
TOLD: Final = ("--app-secret", "zebra-app-secret", "--access-token", "EAAzebra", "--verify-token", "zebra-verify")


class TestConnectWhatsapp:
    async def test_it_is_made_and_what_meta_must_be_told_is_shown(self, shell: Shell) -> None:
        ran = await shell.connect(*TOLD, "--waba-id", "2001", MASTERIA_PUBLIC_URL="https://masteria.exemplo.com")

        row, secrets = await shell.only_connection()
        assert (ran.code, ran.err) == (0, "")
        assert row.settings == {"phone_number_id": "1001", "waba_id": "2001"}
        assert (row.name, secrets) == ("WhatsApp 1001", SECRETS)
        assert f"Conexão `WhatsApp 1001` criada ({row.id})." in ran.out
        assert "https://masteria.exemplo.com/webhooks/whatsapp" in ran.out
        assert "zebra-verify" in ran.out
        assert "zebra-app" not in ran.out
        assert "EAAzebra" not in ran.out

    async def test_without_a_public_address_the_way_to_it_is_told(self, shell: Shell) -> None:
        ran = await shell.connect(*TOLD, LANG="en_US.UTF-8")
        assert "set MASTERIA_PUBLIC_URL" in ran.out

    async def test_a_script_gets_its_id(self, shell: Shell) -> None:
        told = (await shell.connect(*TOLD, "--name", "Loja", "--persona", "vendas", "--json")).json()
        row, _ = await shell.only_connection()
        assert told == {
            "id": str(row.id),
            "company": "ana",
            "kind": "whatsapp",
            "name": "Loja",
            "is_new": True,
            "callback_url": None,
        }
        assert row.persona == "vendas"

    async def test_the_number_that_is_there_is_given_only_what_is_told_anew(self, shell: Shell) -> None:
        first = (await shell.connect(*TOLD, "--name", "Loja", "--waba-id", "2001", "--json")).json()
        again = (await shell.connect("--access-token", "EAAzebra2", "--json")).json()
        row, secrets = await shell.only_connection()
        assert (again["id"], again["is_new"]) == (first["id"], False)
        assert (row.name, row.settings["waba_id"]) == ("Loja", "2001")
        assert secrets == SECRETS | {"access_token": "EAAzebra2"}

    async def test_secrets_come_from_lines_and_variables(self, shell: Shell) -> None:
        words = ("--app-secret", "-", "--access-token", "env:META_TOKEN", "--verify-token", "-", "--json")
        (await shell.connect(*words, told="zebra-app-secret\nzebra-verify\n", META_TOKEN="EAAzebra")).json()
        assert (await shell.only_connection())[1] == SECRETS

    async def test_one_that_looks_like_a_place_is_told_as_a_literal(self, shell: Shell) -> None:
        told = ("--app-secret", "literal:-zebra-app-secret", "--access-token", "literal:env:EAAzebra")
        (await shell.connect(*told, "--verify-token", "literal:literal:x", "--json")).json()
        assert (await shell.only_connection())[1] == {
            "app_secret": "-zebra-app-secret",
            "access_token": "env:EAAzebra",
            "verify_token": "literal:x",
        }

    async def test_on_a_terminal_secrets_are_asked_for_unseen(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(getpass, "getpass", lambda prompt: SECRETS[prompt.removesuffix(": ")])
        words = ("--app-secret", "-", "--access-token", "-", "--verify-token", "-", "--json")
        assert (await shell.connect(*words, told=TERMINAL)).json()["is_new"]
        assert (await shell.only_connection())[1] == SECRETS

    @pytest.mark.parametrize(
        ("words", "told", "named"),
        [
            (("--app-secret", "x"), "", "access_token"),
            ((*TOLD, "--waba-id", "abc"), "", "waba_id"),
            ((*TOLD[:4], "--verify-token", "env:NOT_THERE"), "", "NOT_THERE"),
            ((*TOLD[:4], "--verify-token", "-"), "", "verify_token"),
            ((*TOLD[:4], "--verify-token", "two words"), "", "verify_token"),
        ],
    )
    async def test_what_is_missing_or_wrong_is_one_line_that_names_it(
        self, shell: Shell, words: Sequence[str], told: str, named: str
    ) -> None:
        ran = await shell.connect(*words, told=told)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert ran.err.startswith("✗ ")
        assert named in ran.err
        assert "zebra" not in ran.err

    async def test_a_number_of_another_company_is_refused_without_naming_it(self, shell: Shell) -> None:
        await create_company(shell.database, shell.ring, NewCompany(slug="beto", name="Oficina do Beto"), OPERATOR)
        await shell.connect(*TOLD)
        line = ("whatsapp", "--company", "beto", "--phone-number-id", "1001", *TOLD)
        ran = await shell.run("connect", *line)
        assert ran.code == 1
        assert "já está em uso" in ran.err
        assert "ana" not in ran.err.casefold().split()

    def test_a_channel_of_a_later_release_says_not_yet(self) -> None:
        for kind in sorted(set(ConnectionKind) - {ConnectionKind.WHATSAPP, ConnectionKind.TELEGRAM}):
            with pytest.raises(Malformed, match=f"{kind} do not exist here yet"):
                connect.main([kind, "--company", "ana", "--token", "x"])

    def test_no_channel_at_all_is_wrong_usage(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            connect.main(["pigeon"])
        assert ended.value.code == 2
        assert "pigeon" in capsys.readouterr().err


class TestConnectList:
    async def test_it_shows_each_companys_connections_and_no_secret(self, shell: Shell) -> None:
        await create_company(shell.database, shell.ring, NewCompany(slug="beto", name="Oficina do Beto"), OPERATOR)
        assert "Nenhuma conexão" in (await shell.run("connect", "list")).out
        await shell.connect(*TOLD, "--display-phone-number", "+55 11 99999-0000")

        listed = (await shell.run("connect", "list", "--json")).json()
        row, _ = await shell.only_connection()
        assert listed == [
            {
                "id": str(row.id),
                "company": "ana",
                "kind": "whatsapp",
                "name": "WhatsApp +55 11 99999-0000",
                "state": "active",
                "phone_number_id": "1001",
                "waba_id": None,
                "display_phone_number": "+55 11 99999-0000",
                "bot_id": None,
                "persona": None,
            }
        ]
        assert (await shell.run("connect", "list", "--company", "beto", "--json")).json() == []
        shown = (await shell.run("connect", "list", "--company", "ana")).out
        assert "+55 11 99999-0000" in shown
        assert str(row.id) in shown
        assert "zebra" not in shown

    async def test_an_unknown_company_is_named(self, shell: Shell) -> None:
        ran = await shell.run("connect", "list", "--company", "nobody")
        assert (ran.code, "`nobody`" in ran.err) == (1, True)


class TestUser:
    async def add(self, shell: Shell, email: str, role: str, *words: str) -> Ran:
        return await shell.run("user", "add", email, "--company", "ana", "--role", role, *words)

    async def test_asked_again_only_the_role_changes(self, shell: Shell) -> None:
        first = (await self.add(shell, "Bia@Exemplo.com", "agent", "--name", "Bia", "--json")).json()
        same = (await self.add(shell, "bia@exemplo.com", "agent", "--json")).json()
        other = (await self.add(shell, "bia@exemplo.com", "admin", "--json")).json()
        assert first["id"] == same["id"] == other["id"]
        assert [(told["is_new"], told["is_changed"], told["role"]) for told in (first, same, other)] == [
            (True, False, "agent"),
            (False, False, "agent"),
            (False, True, "admin"),
        ]
        listed = (await shell.run("user", "list", "--company", "ana", "--json")).json()
        person = {"id": first["id"], "membership_id": first["membership_id"], "role": "admin"}
        assert listed == [person | {"email": "bia@exemplo.com", "name": "Bia"}]

    async def test_a_person_reads_what_happened(self, shell: Shell) -> None:
        assert "Ninguém ainda" in (await shell.run("user", "list", "--company", "ana")).out
        assert "Agora trabalha em `ana`: agent" in (await self.add(shell, "bia@exemplo.com", "agent")).out
        assert "Já trabalhava em `ana` como agent" in (await self.add(shell, "bia@exemplo.com", "agent")).out
        assert "agora é owner" in (await self.add(shell, "bia@exemplo.com", "owner")).out
        assert (await shell.run("user", "list", "--company", "ana")).out.rstrip().endswith("  owner")

    @pytest.mark.parametrize(
        "words", [("bia", "agent"), ("bia@exemplo.com", "boss"), ("bia@exemplo.com", "agent", "--name", " B")]
    )
    async def test_what_is_wrong_is_one_line_of_wrong_usage(self, shell: Shell, words: tuple[str, ...]) -> None:
        ran = await self.add(shell, *words)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


_ACTIONS: Final = {"staff": "status", "contact": "erase"}  # of those that list nothing


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_has_its_help_as_a_command_of_masteria(self, command: str) -> None:
        for words in ((), (_ACTIONS.get(command, "list"),)):
            shown = help_of(command, *words)
            assert (shown.code, shown.err) == (0, "")
            assert shown.out.startswith(f"uso: masteria {command} ")
