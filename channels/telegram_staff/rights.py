"""The rights that a bot wants in its group, by their names at Telegram."""

from collections.abc import Mapping
from typing import Final

from core.texts import Text

# Without the first no topic can be opened; the others are missed, but nothing stops for them.
RIGHTS: Final[Mapping[str, Text]] = {
    "can_manage_topics": Text("gerenciar tópicos", "manage topics"),
    "can_pin_messages": Text("fixar mensagens", "pin messages"),
    "can_delete_messages": Text("apagar mensagens", "delete messages"),
}
NEEDED: Final = "can_manage_topics"
