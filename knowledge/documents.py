"""What a source becomes on its way into a base: blocks as they were read, pieces to be found, or why neither."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from core.errors import Refused
from core.texts import Text


class SourceKind(StrEnum):
    """What the bytes are, whatever the file is called."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"
    HTML = "html"
    MARKDOWN = "markdown"
    TXT = "txt"
    JSON = "json"
    PAIRS = "pairs"  # questions with their answers, in whatever file they came
    FOLDER = "folder"  # a zipped one: its files are sources of their own


class BlockKind(StrEnum):
    HEADING = "heading"
    TEXT = "text"
    ROW = "row"  # of a table, with the names of its columns
    ANSWER = "answer"  # a question and its answer, never parted


class Flag(StrEnum):
    """What a person should look at before it is told to customers."""

    HIDDEN_TEXT = "hidden_text"  # nobody sees it on the page; it was left out
    ADDRESSES_ASSISTANTS = "addresses_assistants"  # speaks to an AI instead of a reader; kept, and marked
    INVISIBLE_CHARACTERS = "invisible_characters"  # were taken out
    MACROS = "macros"  # were not looked at
    EMBEDDED_FILES = "embedded_files"  # were not looked at
    TEXT_UNDER_PICTURE = "text_under_picture"  # of a scanned page: kept, and nobody sees whether it agrees
    NO_TEXT_ON_PAGE = "no_text_on_page"  # a picture of a text, or an empty page
    TRUNCATED = "truncated"  # a cell or a line was longer than any reader would read
    ENCODING_GUESSED = "encoding_guessed"  # neither UTF-8 nor declared


class RefusalReason(Enum):
    """Why a source cannot be read, and what to do about it."""

    EMPTY = Text("o arquivo está vazio", "the file is empty")
    NO_TEXT = Text(
        "não há texto nele; se for digitalizado, envie uma versão com texto",
        "there is no text in it; if it was scanned, send a version with text",
    )
    TOO_LARGE = Text("o arquivo é grande demais: divida-o", "the file is too large: split it")
    TOO_MANY_PAGES = Text(
        "tem mais de 2.000 páginas: divida o documento", "it has more than 2,000 pages: split the document"
    )
    TOO_MUCH_TEXT = Text("tem texto demais: divida o documento", "it has too much text: split the document")
    TOO_MANY_FILES = Text(
        "a pasta tem mais de 500 arquivos: envie em partes", "the folder has more than 500 files: send it in parts"
    )
    TOO_HEAVY = Text("exige memória demais para ser lido", "reading it takes too much memory")
    TOO_SLOW = Text("demora demais para ser lido", "reading it takes too long")
    ENCRYPTED = Text("está protegido por senha: envie sem a senha", "it is protected by a password: send it without")
    BROKEN = Text(
        "o arquivo está danificado: abra, salve de novo e envie", "the file is damaged: open it, save it again, send it"
    )
    BOMB = Text(
        "o conteúdo compactado cresce de forma suspeita", "its compressed content grows in a way that is suspicious"
    )
    UNSAFE_XML = Text(
        "o XML dele declara entidades, o que não aceitamos", "its XML declares entities, which we do not accept"
    )
    UNSAFE_NAME = Text(
        "um arquivo da pasta tem nome ou tipo que sai dela", "a file of the folder has a name or kind that leaves it"
    )
    NESTED_FOLDER = Text("há um ZIP dentro do ZIP: envie-o à parte", "a ZIP lies in the ZIP: send it by itself")
    PROGRAM = Text("é um programa, não um documento", "it is a program, not a document")
    UNKNOWN_KIND = Text(
        "não é um tipo que eu leia: envie PDF, DOCX, XLSX, CSV, HTML, Markdown, TXT, JSON ou ZIP",
        "it is not a kind that I read: send PDF, DOCX, XLSX, CSV, HTML, Markdown, TXT, JSON or ZIP",
    )
    OLD_OFFICE = Text(
        "é um formato antigo do Office: salve como DOCX ou XLSX", "it is an old Office format: save it as DOCX or XLSX"
    )
    SEVERAL_KINDS = Text("parece ser de dois tipos ao mesmo tempo", "it looks like two kinds of file at the same time")
    NO_SAFE_PLACE = Text(
        "este servidor não consegue isolar a leitura de arquivos: avise quem cuida da instalação",
        "this server cannot isolate the reading of files: tell whoever runs the installation",
    )


class Unreadable(Refused):
    """What a loader raises; whoever asked for the source gets a `Refusal`."""

    status = 422
    title = Text("Arquivo recusado", "File refused")

    def __init__(self, reason: RefusalReason) -> None:
        words = Refusal(reason=reason).words
        super().__init__(words.pt, words.en)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something of a source that a person should know."""

    flag: Flag
    times: int = 1
    page: int | None = None  # the first on which it was seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One heading, paragraph, row or answered question, in reading order."""

    text: str
    kind: BlockKind = BlockKind.TEXT
    headings: tuple[str, ...] = ()  # above it, the outermost first
    page: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    title: str
    kind: SourceKind
    blocks: tuple[Block, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A passage to be: what is found, and what an answer names as its source."""

    text: str
    title: str
    position: int  # in its document, from 0
    sha256: str  # of title, headings and text: unique in its document; page and position may move without it
    headings: tuple[str, ...] = ()
    page: int | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Not read, and why, in words for whoever sent it."""

    reason: RefusalReason

    @property
    def words(self) -> Text:
        pt, en = self.reason.value
        return Text(f"Não consegui ler: {pt}.", f"I could not read it: {en}.")
