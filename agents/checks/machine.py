"""What a machine would write for another one: calls of tools, JSON, marks of pages. A customer reads none of it."""

import re
from collections.abc import Iterator
from typing import Final

from agents.tools.registry import TOOLS

_KEYS: Final = "type|name|arguments|parameters|args|tools?|tool_calls?|function|function_call|input|output|role|content"
_TOOLS: Final = "|".join(map(re.escape, TOOLS))
_MACHINE: Final = re.compile(
    r"```"
    r"|[{\[]\s*[\"'][^\"'\n]{1,60}[\"']\s*:"  # an object
    rf"|[\"'](?:{_KEYS})[\"']\s*:"
    r"|\{\s*[a-z_]\w*\s*:\s*[\"'{\[\d]"
    r"|</?[a-z][\w:-]*(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>|<\|"  # a tag
    r"|\b[a-z_]\w*(?:\.[a-z_]\w*)*\(\s*(?:[a-z_]\w*\s*=|[\"'{\[])"  # a call, and what it is given
    r"|\b[a-z_]\w*(?:\.[a-z_]\w*)+\(\s*\)|\b[a-z]+_[a-z_]+\(\s*\)"
    rf"|\b(?:{_TOOLS})\b",
    re.IGNORECASE,
)


def marks(text: str) -> Iterator[str]:
    return (found[0] for found in _MACHINE.finditer(text))
