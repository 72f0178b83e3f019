"""Office documents whose XML declares, swells, reaches out or hides."""

from functools import partial
from typing import Final

from knowledge.documents import Flag, RefusalReason
from tests.knowledge.forging import TYPES, Entry, R, S, W, bomb, docx, paragraph, raw_zip, row, xlsx, zipped
from tests.knowledge.harm import ORDER, TAKEN, Hostile, hiding, refused

_GOOD: Final = paragraph("Abrimos das 8h às 18h.")
_UNSAFE_XML: Final = refused(RefusalReason.UNSAFE_XML)
_XXE: Final = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_OUTSIDE: Final = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'
_LAUGHS: Final = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    + "]>"
)
_QUADRATIC: Final = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>'
_OUTWARD: Final = '<Relationship Id="rId1" Target="../../../etc/passwd"/>'


def _hidden_run(run: str) -> bytes:
    return docx(_GOOD + paragraph(ORDER, run=run))


def _reaching_out() -> bytes:
    target = f'Type="{R}/attachedTemplate" Target="http://127.0.0.1:9/x.dotm" TargetMode="External"'
    link = f'<Relationships><Relationship Id="r1" {target}/></Relationships>'
    return docx(_GOOD, more={"word/_rels/settings.xml.rels": link, "word/settings.xml": f'<w:settings xmlns:w="{W}"/>'})


def _swelling_docx() -> bytes:
    types = Entry(name=b"[Content_Types].xml", packed=TYPES.encode(), declared=len(TYPES), way=0)
    return raw_zip([types, Entry(name=b"word/document.xml", packed=bomb(4096), declared=100 << 20)])


def _strings(text: str, *, head: str = "") -> str:
    return f'{head}<sst xmlns="{S}"><si><t>{text}</t></si></sst>'


def _echoing() -> bytes:
    """One long text, named by a hundred thousand cells."""
    cells = '<row><c t="s"><v>0</v></c></row>' * 100_000
    return xlsx({"Eco": cells}, strings=_strings("bom dia " * 900))


