"""Plant lines in a copy of the sources and lint it, once per plant; test_imports.py runs this in a child of its own.

A child, because the linter asks Python where our packages are, and here they are already imported from the repository.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

from importlinter.cli import lint_imports

_BROKEN: Final = re.compile(r"^(.+) BROKEN\b", re.MULTILINE)


@contextmanager
def planted(folder: Path, lines: Mapping[str, str]) -> Iterator[None]:
    before = {name: (folder / name).read_text() if (folder / name).exists() else None for name in lines}
    for name, line in lines.items():
        package = (folder / name).parent
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        (folder / name).write_text(f"{before[name] or ''}\n{line}\n")
    try:
        yield
    finally:
        for name, text in before.items():
            (folder / name).unlink() if text is None else (folder / name).write_text(text)


def broken_contracts(folder: Path, lines: Mapping[str, str]) -> list[str]:
    with planted(folder, lines), redirect_stdout(StringIO()) as said:
        # What it read of a file is used again while the file is as old as it was: a plant changes one or two.
        status = lint_imports(cache_dir="cache", no_logo=True)
    found = _BROKEN.findall(said.getvalue())
    if bool(status) != bool(found):
        raise AssertionError(f"the linter could not run:\n{said.getvalue()}")
    return found


if __name__ == "__main__":
    plants: list[dict[str, str]] = json.load(sys.stdin)
    json.dump([broken_contracts(Path.cwd(), lines) for lines in plants], sys.stdout)
