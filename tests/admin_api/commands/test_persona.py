"""`masteria persona` as a person types it: no database, one line for each problem, pictures that open."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from admin_api.commands import persona
from admin_api.terminal import launch
from agents.personas.shipped import shipped

SALES = "vendas-consultivas"


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "DATABASE_URL", "MASTERIA_HOME"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, lang: str = "pt_BR.UTF-8") -> Ran:
        monkeypatch.setenv("LANG", lang)
        monkeypatch.setattr(sys, "argv", ["masteria persona", *words])
        with pytest.raises(SystemExit) as ended:
            launch(persona.main)
        seen = capsys.readouterr()
        return Ran(code=int(ended.value.code or 0), out=seen.out, err=seen.err)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        return "mine.yaml"

    return write


def line_of(text: str, part: str) -> int:
    return text.count("\n", 0, text.index(part)) + 1


class TestCheck:
    def test_a_sound_file_is_said_to_be_so(self, run: Run, written: Callable[[str], str]) -> None:
        ran = run("check", written(shipped()[SALES]))
        assert (ran.code, ran.out) == (0, "✓ mine.yaml: nenhum problema.\n")

    def test_each_problem_is_a_line_with_its_place(self, run: Run, written: Callable[[str], str]) -> None:
        text = shipped()[SALES].replace("- slot:orcamento\n", "- slot:verba\n")
        ran = run("check", written(text))
        assert ran.code == 1
        errors = [line for line in ran.out.splitlines() if "aviso" not in line]
        place = f"mine.yaml:{line_of(text, '- slot:verba')}: stages[1].enter.all[2]: "
        assert [line.startswith(f"{place}não há slot `verba`") for line in errors] == [True]

    def test_it_speaks_english_too(self, run: Run, written: Callable[[str], str]) -> None:
        ran = run("check", written("persona: [1"), lang="en_US.UTF-8")
        assert ran.code == 1
        assert ran.out.startswith("mine.yaml:1: this is not valid YAML: ")

    def test_a_warning_is_marked_and_stops_nothing(self, run: Run, written: Callable[[str], str]) -> None:
        text = shipped()[SALES].replace("\nslots:\n", "\nslots:\n  cidade: {type: text}\n")
        ran = run("check", written(text))
        assert ran.code == 0
        assert ran.out == f"mine.yaml:{line_of(text, '  cidade:')}: aviso: slots.cidade: nada usa `cidade`\n"

    def test_as_json_it_says_the_same(self, run: Run, written: Callable[[str], str]) -> None:
        ran = run("check", written(shipped()[SALES].replace("scope: >-", "escopo: >-")), "--json")
        about: dict[str, Any] = json.loads(ran.out)
        assert ran.code == 1
        assert about["ok"] is False
        assert {one["field"] for one in about["problems"]} == {"scope", "escopo"}
        assert all(one["level"] == "error" and one["line"] and one["message"] for one in about["problems"])
        assert json.loads(run("check", SALES, "--json").out) == {"file": SALES, "ok": True, "problems": []}

    def test_a_mark_at_the_beginning_and_ends_of_another_system_are_no_problem(
        self, run: Run, written: Callable[[str], str]
    ) -> None:
        assert run("check", written("\ufeff" + shipped()[SALES].replace("\n", "\r\n"))).code == 0

    def test_what_is_no_text_is_told(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "other.yaml").write_bytes("descrição: é".encode("latin-1"))
        ran = run("check", "other.yaml")
        assert (ran.code, ran.err) == (2, "✗ `other.yaml` não está em UTF-8.\n")

    def test_what_is_not_there_is_told_with_what_is(self, run: Run) -> None:
        ran = run("check", "missing.yaml")
        assert ran.code == 1
        assert "missing.yaml" in ran.err
        assert all(name in ran.err for name in shipped())

    def test_a_device_of_endless_length_is_not_read(self, run: Run) -> None:
        assert run("check", "/dev/zero").code == 1


class TestGraph:
    def test_a_shipped_one_is_shown_as_mermaid(self, run: Run) -> None:
        ran = run("graph", SALES)
        assert ran.code == 0
        assert ran.out.startswith("stateDiagram-v2\n")
        assert "stage_novo --> stage_qualificado" in ran.out
        assert "```" not in ran.out

    def test_with_the_spine_there_are_two_blocks(self, run: Run) -> None:
        out = run("graph", SALES, "--spine").out
        assert out.count("```mermaid") == 2
        assert "decide --> stage_novo" in out

    def test_a_picture_is_written_and_opens(self, run: Run, written: Callable[[str], str], tmp_path: Path) -> None:
        ran = run("graph", written(shipped()["suporte"]), "--format", "png")
        assert (ran.code, ran.out) == (0, "Gravado em suporte.png.\n")
        with Image.open(tmp_path / "suporte.png") as image:
            assert image.width >= 1080

    def test_it_goes_where_it_is_told_to(self, run: Run, tmp_path: Path) -> None:
        assert run("graph", SALES, "--out", "here.mmd").code == 0
        assert (tmp_path / "here.mmd").read_text(encoding="utf-8").startswith("stateDiagram-v2\n")
        ran = run("graph", SALES, "--format", "png", "--out", "no/such/folder.png")
        assert ran.code == 1
        assert "no/such/folder.png" in ran.err

    def test_one_that_cannot_be_read_is_not_drawn(self, run: Run, written: Callable[[str], str]) -> None:
        ran = run("graph", written("persona: x"))
        assert ran.code == 1
        assert "linha 1" in ran.err

    def test_an_unknown_name_is_told_with_those_there_are(self, run: Run) -> None:
        ran = run("graph", "vendas", lang="en_US.UTF-8")
        assert ran.code == 1
        assert ran.err == (
            "✗ There is no file or persona `vendas`. "
            "Those shipped are: agendamento, cobranca, suporte, vendas-consultivas.\n"
        )


class TestList:
    def test_it_names_those_that_are_shipped_with_their_stages(self, run: Run) -> None:
        ran = run("list")
        assert ran.code == 0
        assert [line.split()[0] for line in ran.out.splitlines()] == list(shipped())
        assert "novo → qualificado → proposta → demo → ganho → perdido" in ran.out

    def test_as_json_too(self, run: Run) -> None:
        assert [one["name"] for one in json.loads(run("list", "--json").out)] == list(shipped())


class TestHelp:
    @pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["graph", "--help"], ["list", "--help"]])
    def test_every_part_explains_itself(self, run: Run, words: list[str]) -> None:
        ran = run(*words)
        assert ran.code == 0
        assert "masteria persona" in ran.out
