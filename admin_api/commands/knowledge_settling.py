"""`masteria knowledge synonym` and `settle`: words that mean the same here, and passages that an answer disputes."""

from argparse import Namespace
from typing import Any

from admin_api.commands.knowledge_desk import AddParser, Desk, action, an_id, explain, tell_each
from admin_api.terminal import Parser, text
from core import audit
from core.audit import OPERATOR
from core.errors import Malformed
from core.texts import Text
from knowledge.stores import answers, synonyms


def parsers(add_parser: AddParser) -> list[Parser]:
    return [_naming(add_parser), _settling(add_parser)]


def _naming(add_parser: AddParser) -> Parser:
    about = Text(
        "Diz que palavras têm o mesmo sentido nesta empresa; sem nenhuma, mostra as que há.",
        "Say which words mean the same to this company; without any, show those there are.",
    )
    parser = action(add_parser, "synonym", synonym, about)
    words = Text("duas ou mais; entre aspas, até três palavras", "two or more; quoted, up to three words")
    explain(parser, "words", nargs="*", metavar="WORD", about=words)
    alone = Text("esta volta a significar só ela mesma", "this one means only itself again")
    explain(parser, "--remove", metavar="WORD", about=alone)
    return parser


def _settling(add_parser: AddParser) -> Parser:
    about = Text(
        "Diz que um trecho e a resposta aprovada de que diverge podem ambos valer: a busca volta a achá-lo. "
        "Sem ID, mostra as divergências.",
        "Say that a passage and the approved answer from which it differs may both stand: search finds it again. "
        "Without an ID, show the conflicts.",
    )
    parser = action(add_parser, "settle", settle, about)
    explain(parser, "conflict", nargs="?", type=an_id, metavar="ID", about=Text("a divergência", "the conflict"))
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
    groups = sorted({tuple(sorted({word, *others})) for word, others in known.items()})
    return tell_each(options, groups, about=list[str], line=" = ".join, nothing=Text("Nenhum sinônimo.", "No synonym."))


async def settle(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.conflict is not None:
            await answers.settle(session, options.conflict)
            audit.record(session, OPERATOR, "knowledge.conflict_settled", subject=options.conflict)
        rows = await answers.conflicts(session)
    nothing = Text("Nenhuma divergência em aberto.", "No open conflict.")
    return tell_each(options, rows, about=_about, line=_line, nothing=nothing)


def _line(row: Any) -> str:
    answer = text(f"resposta {row.answer_id}", f"answer {row.answer_id}")
    return f"{row.id}  {row.title}: {' '.join(row.said.split())}  ({answer})"


def _about(row: Any) -> dict[str, Any]:
    return {"id": row.id, "answer": row.answer_id, "passage": row.passage_id, "title": row.title, "said": row.said}
