"""Words of somebody who may harm themselves: heard in each language, and not in what people say of a joke."""

from typing import Final

import pytest

from agents.commands import Mention, OptOut, Say
from tests.agents.fast_rules.labelled import labelled
from tests.agents.fast_rules.persona import understood

YES: Final = """
quero me matar
eu vou me matar hoje
to pensando em me matar
não quero mais viver
nao aguento mais viver assim
quero morrer
penso em suicídio todo dia
vou me suicidar
quero acabar com a minha vida
já tentei tirar minha própria vida
meu filho quer se matar
minha filha falou em se matar
queria morrer, não vejo saída
tenho pensamentos suicidas
quero sumir desse mundo
seria melhor eu morrer logo
quero me machucar
não sei mais o que fazer, só penso em me matar
i want to die
i'm going to kill myself
i want to end my life
i feel suicidal
quiero morirme
me quiero matar
no quiero vivir más
""".strip().splitlines()
NO: Final = """
vou me matar de trabalhar
quero morrer de rir
quase morri de vergonha
esse preço me mata
chegou o filme sobre o rapaz que quis se suicidar?
matei a saudade
meu cachorro morreu
quero matar a fome
estou morrendo de calor
tenho uma palestra sobre suicídio
me cortei com a faca, vocês atendem urgência?
i'm dying to see it
esquadrão suicida está em cartaz?
não vou morrer por isso
quanto custa o seguro de vida?
quero viver melhor
o celular morreu
vou me cortar o cabelo
""".strip().splitlines()
CRISIS: Final = Say(mention=Mention.CRISIS)


class TestCrisis:
    @pytest.mark.parametrize("words", YES)
    def test_it_is_heard_and_no_model_has_to_be_asked(self, words: str) -> None:
        found = understood(words)
        assert CRISIS in found.commands
        assert found.is_explained

    @pytest.mark.parametrize("words", NO)
    def test_a_way_of_speaking_is_none(self, words: str) -> None:
        assert CRISIS not in understood(words).commands

    def test_no_other_message_of_the_labelled_sets_is_one(self) -> None:
        texts = [line.text for name in ("handoff", "opt_out", "negative") for line in labelled(name)]
        assert [text for text in texts if CRISIS in understood(text).commands] == []

    def test_it_does_not_hide_another_wish(self) -> None:
        commands = understood("me tira dessa lista, quero me matar").commands
        assert CRISIS in commands
        assert any(isinstance(command, OptOut) for command in commands)

    def test_what_was_asked_for_is_not_filled_with_it(self) -> None:
        assert {command.type for command in understood("quero me matar", ask="uso").commands} == {"say"}
