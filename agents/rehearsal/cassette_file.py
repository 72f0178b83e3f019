"""Cassettes as they are written: YAML, a list of steps, each complaint with the line that it is about.

- purpose: understand
  must_see: ["8 mil"]
  emit: {commands: [{type: set_slot, name: budget, value: "8 mil", quote: "8 mil", message: 3}]}
- {purpose: respond, must_not_see: ["CPF"], say: "Certo!", cite: [p1], cut_after: 3}
- {purpose: respond, fail: 429}
- {purpose: respond, hang: 5s, say: "Desculpe a demora."}
- otherwise: honest
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from agents.gateway.port import Purpose
from agents.rehearsal.cassettes import Cassette, Step
from agents.rehearsal.replies import Fault
from core.errors import AppError
from core.texts import Text


class CassetteBroken(AppError):
    """`line` is where in the file."""

    title = Text("Roteiro inválido", "Invalid cassette")

    def __init__(self, pt: str, en: str, *, name: str, line: int) -> None:
        super().__init__(f"{name}, linha {line}: {pt}.", f"{name}, line {line}: {en}.")
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One entry of the list: its values, and the line of each key."""

    name: str
    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def broken(self, pt: str, en: str, *, key: str | None = None) -> CassetteBroken:
        return CassetteBroken(pt, en, name=self.name, line=self.lines.get(key or "", self.line))


def read_cassette(text: str, *, name: str) -> Cassette:
    """Raises CassetteBroken at the first thing that is wrong."""
    entries = _entries(text, name)
    otherwise = None
    if entries and "otherwise" in entries[-1].values:
        last = entries.pop()
        if dict(last.values) != {"otherwise": "honest"}:
            raise last.broken("depois de tudo só há `otherwise: honest`", "only `otherwise: honest` may end it")
        otherwise = "honest"
    return Cassette(
        name=name,
        steps=tuple(_step(entry) for entry in entries),
        otherwise="honest" if otherwise else None,
    )


def _entries(text: str, name: str) -> list[_Entry]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CassetteBroken("não é YAML", "it is not YAML", name=name, line=line) from error
    if not isinstance(root, yaml.SequenceNode):
        raise CassetteBroken("precisa ser uma lista de passos", "it has to be a list of steps", name=name, line=1)
    return [_entry(node, name) for node in root.value]


def _entry(node: yaml.Node, name: str) -> _Entry:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise CassetteBroken("um passo é um mapa", "a step is a mapping", name=name, line=line)
    loader = yaml.SafeLoader("")
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        lines[key] = key_node.start_mark.line + 1
        if key in values:
            raise CassetteBroken(f"{key} aparece duas vezes", f"{key} is there twice", name=name, line=lines[key])
        try:
            values[key] = loader.construct_object(value_node, deep=True)
        except yaml.YAMLError as error:
            raise CassetteBroken(f"não leio {key}", f"{key} cannot be read", name=name, line=lines[key]) from error
    return _Entry(name=name, line=line, values=values, lines=lines)


def _step(entry: _Entry) -> Step:
    unknown = [key for key in entry.values if key not in _KEYS]
    if unknown:
        raise entry.broken(f"não conheço {unknown[0]}", f"unknown key {unknown[0]}", key=unknown[0])
    purpose = _purpose(entry)
    return Step(
        purpose=purpose,
        line=entry.line,
        must_see=_texts(entry, "must_see"),
        must_not_see=_texts(entry, "must_not_see"),
        answer=_answer(entry, purpose),
        fault=_fault(entry),
    )


def _purpose(entry: _Entry) -> Purpose:
    try:
        return Purpose(str(entry.values.get("purpose")))
    except ValueError as error:
        known = ", ".join(Purpose)
        raise entry.broken(f"purpose é um de: {known}", f"purpose is one of: {known}", key="purpose") from error


def _texts(entry: _Entry, key: str) -> tuple[str, ...]:
    value = entry.values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise entry.broken(f"{key} é uma lista de textos", f"{key} is a list of texts", key=key)
    return tuple(value)


def _answer(entry: _Entry, purpose: Purpose) -> Mapping[str, Any] | str:
    """`say` in the shape of its purpose, `emit` as it stands with what it leaves out, `raw` letter by letter."""
    given = [key for key in ("say", "emit", "raw", "fail") if key in entry.values]
    if len(given) != 1:
        raise entry.broken("um passo tem um de: say, emit, raw, fail", "a step has one of: say, emit, raw, fail")
    value = entry.values[given[0]]
    if given[0] == "fail":
        return ""
    if given[0] == "emit" and isinstance(value, dict):
        return {**_USUAL.get(purpose, {}), **value}
    if given[0] == "emit" or not isinstance(value, str):
        raise entry.broken(f"{given[0]} tem outro formato", f"{given[0]} has another shape", key=given[0])
    return value if given[0] == "raw" else _said(entry, purpose, value)


def _said(entry: _Entry, purpose: Purpose, words: str) -> Mapping[str, Any] | str:
    match purpose:
        case Purpose.RESPOND:
            return {"say": words, "cited": list(_texts(entry, "cite"))}
        case Purpose.SUMMARISE:
            return {"summary": words}
        case Purpose.UNDERSTAND:
            raise entry.broken("understand responde com emit", "understand answers with emit", key="say")
        case Purpose.DESCRIBE:
            return {"description": words}
        case Purpose.JUDGE | Purpose.TRANSCRIBE | Purpose.EMBED | Purpose.PROPOSE:
            return words


def _fault(entry: _Entry) -> Fault | None:
    status, hang, cut = (entry.values.get(key) for key in ("fail", "hang", "cut_after"))
    if status is not None and (type(status) is not int or status not in _STATUSES):
        raise entry.broken("fail é um status HTTP de erro", "fail is an HTTP status of an error", key="fail")
    if cut is not None and (type(cut) is not int or cut < 0):
        raise entry.broken("cut_after é um número de pedaços", "cut_after is a number of chunks", key="cut_after")
    seconds = 0.0
    if hang is not None:
        found = _SECONDS.fullmatch(str(hang))
        if found is None:
            raise entry.broken("hang é como 5s ou 200ms", "hang is like 5s or 200ms", key="hang")
        seconds = float(found["count"]) / (_MILLISECONDS if found["unit"] == "ms" else 1)
    is_plain = status is None and cut is None and not seconds
    return None if is_plain else Fault(status=status, hang=seconds, cut_after=cut)


_KEYS: Final = frozenset(
    {"purpose", "must_see", "must_not_see", "say", "cite", "emit", "raw", "fail", "hang", "cut_after"}
)
_USUAL: Final[Mapping[Purpose, Mapping[str, Any]]] = {
    Purpose.UNDERSTAND: {"lang": "pt-BR", "commands": [], "query": None, "unsure": False},
    Purpose.RESPOND: {"say": "", "cited": []},
}
_STATUSES: Final = range(400, 600)
_SECONDS: Final = re.compile(r"(?P<count>\d+(?:\.\d+)?)(?P<unit>s|ms)")
_MILLISECONDS: Final = 1000
