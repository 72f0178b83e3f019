"""`masteria persona`: check a file line by line, draw stages, list those shipped, and keep a company's versions."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from admin_api.commands import persona_versions
from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, text, write, write_json
from agents.personas.definition import Persona
from agents.personas.drawing_mermaid import mermaid, spine
from agents.personas.drawing_png import png
from agents.personas.lint import check, has_errors
from agents.personas.problems import Level, Problem
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.tools.registry import TOOLS
from core.db.sessions import Database, Pool
from core.errors import Malformed, Misconfigured, NotFound
from graphs.retrieving import Knowledge

_ACTIONS: Final = ("check", "graph", "list", *persona_versions.ACTIONS)
_MOST_BYTES: Final = 4_000_000  # of a file that is opened at all; what a persona may have is less, and told better


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What was named on the command line."""

    name: str
    text: str


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    match options.what:
        case "check":
            return _check(_document(options.file), bases=_bases(options), as_json=options.json)
        case "graph":
            return _graph(_document(options.persona), options)
        case "list":
            return _list(as_json=options.json)
        case "publish":
            return persona_versions.run(options, _document(options.file).text)
        case _:
            return persona_versions.run(options)


def _parser() -> Parser:
    about = text(
        "Confere e desenha personas, o que não precisa de banco de dados, e cuida das versões de uma empresa.",
        "Check and draw personas, which needs no database, and look after a company's versions.",
    )
    parser = Parser(prog="masteria persona", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="|".join(_ACTIONS))
    checking = actions.add_parser(
        "check",
        description=text(
            "Confere um arquivo: uma linha por problema, com a linha do arquivo. Sai com 1 se houver algum erro.",
            "Check a file: one line for each problem, with its line in the file. Exits with 1 if there is an error.",
        ),
    )
    checking.add_argument("file", metavar="FILE", help=text("o arquivo YAML", "the YAML file"))
    checking.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    whose = text("confere também as bases de conhecimento desta empresa", "check the knowledge bases of this one, too")
    checking.add_argument("--company", metavar="SLUG", help=whose)
    add_home(checking)
    _add_graph(actions.add_parser("graph", description=text("Desenha os estágios.", "Draw the stages.")))
    listing = actions.add_parser("list", description=text("Lista as que vêm prontas.", "List those that are shipped."))
    listing.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    persona_versions.add_actions(actions.add_parser)
    return parser


def _add_graph(drawing: Parser) -> None:
    named = text("uma persona pronta, ou um arquivo YAML", "a shipped persona, or a YAML file")
    drawing.add_argument("persona", metavar="NAME|FILE", help=named)
    drawing.add_argument(
        "--format",
        choices=["mermaid", "png"],
        default="mermaid",
        help=text("o padrão é mermaid", "mermaid is the default"),
    )
    out = text(
        "onde gravar; sem isto, mermaid vai para a tela e png para NOME.png",
        "where to write; else mermaid is shown, and png goes to NAME.png",
    )
    drawing.add_argument("--out", metavar="FILE", type=Path, help=out)
    also = text(
        "também o caminho de cada mensagem, em um segundo bloco (mermaid)",
        "also the path of every message, in a second block (mermaid)",
    )
    drawing.add_argument("--spine", action="store_true", help=also)


def _document(named: str) -> Document:
    """A file where there is one, else a shipped persona of that name."""
    path = Path(named)
    if path.is_file():
        return Document(name=named, text=_read(path))
    ready = shipped()
    if named not in ready:
        names = ", ".join(ready)
        raise NotFound(
            f"Não há arquivo nem persona `{named}`. As prontas são: {names}.",
            f"There is no file or persona `{named}`. Those shipped are: {names}.",
        )
    return Document(name=named, text=ready[named])


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"`{path}` não está em UTF-8.", f"`{path}` is not in UTF-8.") from error
    except OSError as error:
        raise Misconfigured(
            f"Não consegui ler `{path}`: {error.strerror}.", f"Could not read `{path}`: {error.strerror}."
        ) from error


def _bases(options: Namespace) -> frozenset[str] | None:
    """Those of a company, where one is named: nothing else of a check needs a database."""
    return None if options.company is None else asyncio.run(_bases_of(options))


async def _bases_of(options: Namespace) -> frozenset[str]:
    database = Database(settings_here(options).require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        return await Knowledge(database).of(await company_named(database, options.company)).bases()
    finally:
        await database.close()


def _check(document: Document, *, bases: frozenset[str] | None, as_json: bool) -> int:
    problems = check(document.text, bases=bases, tools=TOOLS)
    is_broken = has_errors(problems)
    if as_json:
        write_json({"file": document.name, "ok": not is_broken, "problems": [_about(one) for one in problems]})
        return int(is_broken)
    for problem in problems:
        write(_line(document.name, problem))
    if not problems:
        say(f"✓ {document.name}: nenhum problema.", f"✓ {document.name}: no problem.")
    return int(is_broken)


def _line(name: str, problem: Problem) -> str:
    mark = text("aviso: ", "warning: ") if problem.level is Level.WARNING else ""
    field = f"{problem.field}: " if problem.field else ""
    return f"{name}:{problem.line}: {mark}{field}{text(*problem.message)}"


def _about(problem: Problem) -> dict[str, Any]:
    about = {"line": problem.line, "field": problem.field, "level": problem.level.value}
    return about | {"message": text(*problem.message)}


def _graph(document: Document, options: Namespace) -> int:
    persona = read_persona(document.text)
    if options.format == "png":
        _save(options.out or Path(f"{persona.persona}.png"), png(persona))
    elif options.out:
        _save(options.out, _mermaid(persona, with_spine=options.spine).encode())
    else:
        write(_mermaid(persona, with_spine=options.spine).rstrip())
    return 0


def _mermaid(persona: Persona, *, with_spine: bool) -> str:
    """Two diagrams are two blocks of Markdown: a file of Mermaid holds only one."""
    if not with_spine:
        return mermaid(persona)
    return "\n".join(f"```mermaid\n{block}```\n" for block in (mermaid(persona), spine(persona)))


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Misconfigured(
            f"Não consegui gravar `{path}`: {error.strerror}.", f"Could not write `{path}`: {error.strerror}."
        ) from error
    say(f"Gravado em {path}.", f"Written to {path}.")


def _list(*, as_json: bool) -> int:
    personas = [read_persona(source) for source in shipped().values()]
    if as_json:
        write_json([_row(persona) for persona in personas])
        return 0
    for persona in personas:
        row = _row(persona)
        write(f"{row['name']:<22} {row['version']:<6} {row['label']}: {' → '.join(row['stages'])}")
    return 0


def _row(persona: Persona) -> dict[str, Any]:
    stages = [stage.id for stage in persona.stages]
    return {"name": persona.persona, "version": persona.version, "label": persona.label, "stages": stages}


if __name__ == "__main__":
    launch(main)
