"""`masteria knowledge synonym` and `settle`: words that mean the same here, and passages that an answer disputes."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from admin_api.commands.knowledge_desk import AddParser, Desk
from admin_api.terminal import Parser, say, text, write, write_json
from core import audit
from core.audit import OPERATOR
from core.errors import Malformed
from knowledge.stores import answers, synonyms


def parsers(add_parser: AddParser) -> list[Parser]:
    return [_naming(add_parser), _settling(add_parser)]


def _naming(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "synonym",
        description=text(
            "Diz que palavras têm o mesmo sentido nesta empresa; sem nenhuma, mostra as que há.",
            "Say which words mean the same to this company; without any, show those there are.",
        ),
    )
    words = text("duas ou mais; entre aspas, até três palavras", "two or more; quoted, up to three words")
    parser.add_argument("words", nargs="*", metavar="WORD", help=words)
    alone = text("esta volta a significar só ela mesma", "this one means only itself again")
    parser.add_argument("--remove", metavar="WORD", help=alone)
    return parser


def _settling(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "settle",
        description=text(
            "Diz que um trecho e a resposta aprovada de que diverge podem ambos valer: a busca volta a achá-lo. "
            "Sem ID, mostra as divergências.",
            "Say that a passage and the approved answer from which it differs may both stand: search finds it again. "
            "Without an ID, show the conflicts.",
        ),
    )
    which = text("a divergência", "the conflict")
    parser.add_argument("conflict", nargs="?", type=UUID, metavar="ID", help=which)
    return parser


async def synonym(desk: Desk, options: Namespace) -> int:
    if options.words and options.remove is not None:
        raise Malformed("Diga palavras ou --remove, e não os dois.", "Name words or --remove, not both.")
    async with desk.session() as session:
        if options.words:
            await synonyms.add(session, options.words)
            audit.record(session, OPERATOR, "knowledge.synonym_added", detail={"words": options.words})
        if options.remove is not None:
            await synonyms.remove(session, options.remove)
            audit.record(session, OPERATOR, "knowledge.synonym_removed", detail={"word": options.remove})
        known = await synonyms.every(session)
    _show(known, as_json=options.json)
    return 0


def _show(known: Mapping[str, frozenset[str]], *, as_json: bool) -> None:
    groups = sorted({tuple(sorted({word, *others})) for word, others in known.items()})
    if as_json:
        write_json(groups)
    elif not groups:
        say("Nenhum sinônimo.", "No synonym.")
    for group in () if as_json else groups:
        write(" = ".join(group))


async def settle(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.conflict is not None:
            await answers.settle(session, options.conflict)
            audit.record(session, OPERATOR, "knowledge.conflict_settled", subject=options.conflict)
        rows = await answers.conflicts(session)
    if options.json:
        write_json([_about(row) for row in rows])
    elif not rows:
        say("Nenhuma divergência em aberto.", "No open conflict.")
    for row in () if options.json else rows:
        said = " ".join(row.said.split())
        answer = text(f"resposta {row.answer_id}", f"answer {row.answer_id}")
        write(f"{row.id}  {row.title}: {said}  ({answer})")
    return 0


def _about(row: Any) -> dict[str, Any]:
    return {"id": row.id, "answer": row.answer_id, "passage": row.passage_id, "title": row.title, "said": row.said}
