"""Tests of how every command speaks: the reader's language, one line for an error, and the exit codes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from admin_api.terminal import Parser, launch, progress, say, write_json
from core.errors import AppError, Conflict, Malformed, Misconfigured, Unavailable

LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")


@pytest.fixture(autouse=True)
def portuguese(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine without a locale reads."""
    for name in LOCALES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")


def parser() -> Parser:
    made = Parser(prog="masteria try", description="…")
    made.add_argument("what", choices=["list", "rotate"])
    made.add_argument("--port", type=int)
    either = made.add_mutually_exclusive_group()
    either.add_argument("--on", action="store_true")
    either.add_argument("--off", action="store_true")
    return made


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a person reads on standard error after wrong usage."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err.strip()


class TestParser:
    @pytest.mark.parametrize(
        ("words", "line"),
        [
            ([], "faltam argumentos: what"),
            (["list", "x"], "argumentos desconhecidos: x"),
            (["list", "--port"], "--port: falta o valor"),
            (["list", "--port", "x"], "--port: valor inválido: 'x'"),
            (["never"], "what: 'never' não existe; escolha entre 'list', 'rotate'"),
            (["list", "--on", "--off"], "--off não combina com --on"),
        ],
    )
    def test_wrong_usage_is_one_portuguese_line(
        self, capsys: pytest.CaptureFixture[str], words: list[str], line: str
    ) -> None:
        assert told(capsys, *words) == f"✗ masteria try: {line}; veja `masteria try --help`"

    @pytest.mark.usefixtures("english")
    @pytest.mark.parametrize(
        ("words", "line"),
        [
            ([], "the following arguments are required: what"),
            (["list", "x"], "unrecognized arguments: x"),
            (["list", "--port", "x"], "argument --port: invalid int value: 'x'"),
        ],
    )
    def test_by_an_english_locale_it_is_an_english_one(
        self, capsys: pytest.CaptureFixture[str], words: list[str], line: str
    ) -> None:
        assert told(capsys, *words) == f"✗ masteria try: {line}; see `masteria try --help`"

    def test_help_is_portuguese(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            parser().parse_args(["--help"])
        printed = capsys.readouterr().out
        assert ended.value.code == 0
        for words in ("uso: masteria try", "argumentos:", "opções:", "mostra esta ajuda", "mostra o erro por inteiro"):
            assert words in printed
        assert not [words for words in ("usage", "options", "show ") if words in printed]

    @pytest.mark.usefixtures("english")
    def test_help_is_english_by_the_locale(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            parser().parse_args(["-h"])
        printed = capsys.readouterr().out
        for words in ("usage: masteria try", "arguments:", "options:", "show this help"):
            assert words in printed

    def test_every_command_takes_debug(self) -> None:
        assert parser().parse_args(["list", "--debug"]).debug is True


class TestLaunch:
    def run(self, monkeypatch: pytest.MonkeyPatch, outcome: int | BaseException, *words: str) -> int:
        def main(_: object) -> int:
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(sys, "argv", ["masteria", *words])
        with pytest.raises(SystemExit) as ended:
            launch(main)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    @pytest.mark.parametrize("code", [0, 1, 2])
    def test_the_code_of_the_command_is_the_code_of_the_process(
        self, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        assert self.run(monkeypatch, code) == code

    @pytest.mark.parametrize(
        ("kind", "code"), [(Misconfigured, 1), (Unavailable, 1), (Conflict, 1), (Malformed, 2), (AppError, 1)]
    )
    def test_an_error_of_ours_is_one_line_without_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[AppError], code: int
    ) -> None:
        assert self.run(monkeypatch, kind("Falta X.", "X is missing.")) == code
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == ("", "✗ Falta X.\n")

    @pytest.mark.usefixtures("english")
    def test_the_line_is_english_by_the_locale(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(monkeypatch, Misconfigured("Falta X.", "X is missing."))
        assert capsys.readouterr().err == "✗ X is missing.\n"

    def test_debug_shows_the_traceback_before_the_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, Misconfigured("Falta X.", "X is missing."), "--debug") == 1
        printed = capsys.readouterr().err
        assert printed.startswith("Traceback ")
        assert printed.endswith("\n✗ Falta X.\n")

    def test_ctrl_c_is_130_and_silent(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, KeyboardInterrupt()) == 130
        assert capsys.readouterr() == ("", "")

    def test_a_reader_that_leaves_early_is_no_error(self) -> None:
        script = (
            "from admin_api.terminal import launch, write\n"
            "launch(lambda _: [write('x' * 99) for _ in range(9999)] and 0)"
        )
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe) as command:
            assert command.stdout is not None
            assert command.stderr is not None
            command.stdout.readline()
            command.stdout.close()
            assert (command.stderr.read(), command.wait(10)) == (b"", 0)


class TestOutput:
    def test_a_person_is_spoken_to_in_portuguese(self, capsys: pytest.CaptureFixture[str]) -> None:
        say("Pronto: ação.", "Done.")
        assert capsys.readouterr().out == "Pronto: ação.\n"

    @pytest.mark.usefixtures("english")
    def test_or_in_english_by_the_locale(self, capsys: pytest.CaptureFixture[str]) -> None:
        say("Pronto.", "Done.")
        assert capsys.readouterr().out == "Done.\n"

    def test_json_is_one_line_of_whatever_a_report_holds(self, capsys: pytest.CaptureFixture[str]) -> None:
        write_json({"name": "Padaria São João", "id": UUID(int=1), "path": Path("/x"), "line": "a\nb"})
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        assert "São João" in printed
        assert json.loads(printed) == {"name": "Padaria São João", "id": str(UUID(int=1)), "path": "/x", "line": "a\nb"}

    def test_progress_hands_on_every_item_and_draws_nothing_for_a_script(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert list(progress(["a", "b"], "empresas")) == ["a", "b"]
        assert list(progress([], "empresas")) == []
        assert capsys.readouterr() == ("", "")
