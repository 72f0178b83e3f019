"""Keys, tokens and passwords that were pasted into a persona are pointed at, on their line, and not repeated."""

from typing import Final

import pytest

from agents.personas.lint import check, has_errors
from agents.personas.problems import Problem
from agents.personas.shipped import shipped
from agents.tools.registry import TOOLS
from tests.agents.personas.planting import SALES

# Put together here, so that no scanner of repositories takes one of them for a real one.
SECRETS: Final = (
    "sk-" + "proj-AbCdEf0123456789AbCdEf0123456789",
    "sk-" + "ant-api03-AbCdEf0123456789_AbCdEf",
    "sk_" + "live_AbCdEf0123456789AbCdEf",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "EAA" + "BsbCS1iHgBAKZBxyz0123456789",
    "Bearer " + "abcdef0123456789.xyz",
    "password: " + "Tr0ub4dor&3",
    "senha: " + "padaria#2026",
    "api_key=" + "a1b2c3d4e5",
    "postgres://" + "dono:segredo@db.example/crm",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
)


def found(old: str, new: str) -> tuple[list[Problem], str]:
    source = shipped()[SALES]
    assert source.count(old) == 1
    text = source.replace(old, new)
    problems = check(text, bases=None, tools=TOOLS)
    assert not has_errors(problems)
    return [one for one in problems if "parece uma chave" in one.message.pt], text


def _line(text: str, of: str) -> int:
    return text.count("\n", 0, text.index(of)) + 1


class TestSecrets:
    @pytest.mark.parametrize("secret", SECRETS)
    def test_it_is_pointed_at_and_not_repeated(self, secret: str) -> None:
        [problem], text = found("scope: >-", f"scope: >-\n  Use isto: {secret}.")
        assert problem.field == "scope"
        assert problem.line == _line(text, "scope: >-")
        assert secret not in problem.message.pt + problem.message.en

    def test_it_is_found_in_any_text_on_its_own_line(self) -> None:
        problems, text = found("\n  ask_nome:\n", f"\n  sobra:\n    pt-BR: {SECRETS[0]}\n  ask_nome:\n")
        assert [(one.field, one.line) for one in problems] == [("texts.sobra.pt-BR", _line(text, SECRETS[0]))]

    @pytest.mark.parametrize("name", shipped())
    def test_no_shipped_persona_has_one(self, name: str) -> None:
        problems = check(shipped()[name], bases=None, tools=TOOLS)
        assert not [one for one in problems if "parece uma chave" in one.message.pt]

    @pytest.mark.parametrize(
        "harmless",
        [
            "Nunca peça a senha: ela é só do cliente",
            "A senha: quem esqueceu troca no site",
            "O token é o código que chega por SMS",
            "Password: never ask for it",
            "Atende sk8 e skate",
        ],
    )
    def test_to_speak_of_passwords_is_no_secret(self, harmless: str) -> None:
        problems, _ = found("scope: >-", f"scope: >-\n  {harmless}.")
        assert problems == []
