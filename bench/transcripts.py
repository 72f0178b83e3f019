"""`make transcripts`: what `masteria chat` and `masteria demo` show on a fresh home, into pages of docs/."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.stack import Stack, new_stack, run_within

FOLDER: Final = Path(__file__).parent.parent / "docs" / "transcripts"
PAGE: Final = FOLDER.with_suffix(".md")
STAFF_PAGE: Final = FOLDER.with_name("staff-transcript.md")
_SECONDS: Final = 300.0  # for one talk: replies come as slowly as if somebody typed them
_HEAD: Final = """# What a customer sees

`masteria chat --persona NAME --script docs/transcripts/NAME.txt` on a fresh `make up`, with no key: the rehearsal model
understands and phrases. Lines that begin with a dot are notes at the margin, which no customer sees. Written by
`make transcripts`; days and times are those on which it ran.
"""
_STAFF_HEAD: Final = """# A customer and the staff group

What `masteria demo` shows on a fresh `make up`, with no key and no account anywhere: WhatsApp and Telegram are played
by the sandbox, on the wire formats of both. On the left what customers write and receive (→), on the right what the
people of the company see in their group; `[1]` is a button, ▸ somebody presses it, ✎ is a message that changed. A line
with ✓ says what was checked in the ledgers of both providers and in the database. To take part: `masteria chat`, and
beside it `masteria chat --as staff`. Written by `make transcripts`; days and times are those on which it ran.
"""
_COLUMNS: Final = "140"


def main() -> int:
    with new_stack() as stack:
        _ok(stack.up())
        parts = [_part(stack, script) for script in sorted(FOLDER.glob("*.txt"))]
        STAFF_PAGE.write_text(_staff(stack))
    PAGE.write_text("\n".join([_HEAD, *parts]))
    print(f"{PAGE.name}: {len(parts)}")
    return 0


def _part(stack: Stack, script: Path) -> str:
    words = ("chat", "--persona", script.stem, "--script", str(script), "--home", str(stack.home))
    said = _ok(run_within(_SECONDS, *words, LANG="pt_BR.UTF-8"))
    return f"## {script.stem}\n\n```text\n{said.rstrip()}\n```\n"


def _staff(stack: Stack) -> str:
    shown = run_within(_SECONDS, "demo", "--home", str(stack.home), LANG="pt_BR.UTF-8", COLUMNS=_COLUMNS)
    return f"{_STAFF_HEAD}\n```text\n{_ok(shown).rstrip()}\n```\n"


def _ok(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
