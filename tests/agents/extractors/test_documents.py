"""CPF, CNPJ and CEP: the oracles are numbers published as examples, and a single digit changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.extractors.documents import find_cep, find_cnpj, find_cpf, is_cnpj, is_cpf
from agents.extractors.found import Found, Refused


class TestCpf:
    @pytest.mark.parametrize("text", ["529.982.247-25", "52998224725", "529 982 247 25", "５２９.９８２.２４７-２５"])
    def test_every_way_to_write_one_is_read(self, text: str) -> None:
        assert find_cpf(text) == [Found({"number": "52998224725"}, 0, len(text))]

    def test_a_wrong_digit_is_refused(self) -> None:
        assert find_cpf("é 529.982.247-26") == [Refused(2, 16, "check_digits")]

    def test_one_digit_repeated_is_none(self) -> None:
        assert not is_cpf("11111111111")

    def test_bare_digits_that_fail_are_refused_only_where_they_were_asked_for_or_named(self) -> None:
        assert find_cpf("11987654322") == []
        assert find_cpf("11987654322", asked=True) == [Refused(0, 11, "check_digits")]
        assert find_cpf("cpf 11987654322") == [Refused(4, 15, "check_digits")]

    @given(st.integers(0, 10), st.integers(1, 9))
    def test_any_single_wrong_digit_is_noticed(self, place: int, by: int) -> None:
        right = "52998224725"
        wrong = f"{right[:place]}{(int(right[place]) + by) % 10}{right[place + 1 :]}"
        assert not is_cpf(wrong)


class TestCnpj:
    @pytest.mark.parametrize("text", ["11.222.333/0001-81", "11222333000181", "11.222.333 / 0001 - 81"])
    def test_one_of_digits_is_read(self, text: str) -> None:
        assert find_cnpj(text) == [Found({"number": "11222333000181"}, 0, len(text))]

    @pytest.mark.parametrize("text", ["12.ABC.345/01DE-35", "12.abc.345/01de-35", "12ABC34501DE35"])
    def test_one_with_letters_is_read_as_the_revenue_service_shows_it(self, text: str) -> None:
        assert find_cnpj(text) == [Found({"number": "12ABC34501DE35"}, 0, len(text))]

    def test_a_wrong_digit_is_refused(self) -> None:
        assert find_cnpj("12.ABC.345/01DE-36") == [Refused(0, 18, "check_digits")]

    def test_letters_are_no_check_digits(self) -> None:
        assert not is_cnpj("12ABC34501DEAB")

    def test_a_long_word_is_none(self) -> None:
        assert find_cnpj("desenvolvimento99 responsabilidad1") == []


class TestCep:
    @pytest.mark.parametrize("text", ["01310-100", "01.310-100", "01310 100"])
    def test_one_is_read(self, text: str) -> None:
        assert find_cep(text) == [Found({"cep": "01310100"}, 0, len(text))]

    def test_bare_digits_need_the_question_or_the_name(self) -> None:
        assert find_cep("01310100") == []
        assert find_cep("01310100", asked=True) == [Found({"cep": "01310100"}, 0, 8)]
        assert find_cep("CEP: 01310100") == [Found({"cep": "01310100"}, 5, 13)]

    def test_one_that_was_never_given_out_is_refused(self) -> None:
        assert find_cep("00000-000") == [Refused(0, 9, "unknown_cep")]
