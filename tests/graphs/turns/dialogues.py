"""What people say from their first message on: everything a turn can do is done in one of these."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Script = Sequence[str]
SALES: Final[Mapping[str, Script]] = {
    "qualifies": (
        "Oi, bom dia!",
        "meu nome é Ana",
        "quero um site para a padaria",
        "meu orçamento é 8 mil",
        "até sexta",
        "somos 5 pessoas",
        "quero uma demonstração",
    ),
    "asks": ("Oi", "quanto custa?", "vocês entregam em Santos?", "como funciona?", "obrigada!"),
    "corrects": ("Oi, sou o Beto", "meu orçamento é 2 mil", "quer dizer, 3 mil", "preciso com urgência", "é isso"),
    "wants_a_person": ("Oi", "quero falar com um atendente", "tem alguém aí?", "e aí?"),
    "leaves": ("Oi", "meu nome é Caio", "por favor me tira dessa lista, não quero mais receber mensagens"),
    "mumbles": ("Oi", "blorg zunt", "hmpf quaz", "sei lá xpto"),
    "is_angry": ("Oi", "isso é um absurdo, vou no Procon", "estou esperando"),
}
BOOKING: Final[Mapping[str, Script]] = {
    "books": ("gostaria de agendar uma consulta", "meu nome é Ana", "segunda-feira às 9h", "sim", "obrigada"),
    "declines": ("gostaria de agendar uma consulta", "sou o Beto", "segunda-feira às 10h", "não", "deixa pra lá"),
}
_TAILS: Final = ("obrigada!", "quanto custa?", "quero falar com uma pessoa", "meu nome é Dora", "como funciona?")


def scripts(count: int, seed: int) -> Iterator[tuple[str, Script]]:
    """So many different ones: each as it is, then each with other endings."""
    dice = random.Random(seed)  # noqa: S311 - they are to be the same again
    yield from itertools.islice(SALES.items(), count)
    for number in range(count - len(SALES)):
        name = dice.choice(sorted(SALES))
        script = SALES[name]
        cut = dice.randint(1, len(script))
        yield f"{name}-{number}", (*script[:cut], *dice.sample(_TAILS, 2))
