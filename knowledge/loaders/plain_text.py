"""Plain text: paragraphs, lines that stand as headings, and questions with their answers."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from knowledge.loaders.draft import Draft

_QUESTION: Final = re.compile(r"\s*(?:P|Pergunta|Q|Question|Pregunta)\s*\d{0,4}\s*[:.)]\s*(\S.*)", re.IGNORECASE)
_ANSWER: Final = re.compile(r"\s*(?:R|Resposta|A|Answer|Respuesta)\s*\d{0,4}\s*[:.)]\s*(\S.*)", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,4}[.)]?|[IVXLC]{1,6}[.)-])\s+\S")
_RULE: Final = re.compile(r"\s*([-=_*~#])\1{2,}\s*")
_LONGEST_HEADING: Final = 90


def read(text: str, draft: Draft) -> None:
    for number, page in enumerate(text.split("\f"), start=1):
        if "\f" in text:
            draft.page = number
        for lines in _paragraphs(page):
            _read_paragraph(lines, draft)


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines = ("" if _RULE.fullmatch(line) else line for line in text.splitlines())
    for is_filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        if is_filled:
            yield list(group)


def _read_paragraph(lines: list[str], draft: Draft) -> None:
    if _ask_and_answer(lines, draft):
        return
    if len(lines) == 1 and _is_heading(lines[0].strip()):
        draft.heading(lines[0], level=_level(lines[0].strip()))
        return
    draft.text("\n".join(lines))


def _ask_and_answer(lines: list[str], draft: Draft) -> bool:
    """Only where both are marked as such: "R. das Flores, 10" alone is a street."""
    if not _QUESTION.match(lines[0]) or not any(map(_ANSWER.match, lines)):
        return False
    question: list[str] = []
    answer: list[str] = []
    for line in lines:
        asked, answered = _QUESTION.match(line), _ANSWER.match(line)
        if asked and answer:
            draft.answer(" ".join(question), "\n".join(answer))
            question, answer = [], []
        if asked and not question:
            question.append(asked[1])
        elif answered and not answer:
            answer.append(answered[1])
        else:
            (answer or question).append(line.strip())
    draft.answer(" ".join(question), "\n".join(answer))
    return True


def _is_heading(line: str) -> bool:
    if len(line) > _LONGEST_HEADING or line[-1] in ".;,:!?" or not any(map(str.isalpha, line)):
        return False
    return line.isupper() or bool(_NUMBERED.match(line))


def _level(line: str) -> int:
    """Of `2.1.3` three; what is only written large stands on top."""
    numbers = re.match(r"\d{1,3}(?:\.\d{1,3})*", line)
    return 1 + numbers[0].count(".") + 1 if numbers else 1
