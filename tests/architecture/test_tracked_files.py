"""What no tracked file says, whatever its kind: an open end, a path of one machine, where packages were fetched."""

import re
from typing import Final

from tests.architecture.sources import ROOT, tracked_files

# Written so that they do not find themselves.
UNWANTED: Final = {
    "an open end": re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:w[o]rk/|r[o]ot/\.)"),
    "a registry": re.compile(r"p[y]pi\.org|p[y]thonhosted\.org|registry\.(?:n[p]mjs\.org|y[a]rnpkg\.com)"),
}


def unwanted(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number} {what}: {found[0]}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in UNWANTED.items()
        if (found := pattern.search(line))
    ]


def _in_file(name: str) -> list[str]:
    return unwanted(name, (ROOT / name).read_bytes().decode(errors="replace"))


class TestTrackedFiles:
    def test_none_says_what_is_unwanted(self) -> None:
        assert [found for name in tracked_files() for found in _in_file(name)] == []

    def test_this_file_is_among_them(self) -> None:
        assert "tests/architecture/test_tracked_files.py" in tracked_files()

    def test_a_planted_open_end_is_found(self) -> None:
        for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX"):
            assert unwanted("README.md", f"\n# {word}: later") == [f"README.md:2 an open end: {word}"]
        assert unwanted("README.md", "todo dia, toDO, XXXL") == []

    def test_a_planted_path_of_a_machine_is_found(self) -> None:
        for path in ("/work" + "/main/core", "/root" + "/.cache"):
            assert unwanted("Makefile", f"cd {path}") != []
        assert unwanted("Makefile", "cd docs/work/ and ./work/") == []

    def test_a_planted_registry_is_found(self) -> None:
        for host in ("pypi" + ".org/simple", "files.python" + "hosted.org", "registry.npm" + "js.org"):
            assert unwanted("requirements/all.lock", f"https://{host}/x") != []
