"""What is typed beside the staff group: for the group, unless it is plainly for a finger."""

import pytest

from admin_api.chatting.group_words import (
    Act,
    Await,
    Become,
    Edit,
    Explain,
    Go,
    Leave,
    Press,
    React,
    Save,
    Send,
    Write,
    act_of,
)
from core.errors import Malformed


class TestActOf:
    @pytest.mark.parametrize(
        "line",
        [
            "bom dia",
            "/fila espera",
            "// só para nós",
            ":) tudo certo",
            ":D",
            "3 dias",
            "٣",
            "resolver: ok",
        ],
    )
    def test_what_is_for_nobody_else_is_written_as_it_stands(self, line: str) -> None:
        assert act_of(line) == Write(line)

    @pytest.mark.parametrize(
        ("line", "act"),
        [
            ("12", Press(12)),
            ("#", Go("")),
            ("#ana maria", Go("ana maria")),
            (":responder 7 já vou", Write("já vou", reply_to=7)),
            (":reply 7 coming", Write("coming", reply_to=7)),
            (":editar 7 melhor assim", Edit(7, "melhor assim")),
            (":reagir 7 👍", React(7, "👍")),
            (":reagir 7", React(7, "")),
            (":voz oi, Ana", Send("voice", "oi, Ana")),
            (":foto o quadro", Send("photo", "o quadro")),
            (":salvar 7 quadro.png", Save(7, "quadro.png")),
            (":quem davi", Become("davi")),
            (":esperar chegou", Await("chegou")),
            (":dizer 3", Write("3")),
            (":dizer :topicos", Write(":topicos")),
            (":AJUDA", Explain()),
            (":quit", Leave()),
        ],
    )
    def test_each_thing_a_finger_does_has_words(self, line: str, act: Act) -> None:
        assert act_of(line) == act

    @pytest.mark.parametrize("line", [":topicos", ":desconhecido 3"])
    def test_a_word_that_is_not_known_is_named_with_the_way_to_write_it(self, line: str) -> None:
        with pytest.raises(Malformed) as refused:
            act_of(line)
        assert f"`:dizer {line}`" in refused.value.detail.pt

    @pytest.mark.parametrize("line", [":editar sete oi", ":responder 7", ":voz", ":salvar 7", ":quem", ":reagir"])
    def test_what_is_half_said_is_refused_and_not_written_into_the_group(self, line: str) -> None:
        with pytest.raises(Malformed):
            act_of(line)
