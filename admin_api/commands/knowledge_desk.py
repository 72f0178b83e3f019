"""What the actions of `masteria knowledge` share: whose knowledge it is, how they are asked for, how they answer."""

import argparse
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from admin_api.terminal import Parser, say, text, write, write_json
from agents.gateway.embeddings import Embeddings
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId
from core.texts import Text

AddParser = Callable[..., Parser]
Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Whose knowledge it is about."""

    database: Database
    company: CompanyId
    embeddings: Embeddings | None

    def session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.database.tenant_session(self.company)


Act = Callable[[Desk, Namespace], Awaitable[int]]


def action(add_parser: AddParser, name: str, act: Act, about: Text) -> Parser:
    """One of the command's, with what it does."""
    parser = add_parser(name, description=text(*about), help=text(*about))
    parser.set_defaults(act=act)
    return parser


def explain(parser: Parser, *names: str, about: Text, **how: Any) -> None:
    parser.add_argument(*names, help=text(*about), **how)


def explain_base(parser: Parser) -> None:
    explain(parser, "--base", required=True, metavar="NAME", about=Text("a base", "the base"))


def explain_document(parser: Parser, **how: Any) -> None:
    named = Text("o documento, como `list` o mostra", "the document, as `list` shows it")
    explain(parser, "document", metavar="NAME", about=named, **how)


def an_id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        shown = text(f"{value}: copie o ID que a lista mostra", f"{value}: copy the ID that the list shows")
        raise argparse.ArgumentTypeError(shown) from None


def tell(options: Namespace, about: Mapping[str, Any], said: Text) -> int:
    """What was done."""
    if options.json:
        write_json(about)
    else:
        say(*said)
    return 0


def tell_each(
    options: Namespace,
    rows: Sequence[Row],
    *,
    about: Callable[[Row], Any],
    line: Callable[[Row], str],
    nothing: Text,
) -> int:
    """A list, or that there is nothing in it."""
    if options.json:
        write_json([about(row) for row in rows])
    elif not rows:
        say(*nothing)
    else:
        write("\n".join(map(line, rows)))
    return 0
