"""The one second chance: the same prompt, with what was wrong about the answer.

It stands in the prompt's own section for repairs where there is one (`agents/prompts/contract.py`, which this cannot
import), else in two messages behind it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agents.gateway.port import ModelRequest, Prompt

_SECTION: Final = re.compile(r"^\[\[14\.repair\]\]\n(?:(?P<body>.*)\n)?\[\[/14\.repair\]\]$", re.MULTILINE)
_MOST_DRAFT: Final = 2000


def repaired(request: ModelRequest, draft: str, problem: str) -> ModelRequest:
    *before, last = request.prompts
    section = _SECTION.search(last.content)
    prompts: Sequence[Prompt]
    if section is None:
        prompts = [*request.prompts, *_behind(draft, problem)]
    else:
        body = _body(section["body"] or "", draft, problem)
        start, end = section.span()
        content = f"{last.content[:start]}[[14.repair]]\n{body}\n[[/14.repair]]{last.content[end:]}"
        prompts = [*before, replace(last, content=content)]
    return replace(request, prompts=prompts)


def _body(earlier: str, draft: str, problem: str) -> str:
    """One line of JSON in which no fence can begin. What an earlier repair named still holds."""
    named = _named(earlier)
    told = json.dumps({"draft": draft[:_MOST_DRAFT], "violations": [*named, problem]})
    return told.replace("[[", "[ [")


def _named(earlier: str) -> list[str]:
    try:
        told: Any = json.loads(earlier) if earlier else {}
    except ValueError:
        return []
    violations = told.get("violations") if isinstance(told, Mapping) else None
    return [str(each) for each in violations] if isinstance(violations, list) else []


def _behind(draft: str, problem: str) -> list[Prompt]:
    words = f"That answer cannot be used. {problem}. Answer again, in the form that was asked for and nothing else."
    answer = [Prompt(role="assistant", content=draft[:_MOST_DRAFT])] if draft.strip() else []
    return [*answer, Prompt(role="user", content=words)]
