"""Whether somebody speaks of harming themselves, or of one who may: rather once too often than once too seldom."""

import re
from collections.abc import Sequence
from typing import Final

from agents.rules.phrasing import FILL, Hit, hits, is_negated, maybe, shape, words
from agents.rules.sentences import Clause


def mentioned(clauses: Sequence[Clause]) -> tuple[int, int] | None:
    """Where it stands. Not in what people say of a joke, of their work or of a film."""
    about = [clause for clause in clauses if _CUE.search(clause.words)]
    return next((hit.span for hit in hits(about, _PATTERN) if not _is_a_way_of_speaking(hit)), None)


def _is_a_way_of_speaking(hit: Hit) -> bool:
    return bool(_IDIOM.match(hit.behind) or _ABOUT.search(hit.before) or is_negated(hit))


# Without one of these parts of words the pattern does not fit: most messages are done with here.
_CUE: Final = re.compile(
    "matar|mutil|suicid|enforc|cortar|cortando|jogar|vida|mor[ei]|viv[aeoi]|mort[ao]|machucar|ferir|sumir|kil|self|"
    "die|live|life|alive|dead|dano"
)
_SELF: Final = words("me|se")
_WANT: Final = (
    f"(?:{words('quero|queria|vou|penso em|pensando em|pensei em|vontade de|ja tentei|tentei|tentou|tentar')}"
    f"|{words('pensa em|falou em|quer|quis|prefiro|so quero|preferia|ameaca|ameacou|disposto a|capaz de')})"
)
_PATTERN: Final = shape(
    rf"{_WANT}{FILL}{{0,1}}?{_SELF}{words('matar|suicidar|enforcar|cortar toda|mutilar|jogar da ponte')}",
    rf"{_SELF}(?:{words('matar hoje|matar agora|suicidar|mutilar|mutilo|cortando toda|suicido')})",
    rf"{_WANT}{maybe('cometer')}{words('suicidio')}",
    rf"{words('pensamentos', 'pensamento', 'ideias', 'tendencia', 'tendencias')}{words('suicidas', 'suicida')}",
    rf"{words('tirar|acabar com|por fim a|dar fim a|dar fim na|terminar com|dar um fim na')}{maybe('a')}"
    rf"{words('minha propria vida', 'minha vida', 'propria vida')}",
    rf"{_WANT}{maybe('so', 'muito')}{words('morer')}",
    rf"{words('nao')}{words('quero|aguento|consigo|vejo sentido em|vale a pena|tenho vontade de|faz sentido')}"
    rf"{maybe('mais')}{words('viver', 'continuar viva', 'continuar vivo', 'estar viva', 'estar vivo')}",
    rf"{words('melhor|queria|era melhor|seria melhor')}{maybe('eu')}{words('estar morto|estar morta|morer logo')}",
    rf"{words('quero', 'vou', 'vontade de', 'penso em')}me {words('machucar', 'ferir', 'cortar')}",
    rf"{words('quero', 'queria', 'vontade de')}{words('sumir deste mundo', 'sumir dese mundo', 'sumir do mundo')}",
    rf"(?:{words('kill|killing|harm|harming|hurt|hurting')}{words('myself')})",
    rf"(?:{words('comit suicide|suicidal|end my life|ending my life|take my own life|better off dead|self harm')})",
    rf"{words('want to', 'wana', 'going to', 'i wish to')}{words('die')}",
    rf"{words('dont', 'do not')}{words('want to')}{words('live anymore', 'be alive', 'live any more', 'live')}",
    rf"(?:{words('quiero|voy a|pienso en|ganas de|pensando en')}"
    rf"{words('matarme|morirme|morir|suicidarme|quitarme la vida|hacerme dano')})",
    rf"(?:{words('me quiero matar|me voy a matar|no quiero vivir|no quiero seguir viviendo|quitarme la vida')}"
    rf"|{words('acabar con mi vida')})",
)
_IDIOM: Final = shape(
    words("o cabelo|cabelo|as unhas|a unha|o dedo|de|do|da|com ese calor|no boleto|na unha"),
    words("in a fire|for a|for this|here of|of laughter|por un"),
)
_ABOUT: Final = shape(
    rf"{words('livro', 'filme', 'serie', 'palestra', 'musica', 'curso', 'esquadrao', 'trabalho', 'campanha')}"
    rf"{FILL}{{0,4}}\Z"
)
