"""`masteria health PROCESS`: exit 0 or 1, for compose and orchestrators."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from admin_api.terminal import Parser, launch, text, write
from core.errors import Misconfigured
from core.home import Home
from core.probe import ask
from core.settings import Settings

PROCESSES: Final = ("api", "engine", "worker", "beat")


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Pergunta a um processo se está bem; sai com 0 ou 1. Usa MASTERIA_METRICS_PORT, ou a pasta de `masteria up`.",
        "Ask a process whether it is well; exit 0 or 1. Uses MASTERIA_METRICS_PORT, or the home of `masteria up`.",
    )
    parser = Parser(prog="masteria health", description=about)
    parser.add_argument("process", choices=PROCESSES, help=text("qual processo", "which process"))
    parser.add_argument("--home", type=Path, metavar="DIR", help=text("pasta dos dados", "the data folder"))
    options = parser.parse_args(arguments)
    settings = Settings.load({"MASTERIA_HOME": str(options.home.absolute())} if options.home else None)
    report = ask(settings.masteria_metrics_port or _port_under_up(Home(settings.masteria_home), options.process))
    if report.alive:
        write("ok")
        return 0
    write("; ".join(report.reasons) or text("sem resposta", "no answer"))
    return 1


def _port_under_up(home: Home, process: str) -> int:
    facts = home.read_state().get("processes", {}).get(process)
    if facts is None:
        raise Misconfigured(
            f"`{process}` não está no ar em {home.folder}: defina MASTERIA_METRICS_PORT, ou rode `masteria up`.",
            f"The process `{process}` does not run in {home.folder}: set MASTERIA_METRICS_PORT, or run `masteria up`.",
        )
    return int(facts["port"])


if __name__ == "__main__":
    launch(main)
