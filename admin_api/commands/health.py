"""`masteria health PROCESS`: exit 0 or 1, for compose and orchestrators."""

from collections.abc import Sequence
from typing import Final

from admin_api.commands.home_option import add_home, settings_from
from admin_api.terminal import Parser, launch, text, write
from core.errors import Misconfigured
from core.home import Home
from core.probe import ask

PROCESSES: Final = ("api", "engine", "worker", "beat", "staff", "sandbox")


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Pergunta a um processo se está bem; sai com 0 ou 1. Usa MASTERIA_METRICS_PORT, ou a pasta de `masteria up`.",
        "Ask a process whether it is well; exit 0 or 1. Uses MASTERIA_METRICS_PORT, or the home of `masteria up`.",
    )
    parser = Parser(prog="masteria health", description=about)
    parser.add_argument("process", choices=PROCESSES, help=text("qual processo", "which process"))
    add_home(parser)
    options = parser.parse_args(arguments)
    settings = settings_from(options)
    report = ask(settings.masteria_metrics_port or _port_under_up(Home(settings.masteria_home), options.process))
    if report.alive:
        write("ok")
        return 0
    write("; ".join(report.reasons) or text("sem resposta", "no answer"))
    return 1


def _port_under_up(home: Home, process: str) -> int:
    processes = home.read_state().get("processes")
    facts = processes.get(process) if isinstance(processes, dict) else None
    if not isinstance(facts, dict) or not isinstance(facts.get("port"), int):
        raise Misconfigured(
            f"`{process}` não está no ar em {home.folder}: defina MASTERIA_METRICS_PORT, ou rode `masteria up`.",
            f"The process `{process}` does not run in {home.folder}: set MASTERIA_METRICS_PORT, or run `masteria up`.",
        )
    return int(facts["port"])


if __name__ == "__main__":
    launch(main)
