"""The staff group of the demo company, seen from outside: through the real processes and both simulated providers."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from bench.stack import SECONDS, Stack
from tests.fixtures.helps import Helped, help_of, told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

STEPS: Final = 7


class TestDemo:
    def test_a_customer_is_taken_over_and_answered_and_the_next_one_gets_what_was_taught(
        self, demonstration: "subprocess.Popen[str]"
    ) -> None:
        shown, wrong = demonstration.communicate(timeout=2 * SECONDS)

        assert (demonstration.returncode, wrong) == (0, ""), shown
        _, _, checked = shown.partition("Conferido:")
        assert checked.count("✓") == STEPS
        assert "byte a byte" in checked
        assert "fonte: resposta aprovada" in checked

    def test_its_own_installation_is_in_no_other_folder(self, stack: Stack) -> None:
        refused = told("demo", "--own", "--home", str(stack.home))
        assert (refused.code, refused.out) == (2, "")
        assert "--own" in refused.err


class TestChat:
    def test_somebody_of_the_staff_sees_the_group_and_is_answered_in_it(self, stack: Stack, tmp_path: Path) -> None:
        said = _play(stack, tmp_path, "#", "/eu", ":esperar Papel", "#bot", "/ajuda eu", ":esperar /eu")

        assert (said.code, said.err) == (0, "")
        assert "#0 General" in said.out
        assert "Bia (atendente): /eu" in said.out
        assert "Papel: atendente" in said.out
        assert "privado com o bot" in said.out

    def test_one_may_be_another_person(self, stack: Stack, tmp_path: Path) -> None:
        said = _play(stack, tmp_path, "/eu", ":esperar Papel", ":quem davi", "/eu", ":esperar Papel", person="olga")

        assert said.code == 0, said.err
        assert "Olga (dona): /eu" in said.out
        assert "Davi (administrador): /eu" in said.out

    @pytest.mark.parametrize(("line", "named"), [("987", "[987]"), (":editar 987 oi", "987"), ("#nada", "#")])
    def test_what_is_not_there_is_named(self, stack: Stack, tmp_path: Path, line: str, named: str) -> None:
        refused = _play(stack, tmp_path, line)

        assert refused.code == 1
        assert named in refused.err
        assert "inesperado" not in refused.err

    def test_who_is_not_there_is_named_with_those_who_are(self, stack: Stack) -> None:
        refused = told("chat", "--as", "staff", "--person", "ninguem", "--home", str(stack.home))
        assert (refused.code, refused.out) == (1, "")
        assert "Bia (atendente)" in refused.err

    def test_a_company_without_a_group_says_how_to_get_one(self, stack: Stack) -> None:
        told("company", "add", "sem-grupo", "--name", "Sem grupo", "--home", str(stack.home))
        refused = told("chat", "--as", "staff", "--company", "sem-grupo", "--home", str(stack.home))
        assert refused.code == 1
        assert "masteria staff code" in refused.err

    def test_nothing_that_runs_is_said_as_such(self, tmp_path: Path) -> None:
        refused = told("chat", "--as", "staff", "--home", str(tmp_path))
        assert refused.code == 1
        assert "masteria up" in refused.err

    @pytest.mark.parametrize("words", [("--person", "bia"), ("--as", "staff", "--persona", "suporte")])
    def test_what_would_be_passed_over_is_refused(self, words: tuple[str, ...]) -> None:
        assert told("chat", *words).code == 2

    @pytest.mark.parametrize("command", ["chat", "demo"])
    def test_help_is_portuguese_first_and_english_by_locale(self, command: str) -> None:
        assert help_of(command).out.startswith("uso: masteria")
        assert help_of(command, lang="en_US.UTF-8").out.startswith("usage: masteria")


def _play(stack: Stack, folder: Path, *lines: str, person: str = "bia") -> Helped:
    script = folder / "lines"
    script.write_text("\n".join(lines))
    return told("chat", "--as", "staff", "--person", person, "--script", str(script), "--home", str(stack.home))
