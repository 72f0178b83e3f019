"""What is typed into the terminal beside the staff group: mostly words for the group, else what a finger does there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from admin_api.staff.folding import folded
from core.errors import Malformed
from core.texts import Text


class Act:
    """One thing to do."""


@dataclass(frozen=True, slots=True)
class Write(Act):
    words: str
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Press(Act):
    button: int


@dataclass(frozen=True, slots=True)
class Go(Act):
    """To a topic; without a name only to see which there are."""

    name: str


@dataclass(frozen=True, slots=True)
class Send(Act):
    """A file whose content says these words."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Edit(Act):
    message: int
    words: str


@dataclass(frozen=True, slots=True)
class React(Act):
    message: int
    emoji: str


@dataclass(frozen=True, slots=True)
class Save(Act):
    message: int
    path: str


@dataclass(frozen=True, slots=True)
class Become(Act):
    name: str


@dataclass(frozen=True, slots=True)
class Await(Act):
    """For scripts: until these words were said."""

    words: str


@dataclass(frozen=True, slots=True)
class Explain(Act):
    pass


@dataclass(frozen=True, slots=True)
class Leave(Act):
    pass


HELP: Final = Text(
    "  texto            escreve no tópico em que você está; /comando também (/ajuda mostra todos)\n"
    "  3                aperta o botão [3]\n"
    "  #                lista os tópicos;  #2 ou #ana vai para um,  #0 para o General,  #bot para o privado\n"
    "  :responder 7 t   responde à mensagem 7           :editar 7 t     muda a sua mensagem 7\n"
    "  :reagir 7 👍     reage à mensagem 7              :voz t  :foto t  envia um áudio, uma foto que diz t\n"
    "  :salvar 7 ARQ    guarda o arquivo da mensagem 7  :quem NOME      passa a ser outra pessoa\n"
    "  :esperar t       espera até que alguém diga t    :dizer t        escreve t ao pé da letra\n"
    "  :ajuda  :sair",
    "  text             writes into the topic you are in; so does /command (/help shows all)\n"
    "  3                presses button [3]\n"
    "  #                lists the topics;  #2 or #ana goes to one,  #0 to the General,  #bot to the private chat\n"
    "  :reply 7 t       answers message 7               :edit 7 t       changes your message 7\n"
    "  :react 7 👍      reacts to message 7             :voice t  :photo t  sends one that says t\n"
    "  :save 7 FILE     keeps the file of message 7     :who NAME       become another person\n"
    "  :wait t          waits until somebody says t     :say t          writes t as it stands\n"
    "  :help  :quit",
)


def act_of(line: str) -> Act:
    """What is no word of ours is for the group; but a word behind a colon was meant for us, where `:D` was not."""
    if line.isascii() and line.isdigit():
        return Press(int(line))
    if line.startswith("#"):
        return Go(line[1:].strip())
    if line.startswith(":"):
        word, _, rest = line[1:].partition(" ")
        if (made := _FINGERS.get(folded(word))) is not None:
            return made(rest.strip())
        if len(word) > 1 and word.isalpha():
            raise Malformed(
                f"Não conheço `:{word}` aqui: `:ajuda` mostra o que há, `:dizer {line}` escreve ao pé da letra.",
                f"`:{word}` is not known here: `:help` shows what is, `:say {line}` writes it as it stands.",
            )
    return Write(line)


def _numbered(rest: str) -> tuple[int, str]:
    number, _, words = rest.partition(" ")
    if not (number.isascii() and number.isdigit()):
        raise Malformed(
            "Diga o número da mensagem, que está à esquerda dela: `:ajuda` mostra como.",
            "Name the number of the message, at its left: `:help` shows how.",
        )
    return int(number), words.strip()


def _words(rest: str) -> str:
    if not rest:
        raise Malformed("Faltam as palavras: `:ajuda` mostra como.", "Words are missing: `:help` shows how.")
    return rest


def _reply(rest: str) -> Act:
    number, words = _numbered(rest)
    return Write(_words(words), reply_to=number)


def _edit(rest: str) -> Act:
    number, words = _numbered(rest)
    return Edit(number, _words(words))


def _react(rest: str) -> Act:
    return React(*_numbered(rest))


def _save(rest: str) -> Act:
    number, path = _numbered(rest)
    return Save(number, _words(path))


_FINGERS: Final[Mapping[str, Callable[[str], Act]]] = {
    **dict.fromkeys(("responder", "reply"), _reply),
    **dict.fromkeys(("editar", "edit"), _edit),
    **dict.fromkeys(("reagir", "react"), _react),
    **dict.fromkeys(("salvar", "save"), _save),
    **dict.fromkeys(("voz", "voice"), lambda rest: Send("voice", _words(rest))),
    **dict.fromkeys(("foto", "photo"), lambda rest: Send("photo", _words(rest))),
    **dict.fromkeys(("quem", "who"), lambda rest: Become(_words(rest))),
    **dict.fromkeys(("esperar", "wait"), lambda rest: Await(_words(rest))),
    **dict.fromkeys(("dizer", "say"), lambda rest: Write(_words(rest))),
    **dict.fromkeys(("ajuda", "help"), lambda _: Explain()),
    **dict.fromkeys(("sair", "quit"), lambda _: Leave()),
}
