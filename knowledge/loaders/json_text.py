"""JSON: answered questions, records as rows, and everything else as the path to a value and the value."""

import json
from typing import Any, Final

from knowledge.documents import RefusalReason, Unreadable
from knowledge.loaders.draft import Draft
from knowledge.loaders.table import Table, fold, pair_of

Json = dict[str, Any] | list[Any] | str | float | bool | None
_DEEPEST: Final = 40
_LONGEST_NUMBER: Final = 400  # Python's own limit guards integers; this keeps a value readable


def parse(text: str) -> Json:
    """One value, or one on each line."""
    try:
        return _parse(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) <= 1:
            raise Unreadable(RefusalReason.BROKEN) from None
    try:
        return [_parse(line) for line in lines]
    except ValueError:
        raise Unreadable(RefusalReason.BROKEN) from None


def _parse(text: str) -> Json:
    parsed: Json = json.loads(text, parse_int=_number, parse_float=_number)
    return parsed


def read(value: Json, draft: Draft, *, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise Unreadable(RefusalReason.BROKEN)
    match value:
        case dict():
            _read_object(value, draft, depth=depth)
        case list() if value and all(isinstance(item, dict) for item in value):
            _read_records(value, draft, depth=depth)
        case list():
            for item in value:
                read(item, draft, depth=depth + 1)
        case _:
            draft.text(_shown(value))


def _read_object(value: dict[str, Any], draft: Draft, *, depth: int) -> None:
    names = list(value)
    pair = pair_of(names)
    if pair and all(isinstance(value[names[at]], str) for at in pair):
        draft.answer(value[names[pair[0]]], value[names[pair[1]]])
        return
    simple = [f"{name}: {_shown(item)}" for name, item in value.items() if _is_simple(item) and item not in ("", None)]
    if simple:
        draft.row("; ".join(simple))
    for name, item in value.items():
        if not _is_simple(item) and item:
            draft.heading(name, level=depth + 1)
            read(item, draft, depth=depth + 1)


def _read_records(records: list[dict[str, Any]], draft: Draft, *, depth: int) -> None:
    names = list(records[0])
    is_table = all(list(record) == names and all(map(_is_simple, record.values())) for record in records)
    if not is_table or len({fold(name) for name in names}) != len(names):
        for record in records:
            read(record, draft, depth=depth + 1)
        return
    table = Table(draft)
    table.add(names)
    for record in records:
        table.add([_shown(item) for item in record.values()])
    table.end()


def _is_simple(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _number(written: str) -> str:
    return written[:_LONGEST_NUMBER]


def _shown(value: Any) -> str:
    match value:
        case True:
            return "sim"
        case False:
            return "não"
        case None:
            return ""
    return str(value)
