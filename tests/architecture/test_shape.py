"""The size and shape of what we write: small files and functions, a sentence on top, a reason beside each exception."""

import ast
import io
import re
import tokenize
from typing import Final

from tests.architecture.sources import PACKAGES, Source, nodes, offences

MOST_LINES: Final = 400
MOST_FUNCTION_LINES: Final = 50
MOST_ARGUMENTS: Final = 6
NAMES_THAT_SAY_NOTHING: Final = frozenset({"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "manager.py"})
EVERYTHING: Final = (*PACKAGES, "bench", "tests", "requirements")

_REASON: Final = r"\s+[-#]\s+(?!noqa|type:)\w"
_MARKS: Final = re.compile(r"noqa|type:\s*ignore|ruff:")
_REASONED: Final = re.compile(
    rf"noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*{_REASON}|type: ignore\[[a-z-]+(?:, ?[a-z-]+)*\]{_REASON}"
)


def empty_names(source: Source) -> list[str]:
    file = source.path.rpartition("/")[2]
    return [source.at(1, "has a name that says nothing")] if file in NAMES_THAT_SAY_NOTHING else []


def long_files(source: Source) -> list[str]:
    length = len(source.text.splitlines())
    return [source.at(length, f"has {length} lines")] if length > MOST_LINES else []


def long_functions(source: Source) -> list[str]:
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *nodes(source, ast.FunctionDef),
        *nodes(source, ast.AsyncFunctionDef),
    ]
    lengths = {node: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    return [
        source.at(node.lineno, f"{node.name} has {length} lines")
        for node, length in lengths.items()
        if length > MOST_FUNCTION_LINES
    ]


def greedy_constructors(source: Source) -> list[str]:
    """A dataclass is data and may have more; what is written by hand may not."""
    makers = [node for node in nodes(source, ast.FunctionDef) if node.name in {"__init__", "__new__"}]
    counts = {node: len(_named(node.args)) - 1 for node in makers}
    return [
        source.at(node.lineno, f"takes {count} arguments") for node, count in counts.items() if count > MOST_ARGUMENTS
    ]


def _named(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def wordless(source: Source) -> list[str]:
    """Without one sentence on its first line; more may follow after an empty line."""
    first, *rest = (ast.get_docstring(source.tree, clean=False) or "").splitlines() or [""]
    if first.endswith((".", "?", "…")) and not (rest and rest[0].strip()):
        return []
    return [source.at(1, "has no sentence at its top that says what it is for")]


def unreasoned_marks(source: Source) -> list[str]:
    """An exception from a check without its code, or without its reason."""
    if not _MARKS.search(source.text):  # to take a file apart takes longest of all
        return []
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    return [
        source.at(comment.start[0], f"`{mark[0]}` lacks a code or a reason")
        for comment in comments
        for mark in _MARKS.finditer(comment.string)
        if not _REASONED.match(comment.string, mark.start())
    ]


class TestNames:
    def test_every_module_is_named_by_a_noun_of_its_own(self) -> None:
        assert offences(empty_names, *EVERYTHING) == []

    def test_a_planted_one_is_found(self) -> None:
        for name in NAMES_THAT_SAY_NOTHING:
            assert empty_names(Source.of("", path=f"channels/{name}")) != []
        assert empty_names(Source.of("", path="channels/helpers_of_meta.py")) == []


class TestLength:
    def test_every_file_is_short(self) -> None:
        assert offences(long_files, *PACKAGES, "bench") == []

    def test_every_function_is_short(self) -> None:
        assert offences(long_functions, *PACKAGES, "bench", "tests") == []

    def test_every_constructor_takes_few_arguments(self) -> None:
        assert offences(greedy_constructors, *PACKAGES, "bench", "tests") == []

    def test_a_planted_long_file_is_found(self) -> None:
        assert long_files(Source.of("x = 1\n" * MOST_LINES)) == []
        assert long_files(Source.of("x = 1\n" * (MOST_LINES + 1))) == ["graphs/planted.py:401 has 401 lines"]

    def test_a_planted_long_function_is_found(self) -> None:
        body = "    x = 1\n" * (MOST_FUNCTION_LINES - 1)
        assert long_functions(Source.of(f"def f():\n{body}")) == []
        assert long_functions(Source.of(f"def f():\n{body}    x = 2")) == ["graphs/planted.py:1 f has 51 lines"]
        assert long_functions(Source.of(f"async def f():\n{body}    x = 2")) != []

    def test_a_planted_greedy_constructor_is_found(self) -> None:
        for arguments in ("a, b, c, d, e, f, g", "a, b, *, c, d, e, f, g", "a, /, b, c, d, e, f, g"):
            assert greedy_constructors(Source.of(f"class C:\n    def __init__(self, {arguments}): ...")) != []
        assert greedy_constructors(Source.of("class C:\n    def __init__(self, a, b, c, d, e, f): ...")) == []


class TestWords:
    def test_every_module_says_what_it_is_for(self) -> None:
        assert offences(wordless, *EVERYTHING) == []

    def test_a_planted_wordless_module_is_found(self) -> None:
        for text in ("import os", '"""utils"""', '"""A sentence that\nruns on."""', 'x = 1\n"""Too late."""'):
            assert wordless(Source.of(text)) == [
                "graphs/planted.py:1 has no sentence at its top that says what it is for"
            ]

    def test_a_sentence_may_be_followed_by_more(self) -> None:
        assert wordless(Source.of('"""What this is for."""')) == []
        assert wordless(Source.of('"""What this is for.\n\nWhy it is so.\n"""')) == []


class TestMarks:
    def test_every_exception_from_a_check_has_its_code_and_reason(self) -> None:
        assert offences(unreasoned_marks, *EVERYTHING) == []

    def test_a_planted_one_without_is_found(self) -> None:
        for mark in (
            "noqa",
            "noqa: S608",
            "noqa: S608 -",
            "type: ignore",
            "type: ignore[misc]",
            "type: ignore # a reason",
            "type: ignore[misc] # noqa: S608 - a reason of the other",
            "ruff: noqa: S608",
        ):
            assert unreasoned_marks(Source.of(f"x = 1  # {mark}")) != [], mark

    def test_one_with_both_is_fine(self) -> None:
        for mark in ("noqa: S608 - a constant", "noqa: F401, S608 - both", "type: ignore[misc, arg-type] # untyped"):
            assert unreasoned_marks(Source.of(f"x = 1  # {mark}")) == []
        assert unreasoned_marks(Source.of('x = "# noqa"')) == []
