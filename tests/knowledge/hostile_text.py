"""Text that is no text, that swells in a parser, or that says what no reader sees."""

import gzip
from functools import partial
from typing import Final

from knowledge.documents import Flag, RefusalReason
from tests.knowledge.harm import ORDER, TAKEN, Hostile, hiding, refused

_PAGE: Final = "<!doctype html><html><head><title>Loja</title></head><body><p>Abrimos cedo.</p>{}</body></html>"
_UNKNOWN: Final = refused(RefusalReason.UNKNOWN_KIND)
_PROGRAM: Final = refused(RefusalReason.PROGRAM)
_FULL: Final = refused(RefusalReason.TOO_MUCH_TEXT)
_WEARY: Final = TAKEN | refused(
    RefusalReason.TOO_SLOW, RefusalReason.TOO_HEAVY, RefusalReason.TOO_MUCH_TEXT, RefusalReason.NO_TEXT
)


def _page(body: str) -> bytes:
    return _PAGE.format(body).encode()


def _veiled(attributes: str) -> bytes:
    return _page(f"<div {attributes}>{ORDER}</div>")


FILES: Final = (
    Hostile(name="nothing", make=lambda: b"", ends=refused(RefusalReason.EMPTY), is_quick=True),
    Hostile(name="blanks", make=lambda: b" \r\n\t" * 1000, ends=refused(RefusalReason.EMPTY)),
    Hostile(name="zeros", make=lambda: bytes(5000), ends=refused(RefusalReason.EMPTY)),
    Hostile(name="program-called.pdf", make=lambda: b"MZ\x90\0" + bytes(range(256)) * 40, ends=_PROGRAM, is_quick=True),
    Hostile(name="elf-called.txt", make=lambda: b"\x7fELF\2\1\1" + bytes(200), ends=_PROGRAM),
    Hostile(name="script-called.txt", make=lambda: b"#!/bin/sh\nrm -rf /\n", ends=_PROGRAM),
    Hostile(name="picture-called.csv", make=lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 9, ends=_UNKNOWN),
    Hostile(name="rtf", make=lambda: rb"{\rtf1 Oi}", ends=_UNKNOWN),
    Hostile(name="gzip", make=lambda: gzip.compress(b"Oi"), ends=_UNKNOWN),
    Hostile(name="noise", make=lambda: bytes((at * at + 3 * at) % 251 for at in range(9000)), ends=_UNKNOWN),
    Hostile(name="wide-text-unmarked", make=lambda: "Abrimos cedo".encode("utf-16-le"), ends=_UNKNOWN),
    Hostile(name="wide-text-cut", make=lambda: "Abrimos".encode("utf-16")[:-1], ends=refused(RefusalReason.BROKEN)),
    Hostile(name="33-megabytes", make=lambda: b"a " * (17 << 20), ends=refused(RefusalReason.TOO_LARGE)),
    Hostile(name="one-line-of-20-megabytes", make=lambda: b"a" * (20 << 20), ends=_FULL),
    Hostile(
        name="svg-with-a-script.svg",
        make=lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        ends=_UNKNOWN,
    ),
    Hostile(
        name="xml-external-entity.xml",
        make=lambda: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        ends=refused(RefusalReason.UNSAFE_XML),
        is_quick=True,
    ),
    Hostile(
        name="json-a-million-deep.json",
        make=lambda: b"[" * 1_000_000 + b"]" * 1_000_000,
        ends=refused(RefusalReason.BROKEN),
        is_quick=True,
    ),
    Hostile(name="json-41-deep.json", make=lambda: b"[" * 60 + b'"x"' + b"]" * 60, ends=refused(RefusalReason.BROKEN)),
    Hostile(name="json-of-one-huge-number.json", make=lambda: b'{"preco": ' + b"9" * 3_000_000 + b"}", ends=TAKEN),
    Hostile(name="json-cut-short.json", make=lambda: b'{"a": "b", ', ends=refused(RefusalReason.BROKEN)),
    Hostile(name="json-of-half-letters.json", make=lambda: rb'{"a": "x\ud800y"}', ends=TAKEN),
    Hostile(
        name="csv-of-a-million-columns.csv",
        make=lambda: b"a," * 1_000_000 + b"\n" + b"b," * 1_000_000,
        ends=TAKEN,
        flags=frozenset({Flag.TRUNCATED}),
    ),
    Hostile(name="csv-with-an-open-quote.csv", make=lambda: b'a,b\n"' + b"x" * 3_000_000, ends=TAKEN | _FULL),
    Hostile(name="csv-with-formulas.csv", make=lambda: b"nome,preco\n=cmd|' /C calc'!A0,10\n", ends=TAKEN),
    Hostile(
        name="page-of-a-million-boxes.html",
        make=lambda: _page("<div>" * 1_000_000 + "Oi"),
        ends=refused(RefusalReason.TOO_LARGE),
    ),
    Hostile(name="page-of-open-brackets.html", make=lambda: _page("<" * 300_000), ends=_WEARY),
    Hostile(name="page-of-open-comments.html", make=lambda: _page("<!--" * 100_000), ends=_WEARY),
    Hostile(name="page-of-open-attributes.html", make=lambda: _page("<a " + "x='" * 200_000), ends=_WEARY),
    Hostile(
        name="page-with-an-open-script.html",
        make=lambda: _page("<script>" + "var a = 1;" * 100_000),
        ends=TAKEN,
        unread="var a",
    ),
    hiding("page-display-none.html", partial(_veiled, 'style="display:none"'), is_quick=True),
    hiding("page-size-zero.html", partial(_veiled, 'style="font-size:0px"')),
    hiding("page-white-on-white.html", partial(_veiled, 'style="color:#FFF"')),
    hiding("page-far-left.html", partial(_veiled, 'style="position:absolute;left:-9999px"')),
    hiding("page-hidden.html", partial(_veiled, "hidden")),
    hiding("page-hidden-by-class.html", lambda: _page(f"<style>.z{{display:none}}</style><p class='y z'>{ORDER}</p>")),
    Hostile(name="page-comment.html", make=lambda: _page(f"<!-- {ORDER} -->"), ends=TAKEN, unread="um real"),
    Hostile(
        name="page-that-moves-on.html",
        make=lambda: _page(
            '<meta http-equiv="refresh" content="0;url=file:///etc/passwd"><iframe src="file:///etc/passwd">x</iframe>'
        ),
        ends=TAKEN,
        unread="passwd",
    ),
    Hostile(
        name="page-in-utf-7.html",
        make=lambda: b"<html><meta charset=utf-7><body>+ADw-script+AD4-alert(1)+ADw-/script+AD4-</body></html>",
        ends=TAKEN,
    ),
    Hostile(
        name="text-turned-around.txt",
        make="Desconto de \u202e%05\u202c hoje.".encode,
        ends=TAKEN,
        flags=frozenset({Flag.INVISIBLE_CHARACTERS}),
        unread="\u202e",
        is_quick=True,
    ),
    Hostile(
        name="text-in-tags.txt",
        make=("Abrimos cedo." + "".join(chr(0xE0000 + ord(letter)) for letter in ORDER)).encode,
        ends=TAKEN,
        flags=frozenset({Flag.INVISIBLE_CHARACTERS}),
        unread=chr(0xE0000 + ord("I")),
    ),
    Hostile(name="text-of-brackets.md", make=lambda: b"# T\n" + b"[" * 200_000 + b"](" * 100_000, ends=_WEARY),
    Hostile(name="text-of-stars.md", make=lambda: b"# T\n" + b"**a" * 200_000 + b"\n" + b"*_" * 200_000, ends=_WEARY),
    Hostile(name="text-of-comments.md", make=lambda: b"# T\nOi\n" + b"<!--" * 200_000, ends=_WEARY),
    hiding("text-with-a-comment.md", f"# Loja\nOi\n<!-- {ORDER} -->".encode),
    Hostile(name="text-of-lines.txt", make=lambda: b"a\n" * 3_000_000, ends=_WEARY),
    Hostile(name="text-of-paragraphs.txt", make=lambda: b"a\n\n" * 1_000_000, ends=_WEARY),
)
