"""What a plain SMS can carry: the GSM alphabet, into which Portuguese goes without its accents."""

import unicodedata
from typing import Final

from agents.personas.definition import ChannelRules

_ALPHABET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
_WRITTEN_OTHERWISE: Final = str.maketrans("“”‘’–—", "\"\"''--")  # as gateways do by themselves
_ALONE: Final = (160, 70)  # characters of a single SMS: plain, or with any letter beyond
_JOINED: Final = (153, 67)


def strangers(text: str) -> str:
    """What is left that cannot be written even without accents: an emoji, an arrow."""
    plain = unicodedata.normalize("NFKD", text.translate(_WRITTEN_OTHERWISE))
    return " ".join(sorted({one for one in plain if one not in _ALPHABET and not unicodedata.combining(one)}))


def segment_room(rules: ChannelRules) -> int:
    """The characters of one message of as many segments as are allowed."""
    which = 0 if rules.gsm7_only else 1
    return _ALONE[which] if rules.max_segments == 1 else _JOINED[which] * rules.max_segments
