"""Ordinary first sentences to each shipped persona: each is answered, and none is taken for what it does not say."""

from collections.abc import Mapping
from typing import Final

import pytest

from tests.graphs.conversation.theatre import PERSONAS, Dialogues, say

# What shows no evidence and moves no lead, whatever words it shares with a description.
PLAIN: Final[Mapping[str, str]] = {
    "agendamento": "olá, queria marcar um horário|oi|bom dia|quero agendar uma consulta|tem horário amanhã?|é urgente|"
    "vocês têm horário na sexta à tarde?|preciso de uma avaliação|é a primeira vez que vou aí|quanto custa a consulta?|"
    "gostaria de saber se tem vaga essa semana|qual o endereço?|quero remarcar|recebi um lembrete de vocês|"
    "meu nome é Carla e quero marcar retorno|vi o anúncio de vocês|vocês atendem convênio?|estou com dor|"
    "minha mãe quer marcar uma consulta|vocês abrem sábado?|boa tarde, tudo bem?|você é um robô?|posso ir hoje?|"
    "queria confirmar meu horário|quero um horário marcado logo|só posso de manhã|trabalho até as 18h|"
    "me indicaram vocês|preciso marcar para o meu filho|já conheço vocês",
    "cobranca": "recebi uma mensagem de vocês|oi|do que se trata?|quem é?|já paguei|qual o valor que eu devo?|"
    "não reconheço essa dívida|isso é golpe?|posso parcelar?|não tenho como pagar agora|não sou essa pessoa|"
    "número errado|vocês me ligaram|estou desempregado|tem desconto?|quero negociar|boa tarde|o boleto venceu|"
    "perdi o boleto|paguei ontem no pix|por que estão me cobrando?|não devo nada|você é um robô?|recebi um boleto|"
    "essa conta não é minha|mudei de endereço|quero entender essa cobrança|meu marido já resolveu|bom dia, tudo bem?|"
    "recebi uma mensagem de vocês, do que se trata?",
    "suporte": "bom dia|cadê meu pedido?|onde está o meu pedido?|recebi o produto errado|quando recebo o reembolso?|"
    "qual a garantia?|não consigo entrar na minha conta|como faço para trocar?|fui cobrado duas vezes|pedido 4521|"
    "comprei ontem e quero cancelar|meu nome é Bruno|vocês têm loja física?|faltou um item|a cor veio diferente|"
    "qual o prazo de entrega?|já faz dez dias|ninguém me responde|oi, tudo bem?|você é um robô?|o tamanho não serviu|"
    "comprei errado|tenho um problema|o problema não ficou resolvido|a pessoa que me atendeu sumiu|"
    "preciso de ajuda com o aplicativo|o número do pedido sumiu do site|mudei de endereço|é sobre uma compra|olá",
    "vendas-consultivas": "oi, boa tarde|vi o anúncio de vocês|quanto custa?|como funciona?|queria saber mais|"
    "tenho uma padaria|preciso de um sistema de pedidos|vocês atendem padarias em Santos?|tem desconto?|"
    "meu nome é Ana|somos 5 pessoas|tenho 6 mil por mês|vim pela indicação do João|vocês têm app?|"
    "dá para testar grátis?|uso outro sistema hoje|vocês integram com o iFood?|queria tirar uma dúvida|"
    "você é um robô?|só estou pesquisando|preciso até sexta|tem fidelidade?|oi, me passaram esse contato|"
    "bom dia, quero organizar as vendas da loja|ainda não decidi|meu sócio quer ver|qual o preço e como funciona?|"
    "a proposta de vocês chegou aqui|preciso disso|estou comparando sistemas",
}


@pytest.mark.parametrize("name", PLAIN)
async def test_none_is_taken_for_what_it_does_not_say(name: str) -> None:
    wrong = []
    for words in PLAIN[name].split("|"):
        outcome = (await Dialogues.of(PERSONAS[name]).turn(say(words))).outcome
        decision = outcome.decision
        greeted, *rest = [bubble.text for bubble in outcome.bubbles]
        is_right = "inteligência artificial" in greeted and rest and not decision.dialogue.evidence
        if not is_right or decision.stage != PERSONAS[name].stages[0].id or decision.handover:
            wrong.append((words, decision.rules, greeted))
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "words", "evidence"),
    [
        ("agendamento", "qual é o meu horário?", "quer_ver"),
        ("agendamento", "não vou poder ir amanhã", "quer_cancelar"),
        ("cobranca", "quero pagar", "quer_pagar"),
        ("suporte", "agora deu certo, obrigado", "resolveu"),
        ("suporte", "quero meu dinheiro de volta", "quer_reembolso"),
        ("vendas-consultivas", "quero uma demonstração", "interesse"),
    ],
)
async def test_what_is_said_in_so_many_words_is_heard(name: str, words: str, evidence: str) -> None:
    outcome = (await Dialogues.of(PERSONAS[name]).turn(say(words))).outcome
    assert evidence in outcome.decision.dialogue.evidence
