"""A source while it is read: cleaned, counted against the bounds, with the headings that stand above each block."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final

from knowledge.documents import Block, BlockKind, Flag, Loaded, Note, RefusalReason, SourceKind, Unreadable

MOST_TEXT_BYTES: Final = 5 * 1024 * 1024
MOST_BLOCKS: Final = 200_000
MOST_HEADINGS: Final = 6
LONGEST_TITLE: Final = 200
LONGEST_HEADING: Final = 200

# Ligatures of printed letters, which nobody types into a search.
_LIGATURES: Final = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n\s*")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_UNSEEN: Final = re.compile(r"[\u00ad\u180e\u200b\u2060-\u2064\ufeff]|(?<=\w)[\u200c\u200d](?=\w)")
# What turns reading direction or spells letters that no screen shows: no document of a shop needs them.
_COVERT: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")


@dataclass(slots=True)
class Draft:
    """`page` is where the reader stands; a heading closes those of its level and below."""

    page: int | None = None
    _blocks: list[Block] = field(default_factory=list)
    _headings: list[tuple[int, str]] = field(default_factory=list)
    _notes: dict[Flag, Note] = field(default_factory=dict)
    _bytes: int = 0

    def heading(self, text: str, *, level: int) -> None:
        text = self.clean(text).replace("\n", " ")
        if not text:
            return
        if len(text) > LONGEST_HEADING:
            self._add(text, BlockKind.TEXT)
            return
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._add(text, BlockKind.HEADING)
        if len(self._headings) < MOST_HEADINGS:
            self._headings.append((level, text))

    def start_over(self, heading: str) -> None:
        """A part that stands beside all others: a sheet, a file."""
        self._headings.clear()
        self.heading(heading, level=1)

    def text(self, text: str) -> None:
        self._add(self.clean(text), BlockKind.TEXT)

    def row(self, text: str) -> None:
        self._add(self.clean(text).replace("\n", " "), BlockKind.ROW)

    def answer(self, question: str, answer: str) -> None:
        question, answer = self.clean(question).replace("\n", " "), self.clean(answer)
        if question and answer:
            self._add(f"{question}\n{answer}", BlockKind.ANSWER)
        elif question or answer:
            self._add(question or answer, BlockKind.TEXT)

    def note(self, flag: Flag, *, times: int = 1) -> None:
        known = self._notes.get(flag)
        page = self.page if known is None else known.page
        self._notes[flag] = Note(flag=flag, times=times + (known.times if known else 0), page=page)

    def clean(self, text: str) -> str:
        if _COVERT.search(text):
            self.note(Flag.INVISIBLE_CHARACTERS)
            text = _COVERT.sub("", text)
        text = unicodedata.normalize("NFC", _UNSEEN.sub("", text).translate(_LIGATURES))
        return _LINES.sub("\n", _SPACES.sub(" ", _CONTROLS.sub(" ", text))).strip()

    def forget_pages(self) -> None:
        self._blocks = [replace(block, page=None) for block in self._blocks]

    @property
    def is_empty(self) -> bool:
        return all(block.kind is BlockKind.HEADING for block in self._blocks)

    def finish(self, title: str, kind: SourceKind, *, otherwise: str = "") -> Loaded:
        """`title` is what the source calls itself, `otherwise` what it is called where it has no heading either."""
        if self.is_empty:
            raise Unreadable(RefusalReason.NO_TEXT)
        first = next((block.text for block in self._blocks if block.kind is BlockKind.HEADING), "")
        title = self.clean(title).replace("\n", " ") or first or self.clean(otherwise)
        is_pairs = all(block.kind in {BlockKind.ANSWER, BlockKind.HEADING} for block in self._blocks)
        return Loaded(
            title=title[:LONGEST_TITLE],
            kind=SourceKind.PAIRS if is_pairs else kind,
            blocks=tuple(self._blocks),
            notes=tuple(self._notes.values()),
        )

    def _add(self, text: str, kind: BlockKind) -> None:
        if not text:
            return
        self._bytes += len(text.encode())
        if self._bytes > MOST_TEXT_BYTES or len(self._blocks) >= MOST_BLOCKS:
            raise Unreadable(RefusalReason.TOO_MUCH_TEXT)
        headings = tuple(heading for _, heading in self._headings)
        self._blocks.append(Block(text=text, kind=kind, headings=headings, page=self.page))
