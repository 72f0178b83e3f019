"""The demonstration's transcript: two columns where there is room, labelled lines where not."""

import pytest

from admin_api.commands.demo import tell
from admin_api.demo.screen import Screen
from admin_api.demo.stage import NotHappened
from admin_api.demo.story import Step
from core.texts import Text


@pytest.fixture(autouse=True)
def portuguese(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")


class TestScreen:
    def test_the_columns_stand_under_one_another_also_behind_wide_signs(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        screen = Screen(100)
        screen.customer("Ana", "oi " * 40)
        screen.customer("Ana", "👍")
        screen.group(["  1 bot: 🟠 Ana"])
        lines = capsys.readouterr().out.splitlines()
        places = {line.index("│") for line in lines}
        assert len(lines) > 4
        assert places == {49, 48}  # one cell less of text where a sign takes two

    def test_a_narrow_terminal_gets_labels(self, capsys: pytest.CaptureFixture[str]) -> None:
        screen = Screen(80)
        screen.customer("Ana", "oi")
        screen.group(["  1 bot: oi", "      [1] Aceitar"])
        said = capsys.readouterr().out.splitlines()
        assert said == ["WhatsApp │ Ana: oi", "Telegram │   1 bot: oi", "Telegram │       [1] Aceitar"]


class TestTell:
    async def test_it_ends_with_what_was_checked(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert await tell(Screen(80), [_step("Primeiro"), _step("Segundo")]) == 0
        assert capsys.readouterr().out.endswith("Conferido:\n  ✓ Primeiro: visto\n  ✓ Segundo: visto\n")

    async def test_the_step_that_did_not_happen_is_named_and_is_the_last(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        wrong = NotHappened(Text("a resposta chegou", "the answer came"))
        assert await tell(Screen(80), [_step("Primeiro"), _step("Segundo", wrong), _step("Terceiro")]) == 1
        said = capsys.readouterr()
        assert said.err == "✗ Passo 2, “Segundo”: Não aconteceu: a resposta chegou.\n"
        assert "Terceiro" not in said.out
        assert "Conferido" not in said.out


def _step(title: str, error: NotHappened | None = None) -> Step:
    async def play() -> Text:
        if error is not None:
            raise error
        return Text("visto", "seen")

    return Step(title=Text(title, title), play=play)
