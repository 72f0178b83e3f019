"""A tool of a persona's that waits for staff: what its document has to say, each slip named by its line."""

import pytest

from agents.personas.lint import check
from agents.tools.registry import TOOLS
from tests.agents.personas.planting import COLLECTION, SCHEDULING, SUPPORT, Planted, without

WAITING = "    tools: [agenda.minhas, {tool: agenda.cancelar, approver: staff}]\n"
PLANTED = (
    Planted(
        "an approval of what only looks up",
        COLLECTION,
        "    collect: [forma]\n    tools: [cobrancas.consultar]\n",
        "    collect: [forma]\n    tools: [{tool: cobrancas.consultar, approver: staff}]\n",
        "approver: staff",
        "só consulta: não há o que aprovar",
    ),
    Planted(
        "a refund without anybody's yes",
        SUPPORT,
        "        arguments: {number: slot:pedido}\n        approver: staff\n",
        "        arguments: {number: slot:pedido}\n",
        "tool: pedidos.reembolsar",
        "`approver: staff`",
    ),
    Planted(
        "an approver that there is not",
        SUPPORT,
        "approver: staff",
        "approver: gerente",
        "approver: gerente",
        "staff",
    ),
    Planted(
        "a wait of which nothing is said",
        SUPPORT,
        without("já está com a equipe", "pedidos_reembolsar_waiting", SUPPORT),
        "",
        "tool: pedidos.reembolsar",
        "falta o texto `pedidos_reembolsar_waiting`",
    ),
    Planted(
        "a no without words",
        SUPPORT,
        without("não autorizou", "pedidos_reembolsar_refused", SUPPORT),
        "",
        "tool: pedidos.reembolsar",
        "falta o texto `pedidos_reembolsar_refused`",
    ),
    Planted(
        "a tool that waits from now on, with the texts of one that does not",
        SCHEDULING,
        "    tools: [agenda.minhas, agenda.cancelar]\n",
        WAITING,
        "agenda.minhas, {tool",
        "falta o texto `agenda_cancelar_waiting`",
    ),
)


class TestApprovals:
    @pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.what)
    def test_each_slip_is_named_by_its_line(self, planted: Planted) -> None:
        found = [(one.line, one.message.pt) for one in check(planted.text, bases=None, tools=TOOLS)]
        assert [said for line, said in found if line == planted.line and planted.says in said], found