FILES: Final = (
    Hostile(
        name="docx-external-entity", make=lambda: docx(paragraph("&e;"), head=_XXE), ends=_UNSAFE_XML, is_quick=True
    ),
    Hostile(name="docx-external-dtd", make=lambda: docx(_GOOD, head=_OUTSIDE), ends=_UNSAFE_XML),
    Hostile(
        name="docx-billion-laughs", make=lambda: docx(paragraph("&a9;"), head=_LAUGHS), ends=_UNSAFE_XML, is_quick=True
    ),
    Hostile(name="docx-quadratic", make=lambda: docx(paragraph("&a;" * 50_000), head=_QUADRATIC), ends=_UNSAFE_XML),
    Hostile(name="docx-bomb", make=_swelling_docx, ends=refused(RefusalReason.BOMB, RefusalReason.BROKEN)),
    Hostile(name="docx-of-deep-boxes", make=lambda: docx("<w:p>" * 100_000), ends=refused(RefusalReason.BROKEN)),
    Hostile(name="docx-cut-short", make=lambda: docx("<w:p><w:r><w:t>Oi"), ends=refused(RefusalReason.BROKEN)),
    Hostile(
        name="docx-without-a-body",
        make=lambda: zipped({"[Content_Types].xml": TYPES, "word/styles.xml": "<x/>"}),
        ends=refused(RefusalReason.UNKNOWN_KIND),
    ),
    Hostile(
        name="docx-of-another-xml",
        make=lambda: zipped({"[Content_Types].xml": TYPES, "word/document.xml": "<x>Oi</x>"}),
        ends=refused(RefusalReason.BROKEN),
    ),
    Hostile(
        name="docx-with-entities-in-its-styles",
        make=lambda: docx(_GOOD, more={"word/styles.xml": _LAUGHS + "<x/>"}),
        ends=_UNSAFE_XML,
    ),
    Hostile(
        name="docx-with-macros",
        make=lambda: docx(_GOOD, more={"word/vbaProject.bin": b"\xd0\xcf"}),
        ends=TAKEN,
        flags=frozenset({Flag.MACROS}),
    ),
    Hostile(
        name="docx-with-a-file-in-it",
        make=lambda: docx(_GOOD, more={"word/embeddings/a.bin": b"MZ"}),
        ends=TAKEN,
        flags=frozenset({Flag.EMBEDDED_FILES}),
    ),
    Hostile(name="docx-that-fetches-a-template", make=_reaching_out, ends=TAKEN),
    hiding("docx-vanished-text", partial(_hidden_run, "<w:vanish/>"), is_quick=True),
    hiding("docx-white-text", partial(_hidden_run, '<w:color w:val="FFFFFF"/>')),
    hiding("docx-tiny-text", partial(_hidden_run, '<w:sz w:val="2"/>')),
    Hostile(
        name="docx-deleted-text",
        make=lambda: docx(_GOOD + f"<w:p><w:del><w:r><w:delText>{ORDER}</w:delText></w:r></w:del></w:p>"),
        ends=TAKEN,
        unread="um real",
    ),
    Hostile(name="docx-called-txt.txt", make=lambda: docx(_GOOD), ends=TAKEN),
    Hostile(
        name="xlsx-billion-laughs",
        make=lambda: xlsx({"A": row("x")}, strings=_strings("&a9;", head=_LAUGHS)),
        ends=_UNSAFE_XML,
    ),
    Hostile(
        name="xlsx-external-entity",
        make=lambda: xlsx({"A": row("x")}, strings=_strings("&e;", head=_XXE)),
        ends=_UNSAFE_XML,
    ),
    Hostile(name="xlsx-that-echoes", make=_echoing, ends=refused(RefusalReason.TOO_MUCH_TEXT)),
    Hostile(
        name="xlsx-at-its-last-cell",
        make=lambda: xlsx(
            {"A": row("Oi", "bom dia") + '<row r="1048576"><c r="XFD1048576" t="str"><v>longe</v></c></row>'}
        ),
        ends=TAKEN,
        flags=frozenset({Flag.TRUNCATED}),
    ),
    Hostile(
        name="xlsx-with-cells-that-name-nothing",
        make=lambda: xlsx(
            {"A": row("Oi") + '<row><c t="s"><v>99999999999999999999</v></c><c t="s"><v>-1</v></c></row>'}
        ),
        ends=TAKEN,
    ),
    Hostile(
        name="xlsx-of-wild-numbers",
        make=lambda: xlsx({"A": row("Oi") + '<row><c s="7"><v>1e999999999</v></c><c s="x"><v>NaN</v></c></row>'}),
        ends=TAKEN,
    ),
    hiding(
        "xlsx-hidden-sheet", lambda: xlsx({"A": row("Oi"), "B": row(ORDER)}, states={"B": "veryHidden"}), is_quick=True
    ),
    hiding("xlsx-hidden-row", lambda: xlsx({"A": row("Oi") + row(ORDER, hidden=True)})),
    hiding(
        "xlsx-hidden-column",
        lambda: xlsx(
            {"A": '</sheetData><cols><col min="2" max="16384" hidden="1"/></cols><sheetData>' + row("Oi", ORDER)}
        ),
    ),
    Hostile(
        name="xlsx-that-fetches",
        make=lambda: xlsx({"A": '<row><c t="str"><f>WEBSERVICE("http://127.0.0.1:9/")</f><v>Oi</v></c></row>'}),
        ends=TAKEN,
        unread="WEBSERVICE",
    ),
    Hostile(
        name="xlsx-whose-sheet-lies-outside",
        make=lambda: xlsx(
            {"A": row("x")},
            more={"xl/_rels/workbook.xml.rels": f"<Relationships>{_OUTWARD}</Relationships>"},
        ),
        ends=refused(RefusalReason.NO_TEXT),
    ),
    Hostile(
        name="old-word",
        make=lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900),
        ends=refused(RefusalReason.OLD_OFFICE),
    ),
    Hostile(
        name="locked-word",
        make=lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900) + "EncryptedPackage".encode("utf-16-le"),
        ends=refused(RefusalReason.ENCRYPTED),
    ),
)
