"""Telephone numbers and e-mail addresses."""

import pytest

from agents.extractors.contacts import find_email, find_phone
from agents.extractors.found import Found, Refused


class TestPhone:
    @pytest.mark.parametrize(
        "text",
        ["11 98765-4321", "(11) 98765-4321", "+55 11 98765-4321", "11987654321", "(11) 8765-4321", "１１ 98765-4321"],
    )
    def test_a_mobile_is_read_with_its_ninth_digit(self, text: str) -> None:
        assert find_phone(text) == [Found({"phone": "+5511987654321"}, 0, len(text))]

    def test_a_number_ends_where_another_begins(self) -> None:
        text = "+55 11 98765-4321 10"
        assert find_phone(text) == [Found({"phone": "+5511987654321"}, 0, 17)]

    def test_an_order_number_is_none_unless_a_telephone_was_asked_for(self) -> None:
        assert find_phone("pedido 1133334444") == []
        assert find_phone("1133334444", asked=True) == [Found({"phone": "+551133334444"}, 0, 10)]

    def test_a_number_without_its_area_is_refused_with_that_reason(self) -> None:
        assert find_phone("98765-4321", asked=True) == [Refused(0, 10, "area_code")]

    def test_what_no_plan_knows_is_refused(self) -> None:
        assert find_phone("(20) 98765-4321", asked=True) == [Refused(0, 15, "unknown_number")]

    def test_a_cpf_is_no_telephone(self) -> None:
        assert find_phone("529.982.247-25") == []


class TestEmail:
    def test_one_is_read_without_the_sentence_s_full_stop(self) -> None:
        assert find_email("é Ana.Souza@exemplo.com.br.") == [Found({"email": "ana.souza@exemplo.com.br"}, 2, 26)]

    def test_one_is_read_as_it_is_spoken(self) -> None:
        text = "ana ponto souza arroba gmail ponto com ponto br"
        assert find_email(text) == [Found({"email": "ana.souza@gmail.com.br"}, 0, len(text))]

    @pytest.mark.parametrize("text", ["ana@gmail", "josé@exemplo.com", "a..b@exemplo.com", "ana@-x.com"])
    def test_what_no_server_takes_is_refused(self, text: str) -> None:
        assert find_email(text) == [Refused(0, len(text), "not_an_address")]
