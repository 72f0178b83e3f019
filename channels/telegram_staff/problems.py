"""What keeps a bot or its group from working, by name, and in words for whoever can mend it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.texts import Text


class Problem(StrEnum):
    TOKEN = "token"  # noqa: S105 - the name of a trouble, no token
    CONFLICT = "conflict"
    UNREACHABLE = "unreachable"
    WEBHOOK = "webhook"
    GAP = "gap"
    UNREADABLE = "unreadable"
    KICKED = "kicked"
    NO_ADMIN = "no_admin"
    NO_TOPICS = "no_topics"
    NO_RIGHT = "no_right"


WORDS: Final[Mapping[Problem, Text]] = {
    Problem.TOKEN: Text(
        "O Telegram recusou o token do bot: gere outro no @BotFather e rode `masteria connect telegram`.",
        "Telegram refused the bot's token: get another from @BotFather and run `masteria connect telegram`.",
    ),
    Problem.CONFLICT: Text(
        "Outro programa busca as mensagens deste bot: pare-o, ou crie um bot só para esta instalação.",
        "Another program fetches this bot's messages: stop it, or make a bot for this installation alone.",
    ),
    Problem.UNREACHABLE: Text(
        "O Telegram não responde: confira a internet do servidor. O que há para dizer fica na fila.",
        "Telegram does not answer: check the server's network. What there is to say is kept.",
    ),
    Problem.WEBHOOK: Text(
        "O Telegram não consegue entregar em MASTERIA_PUBLIC_URL: confira o endereço e o certificado.",
        "Telegram cannot deliver to MASTERIA_PUBLIC_URL: check the address and its certificate.",
    ),
    Problem.GAP: Text(
        "Passaram mais de 24 h sem contato com o Telegram: o que foi escrito no grupo antes disso pode ter se perdido.",
        "More than 24 h went by without Telegram: what was written in the group before that may be lost.",
    ),
    Problem.UNREADABLE: Text(
        "As credenciais desta conexão não abrem: confira MASTERIA_SECRET_KEYS.",
        "This connection's credentials do not open: check MASTERIA_SECRET_KEYS.",
    ),
    Problem.KICKED: Text(
        "O bot foi removido do grupo da equipe: adicione-o de novo como administrador. Ninguém é avisado por lá.",
        "The bot was removed from the staff group: add it again as an administrator. Nobody is told there.",
    ),
    Problem.NO_ADMIN: Text(
        "O bot não é administrador do grupo da equipe: promova-o, com permissão de gerenciar tópicos.",
        "The bot is no administrator of the staff group: promote it, with the right to manage topics.",
    ),
    Problem.NO_TOPICS: Text(
        "Os tópicos do grupo da equipe estão desligados: ligue-os em Configurações do grupo > Tópicos.",
        "The topics of the staff group are off: turn them on in the group's settings > Topics.",
    ),
    Problem.NO_RIGHT: Text(
        "Falta ao bot a permissão de gerenciar tópicos no grupo da equipe: dê-a em Administradores.",
        "The bot lacks the right to manage topics in the staff group: grant it under Administrators.",
    ),
}
# With these, what is for the group waits; with the others of a group, only what needs a new topic.
SILENT: Final = frozenset({Problem.KICKED})


def words_of(name: str | None) -> Text | None:
    """None: nothing is wrong. One of another release is named as it is."""
    if name is None:
        return None
    return WORDS[Problem(name)] if name in set(Problem) else Text(name, name)
