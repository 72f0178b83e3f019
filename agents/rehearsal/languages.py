"""Which language somebody writes, told by the small words that no sentence is without."""

from typing import Final, Literal

from agents.rehearsal.words import fold, word_set, words

Tongue = Literal["pt-BR", "en", "es"]


def tongue_of(text: str, *, otherwise: Tongue = "pt-BR") -> Tongue:
    """`otherwise` where nothing tells: a number, a name, an emoji."""
    found = [word.text for word in words(fold(text))]
    scores: dict[Tongue, float] = {
        tongue: sum(_weight(word, tongue) for word in found) for tongue in ("pt-BR", "en", "es")
    }
    if any(letter in "¿¡ñÑ" for letter in text):
        scores["es"] += 2
    if any(letter in "ãõçÃÕÇâêôÂÊÔ" for letter in text):
        scores["pt-BR"] += 2
    best = max(scores, key=lambda tongue: (scores[tongue], tongue == otherwise))
    return best if scores[best] > 0 else otherwise


def _weight(word: str, tongue: Tongue) -> float:
    """A word that two languages share says half as much for each."""
    holders = sum(word in known for known in _SMALL_WORDS.values())
    return 1 / holders if word in _SMALL_WORDS[tongue] else 0


_SMALL_WORDS: Final[dict[Tongue, frozenset[str]]] = {
    "pt-BR": word_set(
        "o os a as um uma de do da dos das em no na nos nas por pelo pela para pra pro com sem que se e ou mas nao sim "
        "eu voce voces vc vcs ele ela nos meu minha seu sua isso isto esse essa este esta aqui la ja mais muito bem "
        "quero queria posso pode podem tem tenho ter ser esta estou sao foi vou vai gostaria qual quais quanto quantos "
        "quando onde como porque oi ola bom boa dia tarde noite obrigado obrigada ate tambem ainda so agora hoje "
        "amanha fazer preciso consigo alguem ninguem pessoa atendente falar entre sobre depois antes tudo nada "
        "tchau beleza valeu me te se lhe manda mandar trata deu veio"
    ),
    "en": word_set(
        "the a an of in on at by for with without that if and or but not yes no i you he she we they my your his her "
        "our their this these those here there is are was were be been am do does did have has had can could would "
        "should will want need like what which how when where why who hi hello hey good morning afternoon evening "
        "thanks thank please it its me us them to from about after before all nothing much many some any speak talk "
        "someone person today tomorrow now just dont doesnt cant im id actually meant bye"
    ),
    "es": word_set(
        "el los la las un una de del en por para con sin que si y o pero no yo tu usted ustedes nosotros mi su esto "
        "eso ese esa este esta aqui alli ya mas muy bien quiero puedo puede pueden tiene tengo tener ser estoy son fue "
        "voy va quisiera cual cuales cuanto cuanta cuantos cuando donde como porque hola buenos buenas dias tardes "
        "noches gracias hasta tambien ahora hoy manana hacer necesito alguien nadie persona hablar entre sobre despues "
        "antes todo nada adios favor"
    ),
}
