"""A web page as a reader sees it: headings, paragraphs, tables and answered questions, and nothing that is hidden."""

from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

from knowledge.documents import Flag, RefusalReason, Unreadable
from knowledge.loaders.draft import Draft
from knowledge.loaders.table import Table
from knowledge.loaders.unseen import closed_by, has_ground, hides, writes_white

_DEEPEST: Final = 400
_MOST_ELEMENTS: Final = 400_000
_VOID: Final = frozenset(
    "area base basefont bgsound br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905 - a list of names reads better as words
)
_NOT_TEXT: Final = frozenset(
    {"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "canvas", "audio", "video"}
    | {"nav", "select", "button", "textarea", "datalist", "dialog", "head"}
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "html", "li", "main", "ol", "p", "pre", "section"}
    | {"summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption", *_HEADINGS}
)
_CLOSE_THEMSELVES: Final = {
    **{name: frozenset({name}) for name in ("li", "option", "p")},
    "tr": frozenset({"tr", "td", "th"}),
    **dict.fromkeys(("td", "th"), frozenset({"td", "th"})),
    **dict.fromkeys(("dt", "dd"), frozenset({"dt", "dd"})),
}


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    is_dropped: bool = False
    is_hidden: bool = False
    has_ground: bool = False


_OUTSIDE: Final = _Open("")


@dataclass(slots=True)
class _Rows:
    """A table while its cells are read."""

    table: Table
    cells: list[str]


class _Page(HTMLParser):
    def __init__(self, draft: Draft) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._draft = draft
        self._open: list[_Open] = []
        self._counts: Counter[str] = Counter()
        self._elements = 0
        self._words: list[str] = []
        self._tables: list[_Rows] = []
        self._question: str | None = None
        self._answer: list[str] = []
        self._closed: frozenset[str] = frozenset()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise Unreadable(RefusalReason.TOO_LARGE)
        if tag in _VOID:
            self._words.append("\n" if tag == "br" else " ")
            return
        self._close_open_ones(tag)
        if tag in _BLOCKS:
            self._flush()
        attributes = {name: value or "" for name, value in attrs}
        above = self._open[-1] if self._open else _OUTSIDE
        is_grounded = above.has_ground or has_ground(attributes)
        is_hidden = hides(attributes, self._closed) or (writes_white(attributes) and not is_grounded)
        here = _Open(
            tag,
            is_dropped=above.is_dropped or tag in _NOT_TEXT,
            is_hidden=above.is_hidden or is_hidden,
            has_ground=is_grounded,
        )
        if len(self._open) < _DEEPEST:
            self._open.append(here)
            self._counts[tag] += 1
        self._begin(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        while self._counts[tag]:
            if self._close_last() == tag:
                return

    @override
    def handle_data(self, data: str) -> None:
        here = self._open[-1] if self._open else _OUTSIDE
        if here.tag == "title" and not self.title:
            self.title = " ".join(data.split())
        elif here.tag == "style":
            self._closed |= closed_by(data)
        elif here.is_dropped:
            return
        elif here.is_hidden:
            if data.strip():
                self._draft.note(Flag.HIDDEN_TEXT)
        else:
            self._words.append(data if here.tag == "pre" else " ".join(f"x{data}x".split())[1:-1])

    @override
    def close(self) -> None:
        super().close()
        while self._open:
            self._close_last()
        self._flush()
        self._settle()

    def _close_last(self) -> str:
        """What an element ends is settled while it is still the last one."""
        tag = self._open[-1].tag
        self._end(tag)
        self._open.pop()
        self._counts[tag] -= 1
        return tag

    def _close_open_ones(self, tag: str) -> None:
        """Pages leave out what a browser adds: a paragraph ends where the next block begins."""
        ends = _CLOSE_THEMSELVES.get(tag, frozenset()) | ({"p"} if tag in _BLOCKS else frozenset())
        while self._open and self._open[-1].tag in ends:
            self._close_last()

    def _begin(self, tag: str) -> None:
        if tag == "table":
            self._tables.append(_Rows(Table(self._draft), []))
        elif tag in {"dt", "summary"} or tag in _HEADINGS:
            self._settle()

    def _end(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._draft.heading(self._taken(), level=_HEADINGS[tag])
        elif tag in {"td", "th"} and self._tables:
            self._tables[-1].cells.append(self._taken())
        elif tag == "tr" and self._tables:
            self._end_row(self._tables[-1])
        elif tag == "table" and self._tables:
            self._end_row(self._tables[-1])
            self._tables.pop().table.end()
        elif tag in {"dt", "summary"}:
            self._question = self._taken()
        elif tag in _BLOCKS:
            self._flush()
        if tag in {"dd", "details"}:
            self._settle()

    def _end_row(self, rows: _Rows) -> None:
        cells, rows.cells = rows.cells, []
        rows.table.add(cells)

    def _flush(self) -> None:
        text = self._taken()
        if not text:
            return
        if (self._counts["td"] or self._counts["th"]) and self._tables:
            self._words.append(f"{text}\n")  # a paragraph in a cell stays in it
        elif self._question is not None:
            self._answer.append(text)
        else:
            self._draft.text(text)

    def _settle(self) -> None:
        """A question waits for all that is said below it."""
        if self._question is not None:
            self._draft.answer(self._question, "\n".join(self._answer))
        self._question, self._answer = None, []

    def _taken(self) -> str:
        text = "".join(self._words).strip()
        self._words.clear()
        return text


def read(text: str, draft: Draft) -> str:
    """Gives the page's title, or none."""
    page = _Page(draft)
    page.feed(_without_open_comment(text, draft))
    page.close()
    return page.title


def _without_open_comment(text: str, draft: Draft) -> str:
    """One that never ends hides the rest of the page in a browser, and shows it to the parser."""
    start = text.rfind("<!--")
    if start < 0 or "-->" in text[start:] or "</script" in text[start:].lower():
        return text
    draft.note(Flag.HIDDEN_TEXT)
    return text[: text.find("<!--", text.rfind("-->") + 1)]
