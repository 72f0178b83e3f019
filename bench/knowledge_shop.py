"""A shop's base and what its customers ask: the wrong base for the questions of a data set, and the other way round."""

from collections.abc import Sequence
from itertools import product
from typing import Final

PASSAGES: Final[Sequence[tuple[str, str]]] = (
    ("Entrega", "Entregamos em todo o Brasil. Nas capitais o prazo é de 2 a 4 dias úteis, no interior de 5 a 9."),
    ("Entrega", "O frete é grátis em compras acima de R$ 199. Abaixo disso ele é calculado pelo CEP no carrinho."),
    ("Entrega", "O código de rastreio chega por e-mail assim que a transportadora recolhe o pacote."),
    ("Trocas", "A primeira troca é por nossa conta e pode ser pedida em até 30 dias depois da entrega."),
    ("Trocas", "O produto deve voltar sem uso, com a etiqueta e na embalagem original."),
    ("Reembolso", "O reembolso cai no mesmo cartão em até duas faturas, ou por Pix em 3 dias úteis."),
    ("Pagamento", "Aceitamos cartão de crédito em até 6 vezes sem juros, boleto à vista e Pix com 5% de desconto."),
    ("Pagamento", "O boleto vence em dois dias úteis. Depois disso o pedido é cancelado automaticamente."),
    ("Lojas", "A loja da Rua das Flores abre de segunda a sexta das 9h às 19h e aos sábados das 9h às 14h."),
    ("Lojas", "É possível comprar pelo site e retirar na loja no mesmo dia, se houver estoque."),
    ("Tamanhos", "Os tênis seguem a numeração brasileira, do 33 ao 46. Em caso de dúvida, escolha o maior."),
    ("Tamanhos", "A camiseta tamanho M mede 52 cm de largura e 71 cm de altura."),
    ("Garantia", "As mochilas têm garantia de um ano contra defeitos de costura e de zíper."),
    ("Garantia", "O relógio esportivo tem garantia de 12 meses do fabricante, e a pulseira de 90 dias."),
    ("Cuidados", "Lave a jaqueta impermeável à mão, com água fria, e nunca use amaciante."),
    ("Cuidados", "A palmilha pode ser tirada e lavada. O tênis não deve ir à máquina nem secar ao sol."),
    ("Fidelidade", "Cada real gasto vale um ponto. Com 500 pontos você ganha um vale de R$ 25."),
    ("Presente", "Embrulhamos para presente por R$ 8, com um cartão escrito à mão."),
    ("Atacado", "Empresas têm preço de atacado a partir de 20 peças, com nota fiscal."),
    ("Cupom", "O cupom PRIMEIRA10 dá 10% de desconto na primeira compra e não vale com outras ofertas."),
)
_ABOUT: Final = (
    "o tênis de corrida", "a jaqueta impermeável", "a mochila de couro", "o relógio esportivo", "a camiseta azul",
    "a bermuda", "o boné", "a garrafa térmica", "a sandália", "o cinto",
)  # fmt: skip
_FORMS: Final = (
    "Qual o prazo de entrega para {}?",
    "Quanto custa {}?",
    "Vocês têm {} no tamanho 42?",
    "Posso trocar {} se não servir?",
    "{} tem garantia de quanto tempo?",
    "Como devo lavar {}?",
    "Dá para pagar {} em quantas vezes sem juros?",
    "O frete de {} é grátis?",
    "Tem {} na loja da Rua das Flores?",
    "Como rastreio o pedido de {}?",
    "{} vem com embalagem para presente?",
    "O cupom de desconto vale para {}?",
    "Quando {} volta ao estoque?",
    "Qual o preço de atacado de {}?",
    "{} existe em outra cor?",
    "Quero devolver {}, como recebo o reembolso?",
    "Vocês entregam {} no sábado?",
    "O boleto de {} vence quando?",
    "{} molha na chuva?",
    "Quantos pontos ganho comprando {}?",
)


def questions() -> list[str]:
    """Two hundred."""
    return [_with_capital(form.format(about)) for form, about in product(_FORMS, _ABOUT)]


def _with_capital(words: str) -> str:
    return words[0].upper() + words[1:]
