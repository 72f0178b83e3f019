"""The text of a persona as plain values, each with its line. It is YAML without its traps: `off` and `10:30` are words.

Nodes are composed and never constructed, so that no tag makes an object, and no anchor makes one line a thousand.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from typing_extensions import override
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agents.personas.problems import Lines, Path, Problem, dotted
from core.texts import Text

_MOST_BYTES: Final = 200_000
_DEEPEST: Final = 20  # no part of a persona lies deeper than half of that
_MOST_NODES: Final = 20_000  # those that are shipped have some 700; ten thousand empty lists are no persona
_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """`data` is what could be read in spite of its problems."""

    data: Any
    lines: Lines
    problems: tuple[Problem, ...]


def parse(text: str) -> Source:
    if len(text.encode(errors="surrogatepass")) > _MOST_BYTES:
        size = Text(f"o arquivo passa de {_MOST_BYTES // 1000} kB", f"the file is larger than {_MOST_BYTES // 1000} kB")
        return _unreadable(1, size)
    try:
        node = _Loader(text).get_single_node()
    except _Unwanted as error:
        return _unreadable(error.line, error.message)
    except yaml.MarkedYAMLError as error:
        return _unreadable(_culprit(error), _in_words(error.problem or error.context or ""))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return _unreadable(line, Text("há um caractere que não se imprime", "there is an unprintable character"))
    if node is None or node.tag == f"{_TAG}null":
        return _unreadable(1, Text("o arquivo está vazio", "the file is empty"))
    reader = _Reader()
    data = reader.value(node, ())
    return Source(data=data, lines=Lines(places=reader.lines), problems=tuple(reader.problems))


class _Unwanted(Exception):  # an error of nobody's but this module
    def __init__(self, line: int, message: Text) -> None:
        super().__init__(message.en)
        self.line = line
        self.message = message


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012 - the library's own way of saying which words are not strings

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    @override
    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave it open
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise _Unwanted(line, Text("`&` e `*` não valem aqui: escreva por extenso", "no `&` or `*`: write it out"))
        if self._depth == _DEEPEST:
            raise _Unwanted(line, Text("há níveis demais, um dentro do outro", "it is nested too deeply"))
        if self._nodes == _MOST_NODES:
            raise _Unwanted(line, Text("há partes demais", "it has too many parts"))
        self._nodes += 1
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"(?:true|false)\Z"), list("tf"))
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"[-+]?\d{1,18}\Z"), list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"[-+]?\d{1,18}\.\d{1,18}\Z"), list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""])


@dataclass(slots=True)
class _Reader:
    """One pass over the nodes: what they say, and where."""

    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        match node:
            case MappingNode() if node.tag == f"{_TAG}map":
                return self._mapping(node, path)
            case SequenceNode() if node.tag == f"{_TAG}seq":
                return [self.value(child, (*path, place)) for place, child in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node, path)
        return self._refuse_tag(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self._refuse(line, path, Text("uma chave precisa ser uma palavra", "a key has to be a word"))
                continue
            here = (*path, key.value)
            if key.value in found:
                first = self.lines[here]
                self._refuse(
                    line, here, Text(f"`{key.value}` já está na linha {first}", f"`{key.value}` is on line {first}")
                )
                continue
            self.lines[here] = line
            found[key.value] = self.value(child, here)
        return found

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        read = _SCALARS.get(node.tag.removeprefix(_TAG))
        if read is None:
            return self._refuse_tag(node, path)
        try:
            return read(node.value)
        except ValueError:
            return self._refuse_tag(node, path)

    def _refuse_tag(self, node: Node, path: Path) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self._refuse(
            node.start_mark.line + 1, path, Text(f"a marca `{tag}` não vale aqui", f"the tag `{tag}` is not allowed")
        )

    def _refuse(self, line: int, path: Path, message: Text) -> None:
        self.problems.append(Problem(line=line, field=dotted(path), message=message))


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


_SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": str,
    "int": int,
    "float": _finite,
    "bool": "true".__eq__,
    "null": lambda _: None,
}

# What the library says of a text that is no YAML, and at which end of it the fault lies.
_FROM_THE_START: Final = ("quoted scalar", "simple key", "flow sequence", "flow mapping", "flow node")
_IN_PORTUGUESE: Final = (
    ("mapping values are not allowed", "há um `:` onde não cabe: ponha o texto entre aspas ou confira o recuo"),
    ("could not find expected ':'", "falta o `:` depois da chave, ou o recuo está errado"),
    ("'\\t'", "há uma tabulação: recue com espaços"),
    ("expected <block end>", "o recuo não combina com o das linhas acima"),
    ("unexpected end of stream", "faltam as aspas que fecham"),
    ("expected ',' or", "falta uma vírgula, ou o que fecha a lista"),
    ("but found another document", "há um segundo documento depois de `---`"),
    ("that cannot start any token", "há um sinal onde deveria começar uma palavra: ponha o texto entre aspas"),
    ("unknown escape character", "há uma `\\` que não vale entre aspas duplas"),
)


def _culprit(error: yaml.MarkedYAMLError) -> int:
    is_early = any(part in (error.context or "") for part in _FROM_THE_START)
    mark = error.context_mark if is_early and error.context_mark else error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _in_words(problem: str) -> Text:
    pt = next((pt for part, pt in _IN_PORTUGUESE if part in problem), "não consegui ler daqui em diante")
    return Text(f"não é YAML válido: {pt}", f"this is not valid YAML: {problem}")


def _unreadable(line: int, message: Text) -> Source:
    return Source(data=None, lines=Lines(), problems=(Problem(line=line, field="", message=message),))
