"""What the Cloud API can carry, and how fast: section 6 of the fact sheet."""

from typing import Final

from channels.base import Capabilities
from channels.whatsapp_cloud.limits import LONGEST_TEXT
from core.models.stream import MessageKind

CLOUD: Final = Capabilities(
    sends=frozenset(MessageKind) - {MessageKind.ORDER, MessageKind.SYSTEM, MessageKind.UNSUPPORTED},
    has_window=True,
    has_templates=True,
    has_typing=True,
    echoes_tag=True,
    longest_text=LONGEST_TEXT,
    per_second=80,  # 20 where the owner also uses the number in the app: channels/rate_limits.py
    pair_seconds=6,
    pair_burst=45,
)
