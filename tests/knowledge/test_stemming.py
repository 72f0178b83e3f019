"""Tests of stems: relatives of three languages share theirs."""

import pytest

from knowledge.stemming import stem


class TestStem:
    @pytest.mark.parametrize(
        "family",
        [
            "troca trocas trocar trocado trocando trocam",
            "informacao informacoes informacion informaciones information",
            "entrega entregas entregamos entregar entregam entregan entregaron",
            "pagamento pagamentos pago pagar pagan",
            "envio envios enviar enviam enviado",
            "homem homens",
            "celular celulares",
            "devolver devolucao devolucoes devuelto",
            "universidade universidad universidades university",
            "ciudad ciudades",
            "vez veces vezes",
            "luz luces",
            "puerta puertas porta",
            "cerrar cierra cierran cerrado",
            "pedir pide piden pedido",
            "nacer nacio nacido nacimiento nacieron",
            "cambio cambiar cambiarlo cambiarla",
            "ingles ingleses",
            "pais paises",
            "imagem imagens imagen imagenes",
            "delivery deliveries deliver delivered",
            "order orders ordered ordering",
            "happen happened happening",
            "ship shipped shipping",
            "carry carried carries carrying",
            "build builds built building",
            "write wrote written writing",
            "create created creating creation",
            "garden gardens",
            "child children",
        ],
    )
    def test_words_of_a_family_have_one(self, family: str) -> None:
        assert len({stem(word) for word in family.split()}) == 1

    @pytest.mark.parametrize("strangers", ["found founded", "casa causa", "prato prazo", "ship shop", "rio rua"])
    def test_strangers_do_not(self, strangers: str) -> None:
        one, other = strangers.split()
        assert stem(one) != stem(other)

    def test_short_words_and_codes_keep_every_letter(self) -> None:
        assert [stem(word) for word in ("mes", "ab1234s", "2024", "")] == ["mes", "ab1234s", "2024", ""]

    def test_a_word_never_becomes_shorter_than_three_letters(self) -> None:
        words = ("aaaaaa", "iiii", "eses", "ssss", "ingo", "ated", "zzzz", "mmmm")
        assert min(len(stem(word)) for word in words) >= 3
