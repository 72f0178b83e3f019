"""Wishes in words that no pattern knows: learned weights, what turns them round, and that they are up to date."""

import pytest

from agents.rules import leaning
from agents.rules.leaning import Wish
from agents.rules.sentences import clauses
from tests.agents.fast_rules.training import FILE, digest, examples


def leans(wish: Wish, text: str) -> str | None:
    """The words that were taken for it."""
    span = leaning.request(wish, clauses(text))
    return None if span is None else text[span[0] : span[1]]


class TestRequest:
    @pytest.mark.parametrize(
        "text",
        [
            "bora chamar um atendente de uma vez",  # none of these is in a set, and no pattern knows them
            "atendente humano já pelo amor",
            "deu de robô, me arranja gente pra conversar",
        ],
    )
    def test_a_wish_for_a_person_is_heard_by_what_it_is_made_of(self, text: str) -> None:
        assert leans(Wish.HANDOFF, text) == text
        assert leans(Wish.OPT_OUT, text) is None

    @pytest.mark.parametrize(
        "text", ["cansei de tanta mensagem, tirem meu número", "me tirem dessa lista de envio, gente"]
    )
    def test_so_is_one_to_be_left_alone(self, text: str) -> None:
        assert leans(Wish.OPT_OUT, text) == text
        assert leans(Wish.HANDOFF, text) is None

    @pytest.mark.parametrize(
        "text",
        [
            "não quero falar com atendente, pode ser por aqui",
            "se eu precisar de um atendente, como faço?",
            "o cliente disse: quero falar com um atendente",
            "quero contratar um atendente humano",
            "tô falando com uma pessoa de verdade?",
            "já consegui falar com o atendente",
            "i dont need to talk to an agent",
            "no need to talk to a person",
            "unless I need a human, just go on",
            "me manda o contato da oficina",
            "minha operadora é a Vivo",
        ],
    )
    def test_what_is_not_wished_for_now_is_none(self, text: str) -> None:
        assert leans(Wish.HANDOFF, text) is None

    @pytest.mark.parametrize(
        "text",
        [
            "não parem de mandar as novidades",
            "se eu quiser sair da lista depois dá?",
            "vocês não me mandaram mais mensagem",
            "quero receber mensagens de vocês",
            "um cliente pediu para sair da lista de mensagens",
            "add me to your newsletter list",
            "me manda mensagem",
            "mensagem",
            "12 message",
            "para uso na empresa",
        ],
    )
    def test_nor_is_what_says_the_opposite(self, text: str) -> None:
        assert leans(Wish.OPT_OUT, text) is None

    @pytest.mark.parametrize("text", ["", "?", "kkkk", "👍", "12345", "zxcv qwer asdf"])
    def test_what_says_nothing_leans_nowhere(self, text: str) -> None:
        assert [leans(wish, text) for wish in Wish] == [None, None]

    def test_of_several_sentences_it_is_the_one_that_says_so(self) -> None:
        text = "Oi, tudo bem? O pedido chegou ontem. Preciso de um atendente humano, por favor. Obrigada!"
        assert leans(Wish.HANDOFF, text) == "Preciso de um atendente humano, por favor"

    def test_a_long_story_takes_no_longer_than_it_may(self) -> None:
        assert leans(Wish.HANDOFF, "a loja abre cedo e fecha tarde " * 2000) is None


class TestWeights:
    def test_they_were_learned_from_what_is_labelled_now(self) -> None:
        """Else: `python -m tests.agents.fast_rules.training`."""
        first, *_ = FILE.read_text(encoding="utf-8").splitlines()
        assert first == f"# {digest(examples())}"

    def test_each_has_one_for_either_wish(self) -> None:
        rows = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()[1:]]
        assert len({row[0] for row in rows}) == len(rows) > 1000
        assert all(len(row) == 3 and int(row[1]) | int(row[2]) for row in rows)
