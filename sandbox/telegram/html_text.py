"""`parse_mode` HTML, refused in Telegram's words and with its byte offsets."""

import re
from dataclasses import dataclass
from typing import Final

from sandbox.telegram.errors import BotApiError, bad_request
from sandbox.telegram.wire import Json

_KINDS: Final = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    **{tag: tag for tag in ("pre", "code", "blockquote")},
}
_BARE_ATTRIBUTES: Final = frozenset({"expandable"})
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE: Final = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]{1,6})|(\d{1,7}))|([a-zA-Z]+));?")
_LAST_CODE: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_WIDE: Final = 0xFFFF
_LANGUAGE: Final = "language-"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    starts: int  # the piece of the result with which it begins


def parsed(source: str) -> tuple[str, list[Json]]:
    reader = _Reader(source)
    reader.read()
    entities = sorted(reader.entities, key=lambda each: (each["offset"], -each["length"]))
    return "".join(reader.pieces), entities


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._units = 0
        self._open: list[_Open] = []
        self.pieces: list[str] = []
        self.entities: list[Json] = []

    def read(self) -> None:
        while self._at < len(self._source):
            match self._source[self._at]:
                case "<" if self._source.startswith("</", self._at):
                    self._end()
                case "<":
                    self._begin()
                case "&":
                    self._reference()
                case plain:
                    self._write(plain)
                    self._at += 1
        if self._open:
            raise _refused(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')

    def _write(self, piece: str) -> None:
        self.pieces.append(piece)
        self._units += len(piece) + sum(ord(each) > _WIDE for each in piece)

    def _reference(self) -> None:
        found = _REFERENCE.match(self._source, self._at)
        meant = None if found is None else _meant(found)
        self._write(meant or "&")
        self._at = found.end() if meant and found else self._at + 1

    def _begin(self) -> None:
        begin = self._at
        found = re.compile(r"<([^\s>]*)").match(self._source, begin)
        tag = found.group(1).lower() if found else ""
        if found is None or found.end() == len(self._source):
            raise _refused(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        if tag not in _KINDS:
            raise _refused(f'Unsupported start tag "{tag}" at byte offset {self._bytes(begin)}')
        self._at = found.end()
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _refused(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(begin)}')
        self._open.append(_Open(tag=tag, attributes=attributes, offset=self._units, starts=len(self.pieces)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_blank()
            if self._at >= len(self._source):
                raise _refused(f"Unclosed start tag at byte offset {self._bytes(begin)}")
            if self._source[self._at] == ">":
                self._at += 1
                return attributes
            name, value = self._attribute(tag, begin)
            attributes[name] = value

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        found = re.compile(r"[^\s=>]*").match(self._source, self._at)
        name = found.group() if found else ""
        where = f'the tag "{tag}" at byte offset {self._bytes(begin)}'
        if not name:
            raise _refused(f"Empty attribute name in {where}")
        self._at += len(name)
        self._skip_blank()
        if not self._source.startswith("=", self._at):
            if name in _BARE_ATTRIBUTES:
                return name, name
            raise _refused(f"Expected equal sign in declaration of an attribute of {where}")
        self._at += 1
        self._skip_blank()
        return name, self._value(begin)

    def _value(self, begin: int) -> str:
        quoted = re.compile(r"'([^']*)'|\"([^\"]*)\"").match(self._source, self._at)
        if quoted is not None:
            self._at = quoted.end()
            return _REFERENCE.sub(lambda each: _meant(each) or each.group(), quoted.group(1) or quoted.group(2) or "")
        if self._at >= len(self._source) or self._source[self._at] in "'\"":
            raise _refused(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        start = self._at
        token = re.compile(r"[A-Za-z0-9.-]*").match(self._source, start)
        self._at = token.end() if token else start
        if self._at < len(self._source) and not (self._source[self._at].isspace() or self._source[self._at] == ">"):
            raise _refused(f"Unexpected end of name token at byte offset {self._bytes(start)}")
        return self._source[start : self._at].lower()

    def _end(self) -> None:
        begin = self._at
        if not self._open:
            raise _refused(f"Unexpected end tag at byte offset {self._bytes(begin)}")
        found = re.compile(r"</([^\s>]*)\s*>").match(self._source, begin)
        if found is None:
            raise _refused(f"Unclosed end tag at byte offset {self._bytes(begin)}")
        opened, name = self._open.pop(), found.group(1).lower()
        if name and name != opened.tag:
            where = self._bytes(begin)
            raise _refused(f'Unmatched end tag at byte offset {where}, expected "</{opened.tag}>", found "</{name}>"')
        self._at = found.end()
        if self._units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        told = {"offset": opened.offset, "length": self._units - opened.offset, "type": _KINDS[opened.tag]}
        match opened.tag:
            case "a":
                url = opened.attributes.get("href") or "".join(self.pieces[opened.starts :])
                if "." not in url and ":" not in url:
                    return  # no address: the text stays, without a link
                told["url"] = url
            case "tg-emoji":
                told["custom_emoji_id"] = _emoji(opened.attributes.get("emoji-id", ""))
            case "blockquote" if "expandable" in opened.attributes:
                told["type"] = "expandable_blockquote"
            case "code" if opened.attributes.get("class", "").startswith(_LANGUAGE):
                told["language"] = opened.attributes["class"].removeprefix(_LANGUAGE)
            case "pre":
                self._join_code(told)
        self.entities.append(told)

    def _join_code(self, told: Json) -> None:
        """`<pre><code class="language-x">` is one block."""
        place = (told["offset"], told["length"])
        inner = self.entities[-1] if self.entities else {}
        if inner.get("type") == "code" and (inner["offset"], inner["length"]) == place and "language" in inner:
            told["language"] = self.entities.pop()["language"]

    def _skip_blank(self) -> None:
        while self._at < len(self._source) and self._source[self._at].isspace():
            self._at += 1

    def _bytes(self, at: int) -> int:
        return len(self._source[:at].encode(errors="surrogatepass"))


def _meant(found: re.Match[str]) -> str | None:
    """What a reference stands for; None: it is no reference, but these letters."""
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return _NAMED.get(name)
    code = int(hexadecimal, 16) if hexadecimal is not None else int(decimal)
    return chr(code) if 0 < code < _LAST_CODE and code not in _SURROGATES else None


def _emoji(told: str) -> str:
    if not told.isdecimal() or int(told) == 0:
        raise bad_request("invalid custom emoji identifier specified")
    return told


def _refused(reason: str) -> BotApiError:
    return bad_request(f"can't parse entities: {reason}")
