"""Zips that swell, share their bytes, lie about sizes, or name places outside themselves."""

import stat
from functools import partial, reduce
from typing import Final

from knowledge.documents import RefusalReason
from tests.knowledge.forging import Entry, bomb, raw_zip, text_pdf, zipped
from tests.knowledge.harm import Hostile, Taken, refused

_BOMB: Final = refused(RefusalReason.BOMB)
_UNSAFE: Final = refused(RefusalReason.UNSAFE_NAME)
_FOLDER: Final = frozenset({Taken.FOLDER})
_GIGABYTES_10: Final = 10 * 1024


def _swelling(*, declared: int) -> bytes:
    return raw_zip([Entry(name=b"a.txt", packed=bomb(_GIGABYTES_10), declared=declared)])


def _overlapping() -> bytes:
    """A thousand names for the same ten megabytes."""
    first = Entry(name=b"0.txt", packed=bomb(10), declared=10 << 20)
    return raw_zip(
        [first, *(Entry(name=b"%d.txt" % at, packed=bomb(10), declared=10 << 20, at=0) for at in range(1, 1000))]
    )


def _nested() -> bytes:
    return reduce(lambda inner, at: zipped({f"{at}.zip": inner}), range(5), zipped({"a.txt": "fundo"}))


def _locked() -> bytes:
    return raw_zip([Entry(name=b"a.txt", packed=b"\x07" * 40, declared=28, way=0, flags=1)])


def _named(name: str, **ways: int) -> bytes:
    return zipped({"bom.txt": "Abrimos cedo.", name: "x"}, ways=ways)


def _crowd(count: int) -> bytes:
    return raw_zip([Entry(name=b"%06d.txt" % at, packed=b"x", declared=1, way=0) for at in range(count)])


def _twins() -> bytes:
    one = Entry(name=b"a.txt", packed=b"um", declared=2, way=0)
    return raw_zip([one, one])


FILES: Final = (
    Hostile(name="zip-bomb", make=partial(_swelling, declared=_GIGABYTES_10 << 16), ends=_BOMB, is_quick=True),
    Hostile(
        name="zip-bomb-that-says-it-is-small",
        make=partial(_swelling, declared=10),
        ends=_BOMB | refused(RefusalReason.BROKEN) | _FOLDER,
    ),
    Hostile(name="zip-of-shared-bytes", make=_overlapping, ends=_BOMB, is_quick=True),
    Hostile(name="zip-in-zip-in-zip", make=_nested, ends=_FOLDER),
    Hostile(name="zip-upwards", make=partial(_named, "../../etc/cron.d/x"), ends=_UNSAFE, is_quick=True),
    Hostile(name="zip-from-the-root", make=partial(_named, "/etc/passwd"), ends=_UNSAFE),
    Hostile(name="zip-with-backslashes", make=partial(_named, "..\\..\\x.txt"), ends=_UNSAFE),
    Hostile(name="zip-on-a-drive", make=partial(_named, "C:\\x.txt"), ends=_UNSAFE),
    Hostile(name="zip-with-a-name-in-two-lines", make=partial(_named, "a\nb.txt"), ends=_UNSAFE),
    Hostile(name="zip-with-a-turned-name", make=partial(_named, "a\u202etxt.exe"), ends=_UNSAFE),
    Hostile(
        name="zip-with-a-symlink",
        make=lambda: zipped({"bom.txt": "x", "elo.txt": "/etc/passwd"}, ways={"elo.txt": stat.S_IFLNK | 0o777}),
        ends=_UNSAFE,
        is_quick=True,
    ),
    Hostile(
        name="zip-with-a-device",
        make=lambda: zipped({"bom.txt": "x", "disco": ""}, ways={"disco": stat.S_IFBLK | 0o666}),
        ends=_UNSAFE,
    ),
    Hostile(name="zip-locked", make=_locked, ends=refused(RefusalReason.ENCRYPTED)),
    Hostile(name="zip-of-60000", make=partial(_crowd, 60_000), ends=refused(RefusalReason.TOO_MANY_FILES)),
    Hostile(name="zip-of-501", make=partial(_crowd, 501), ends=refused(RefusalReason.TOO_MANY_FILES)),
    Hostile(name="zip-of-twins", make=_twins, ends=refused(RefusalReason.BROKEN)),
    Hostile(
        name="zip-without-its-end", make=lambda: zipped({"a.txt": "x" * 900})[:-30], ends=refused(RefusalReason.BROKEN)
    ),
    Hostile(name="zip-of-nothing", make=lambda: zipped({}), ends=refused(RefusalReason.EMPTY)),
    Hostile(
        name="zip-packed-another-way",
        make=lambda: raw_zip([Entry(name=b"a.txt", packed=b"xxxx", declared=9, way=99)]),
        ends=refused(RefusalReason.BROKEN),
    ),
    Hostile(
        name="zip-with-a-wrong-sum",
        make=lambda: raw_zip([Entry(name=b"a.txt", packed=b"Oi", declared=2, way=0)]),
        ends=refused(RefusalReason.BROKEN) | _FOLDER,
    ),
    Hostile(name="zip-called-pdf.pdf", make=lambda: zipped({"a.txt": "Abrimos cedo."}), ends=_FOLDER),
    Hostile(name="zip-with-a-program", make=lambda: zipped({"a.pdf": b"MZ\x90\0"}), ends=_FOLDER),
    Hostile(name="zip-with-a-pdf", make=lambda: zipped({"a.pdf": text_pdf([])}), ends=_FOLDER),
    Hostile(
        name="program-that-unpacks-itself",
        make=lambda: b"MZ\x90\0" + bytes(500) + zipped({"a.txt": "x"}),
        ends=refused(RefusalReason.PROGRAM),
    ),
    Hostile(
        name="epub",
        make=lambda: zipped({"mimetype": "application/epub+zip", "a.html": "<p>x"}),
        ends=refused(RefusalReason.UNKNOWN_KIND),
    ),
)
