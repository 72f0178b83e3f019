"""Options of a choice, and answers of yes and no."""

import pytest

from agents.extractors import choices, quantity
from agents.extractors.answers import find_text, find_yes_no
from agents.personas.definition import Option

OPTIONS = (
    Option(value="basico", label="Básico"),
    Option(value="pro", label="Profissional", aliases=("pro", "intermediário")),
    Option(value="top", label="Premium"),
)


def _read(text: str, *, asked: bool = True) -> list[str]:
    return [one.value["value"] for one in choices.find(text, OPTIONS, asked=asked)]


class TestChoices:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("Básico", "basico"),
            ("quero o basico", "basico"),
            ("o pro", "pro"),
            ("intermediario", "pro"),
            ("1", "basico"),
            ("opção 2", "pro"),
            ("o primeiro", "basico"),
            ("a segunda opção", "pro"),
            ("o último", "top"),
            ("premiun", "top"),
            ("profisional", "pro"),
        ],
    )
    def test_an_option_is_known_by_all_its_names(self, text: str, value: str) -> None:
        assert _read(text) == [value]

    @pytest.mark.parametrize("text", ["4", "0", "o quinto", "tanto faz", "não quero o básico", "programa"])
    def test_nothing_else_is_one(self, text: str) -> None:
        assert _read(text) == []

    def test_a_number_counts_only_where_the_list_was_asked_about(self) -> None:
        assert _read("2", asked=False) == []

    def test_both_of_two_are_told(self) -> None:
        assert _read("básico ou premium") == ["basico", "top"]


class TestYesNo:
    @pytest.mark.parametrize(
        "text",
        [
            *(
                "sim",
                "s",
                "claro",
                "pode",
                "isso",
                "ok",
                "👍",
                "👍🏽",
                "yes",
                "SIM",
                "sí",
                "com certeza",
                "acho que sim",
            ),
            *(
                "não, pode sim",
                "não pode sim",
                "oi, sim por favor",
                "Sim! pode marcar",
                "tenho sim",
                "isso mesmo, obrigada",
            ),
        ],
    )
    def test_a_yes_is_one(self, text: str) -> None:
        assert [one.value for one in find_yes_no(text)] == [{"yes": True}]

    @pytest.mark.parametrize(
        "text",
        [
            "não",
            "n",
            "nem",
            "negativo",
            "no",
            "👎",
            "claro que não",
            "acho que não",
            "não, obrigado",
            "agora não",
            "não quero",
        ],
    )
    def test_a_no_is_one(self, text: str) -> None:
        assert [one.value for one in find_yes_no(text)] == [{"yes": False}]

    @pytest.mark.parametrize(
        "text",
        ["não sei", "sim, mas não agora", "talvez", "não recebi o boleto", "quanto custa?", "pode ser sexta", ""],
    )
    def test_what_is_neither_is_left_open(self, text: str) -> None:
        assert find_yes_no(text) == []


class TestText:
    def test_it_is_all_of_the_message(self) -> None:
        (found,) = find_text("  para uso em casa\n")
        assert (found.value, found.start, found.end) == ({"text": "para uso em casa"}, 2, 18)

    def test_marks_alone_are_none(self) -> None:
        assert find_text(" ... ") == []


class TestQuantity:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("3", {"number": 3}),
            ("duas pessoas", {"number": 2, "unit": "pessoas"}),
            ("vinte e cinco", {"number": 25}),
            ("mil", {"number": 1000}),
            ("uns 30 usuários", {"number": 30, "unit": "usuarios"}),
            ("2,5 metros", {"number": 2.5, "unit": "metros"}),
        ],
    )
    def test_it_is_read_in_digits_and_in_words(self, text: str, value: dict[str, object]) -> None:
        assert [one.value for one in quantity.find(text)] == [value]

    @pytest.mark.parametrize("text", ["10/12", "10%", "às 10:30", "muitas"])
    def test_a_date_or_a_share_is_none(self, text: str) -> None:
        assert quantity.find(text) == []
