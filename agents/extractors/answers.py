"""Yes and no, as an answer to a question; and the whole message as one."""

import re
from typing import Final

from agents.extractors.found import Found, plain

_LONGEST_TEXT: Final = 1000
_LONGEST_ANSWER: Final = 60
_MOST_CLAUSES: Final = 12


def find_text(text: str) -> list[Found]:
    """All of it, without the blanks around."""
    words = text.strip()
    if not words or not any(map(str.isalnum, words)):
        return []
    words = words[:_LONGEST_TEXT].rstrip()
    start = text.index(words)
    return [Found({"text": words}, start, start + len(words))]


def find_yes_no(text: str) -> list[Found]:
    """One at most, and none where it says both: "não, pode sim" is a yes, "sim, mas hoje não" is nothing certain."""
    folded = plain(text)
    answers: list[tuple[bool, bool, int, int]] = []  # yes?, a bare "não"?, start, end
    for number, clause in enumerate(_CLAUSE.finditer(folded.text)):
        if number == _MOST_CLAUSES:
            break
        words = " ".join(clause[0].split())
        if words and (yes := _meaning(words)) is not None:
            blank = len(clause[0]) - len(clause[0].lstrip())
            answers.append((yes, words in _BARE_NO, clause.start() + blank, clause.start() + len(clause[0].rstrip())))
        elif not answers and words and not _POLITE.fullmatch(words):
            return []
    meanings = {yes for yes, *_ in answers}
    if len(meanings) > 1 and answers[-1][0] and all(is_bare for yes, is_bare, *_ in answers if not yes):
        answers = [answer for answer in answers if answer[0]]
    elif len(meanings) != 1:
        return []
    yes, _, start, end = answers[-1] if answers[-1][0] and len(answers) == 1 else answers[0]
    return [Found({"yes": yes}, *folded.span(start, end))]


def _meaning(words: str) -> bool | None:
    if len(words) > _LONGEST_ANSWER:
        return None
    words = _AROUND.sub("", words).strip()
    if _NO.fullmatch(words):
        return False
    return True if _YES.fullmatch(words) else None


_CLAUSE: Final = re.compile(r"[^,.;:!?\n()]+")
_BARE_NO: Final = frozenset({"nao", "n", "no", "ñ"})
_AROUND: Final = re.compile(
    r"\A(?:(?:ah|ha|bom|entao|olha|mas|e|ai|ata|oi|ola|bom dia|boa tarde|boa noite|acho que|creio que|well|i think) )+|"
    r" (?:por favor|pf|pfv|obrigad[oa]|obg|valeu|vlw|please|thanks|gracias|moca|moco|amig[oa]|querid[oa]|tá|"
    r"ta|viu|ne|uai|kk+|rs+)\Z"
)
_POLITE: Final = re.compile(
    r"(?:oi|ola|bom dia|boa tarde|boa noite|ah|bom|entao|olha|hum+|obrigad[oa]|tudo bem|hi|hello|hola|por favor)"
)
_VERBS: Final = (
    r"(?:eu )?(?:quero|pode|podem|posso|tenho|sou|aceito|concordo|confirmo|autorizo|preciso|consigo|moro|"
    r"gostaria|tem|temos|somos|"
    r"queremos|prefiro|gostei|uso|recebi|vou|e|esta|ta|precisa|confirmado|da|foi|serve|quiero|puedo|tengo)"
)
_YES: Final = re.compile(
    r"(?:(?:sim+|s+|ss|si|yes|yeah|yep|yup|y|sure|claro|lógico|logico|obvio|certo|certeza|com certeza|correto"
    r"|corretissimo|exato|"
    r"exatamente|isso|isso mesmo|isso ai|issoo*|e isso|e sim|eh isso|okay|ok+|okey|oki|k|beleza|blz|perfeito|"
    r"fechado|combinado|bora|"
    r"vamos|positivo|afirmativo|aham+|uhum+|ahan|uhu+m|yes please|that's right|that's correct|right|correct|"
    r"exactly|absolutely|"
    r"of course|go ahead|pode ser|pode|podem|pode sim|sem problemas?|tranquilo|de acordo|concordo|confirmo|"
    r"confirmado|ta certo|esta certo|"
    r"ta correto|esta correto|ta bom|ta otimo|otimo|tudo certo|ta bem|por mim sim|dale|vale|por supuesto|"
    r"quero|aceito|aceita|"
    r"nao pode sim|nao claro|"
    r"[👍👌✅🆗🙏💯✔]+\S*|(?:" + _VERBS + r") sim|tenho|gostaria|posso|consigo|sou|moro|temos|autorizo)(?: |\Z))+"
)
_NO: Final = re.compile(
    r"(?:(?:nao+|naum|n|nn|nop|nope|nops|no|nah|nao nao|negativo|nem|nem pensar|nunca|jamais|de jeito nenhum|"
    r"de forma alguma|nem um pouco|"
    r"claro que nao|com certeza nao|por enquanto nao|agora nao|hoje nao|ainda nao|nao agora|acho que nao|sim "
    r"nao|isso nao|melhor nao|"
    r"prefiro que nao|prefiro nao|errado|ta errado|esta errado|incorreto|nao e isso|nao e|nao esta|nao ta|nao"
    r" mesmo|not really|not now|"
    r"wrong|no way|of course not|not yet|para nada|"
    r"[👎❌🚫✖]+\S*|nao (?:" + _VERBS + r")(?: nao| mais)?|(?:" + _VERBS + r") nao)(?: |\Z))+"
)
