"""The reactions that everybody may use; a bot may set one of them on a message."""

from typing import Any, Final

from sandbox.telegram.errors import bad_request
from sandbox.telegram.wire import Json

_FREE_TEXT: Final = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 "
    "💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 "
    "😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
FREE: Final = frozenset(_FREE_TEXT.split())
_VARIATION: Final = "\ufe0f"


def checked_reactions(told: Any) -> list[Json]:
    if told is None:
        return []
    if not isinstance(told, list):
        raise bad_request("expected an Array of ReactionType")
    if len(told) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    return [_checked(each) for each in told]


def emoji_reactions(emojis: tuple[str, ...]) -> list[Json]:
    return [{"type": "emoji", "emoji": emoji.replace(_VARIATION, "")} for emoji in emojis]


def _checked(told: Any) -> Json:
    kind = told.get("type") if isinstance(told, dict) else None
    if kind not in {"emoji", "custom_emoji", "paid"}:
        raise bad_request("can't parse ReactionType: invalid reaction type specified")
    emoji = str(told.get("emoji", "")).replace(_VARIATION, "")
    if emoji not in FREE:
        raise bad_request("REACTION_INVALID")
    return {"type": "emoji", "emoji": emoji}
