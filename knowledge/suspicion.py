"""Sentences that speak to an assistant instead of a reader. They are marked, not removed: a person judges them."""

import re
import unicodedata
from typing import Final

# Letters of other alphabets that look like ours, as those use who hope that nobody searches for them.
_LOOKALIKES: Final = str.maketrans("аеорсухіѕјԁԛɡοανρτ", "aeopcyxisjdqgoavpt")
_ACCENTS: Final = re.compile(r"[\u0300-\u036f]+")
_SPACES: Final = re.compile(r"[^\S\n]+")
_UNSEEN: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")

_ASSISTANT: Final = (
    r"(?:assistente|assistant|asistente|chatbot|chat ?gpt|gpt|claude|gemini|llm|robo virtual|bot|ia|ai"
    r"|inteligencia artificial|modelo de lingu[a-z]+|language model)"
)
_EARLIER: Final = r"(?:anteriores|previas|acima|precedentes|recebidas|previous|prior|above|earlier|preceding|original)"
_ORDERS: Final = (
    r"(?:instrucoes|instrucciones|instructions?|regras|reglas|rules|ordens|ordenes|orders|prompts?|diretrizes)"
)
_FORGET: Final = (
    r"(?:ignor[ea]r?|ignores|desconsider[ea]|esque[cz]a|esquece|olvid[ae]|disregard|forget|override|descarte)"
)
_UNTOLD: Final = (
    r"(?:nao|no|do not|don'?t|never|nunca)\s+(?:conte|diga|informe|mencione|revele|tell|inform|mention|reveal)"
)
_ORDER: Final = r"(?:responda|diga|ignore|envie|nao|sempre|answer|say|tell|send|always|never|do)"
_CALLED: Final = r"(?:caro|prezado|querido|dear|atencao|attention|nota para|note to|mensagem para|message to)"
_PATTERNS: Final = (
    rf"\b{_FORGET}\b[^.\n]{{0,40}}\b{_ORDERS}\b",
    rf"\b{_FORGET}\b[^.\n]{{0,30}}\b(?:tudo|todo|everything|all)\b[^.\n]{{0,30}}\b{_EARLIER}\b",
    rf"\b(?:voce (?:agora )?e|eres(?: ahora)?|you are(?: now)?)\s+(?:um |uma |un |una |an? |o |the )?{_ASSISTANT}\b",
    rf"\b(?:aja|atue|comporte-se|actua|act|behave)\s+(?:como|as)\s+(?:se fosse )?(?:um |uma |un |an? )?{_ASSISTANT}\b",
    rf"\b{_CALLED}\s*[:,]?\s*(?:o |a |the |an? |any )?{_ASSISTANT}\b",
    rf"(?:^|[.!?\n]\s{{0,3}}){_ASSISTANT}\s*[,:]\s*{_ORDER}\b",
    rf"\b(?:se|if|si)\s+(?:voce |you |tu )?(?:for|e|are|eres|es)\s+(?:um |uma |un |an? )?{_ASSISTANT}\b",
    rf"\b(?:como|as)\s+(?:um |uma |un |an? )?{_ASSISTANT}\s*,?\s*(?:voce deve|responda|you must|you should|debes)\b",
    r"\b(?:system|sistema)\s+prompt\b|\bprompt\s+(?:do|de|del)\s+sistema\b",
    rf"\b{_UNTOLD}\b[^.\n]{{0,30}}\b(?:ao |a |to |the |al )?(?:usuario|cliente|user|customer)\b",
    r"\b(?:novas|nuevas|new)\s+(?:instrucoes|instrucciones|instructions)\s*:",
    r"<\|?\s*(?:im_start|im_end|system|endoftext)\s*\|?>|\[/?inst\]|<<sys>>|#{2,}\s*(?:system|instruction)s?\s*:?",
    r"\b(?:jailbreak|developer mode|modo desenvolvedor|dan mode)\b",
)
_ADDRESSED: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))


def addresses_assistants(text: str) -> bool:
    return _ADDRESSED.search(_folded(text)) is not None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", _UNSEEN.sub("", text)).casefold().translate(_LOOKALIKES)
    return _SPACES.sub(" ", _ACCENTS.sub("", plain))
