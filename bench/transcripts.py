"""`make transcripts`: what `masteria chat` shows of each shipped persona on a fresh home, into docs/transcripts.md."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.stack import Stack, new_stack, run_within

FOLDER: Final = Path(__file__).parent.parent / "docs" / "transcripts"
PAGE: Final = FOLDER.with_suffix(".md")
_SECONDS: Final = 300.0  # for one talk: replies come as slowly as if somebody typed them
_HEAD: Final = """# What a customer sees

`masteria chat --persona NAME --script docs/transcripts/NAME.txt` on a fresh `make up`, with no key: the rehearsal model
understands and phrases. Lines that begin with a dot are notes at the margin, which no customer sees. Written by
`make transcripts`; days and times are those on which it ran.
"""


def main() -> int:
    with new_stack() as stack:
        _ok(stack.up())
        parts = [_part(stack, script) for script in sorted(FOLDER.glob("*.txt"))]
    PAGE.write_text("\n".join([_HEAD, *parts]))
    print(f"{PAGE.name}: {len(parts)}")
    return 0


def _part(stack: Stack, script: Path) -> str:
    words = ("chat", "--persona", script.stem, "--script", str(script), "--home", str(stack.home))
    said = _ok(run_within(_SECONDS, *words, LANG="pt_BR.UTF-8"))
    return f"## {script.stem}\n\n```text\n{said.rstrip()}\n```\n"


def _ok(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
