"""After a success that leads back, a stage begins anew: what was told before it is over, what was told since counts."""

from typing import Final

from agents.commands import Command, SwitchGoal
from core.models.stream import Trigger
from graphs.conversation.decide import decide
from graphs.conversation.state import Decision, Dialogue, EffectNews, Filled
from tests.graphs.conversation.acting import heard, moment, quote, slot
from tests.graphs.conversation.theatre import PERSONAS

BIA: Final = PERSONAS["agendamento"]
CAIO: Final = PERSONAS["suporte"]
CANCELLED: Final = EffectNews(tool="agenda.cancelar", state="succeeded", result={"at": "2026-03-12T10:00"})
EARLIER: Final = quote("às 10h", 1)
WISH: Final = quote("preciso desmarcar", 5)


def after(*, horario: Filled, stage: str = "cancelamento", news: EffectNews = CANCELLED) -> Decision:
    """A cancellation that was wished for in the fifth message is done."""
    dialogue = Dialogue(
        stage=stage,
        has_greeted=True,
        slots={
            "nome": Filled(value={"name": "Ana"}, quote=EARLIER),
            "servico": Filled(value={"value": "retorno", "label": "Retorno"}, quote=EARLIER),
            "horario": horario,
        },
        evidence={"quer_cancelar": WISH},
        settled=frozenset({"agenda.criar", "agenda.cancelar"}),
    )
    told = moment(dialogue=dialogue, trigger=Trigger.ACTION_RESULT, unanswered=[], effects=[news])
    return decide(BIA, told, heard())


def wanted_again(*told: Command, succeeded: frozenset[str], stage: str = "marcado") -> Decision:
    """By whoever stands where something was booked, or further on."""
    dialogue = Dialogue(
        stage=stage,
        has_greeted=True,
        slots={
            "nome": Filled(value={"name": "Ana"}, quote=EARLIER),
            "servico": Filled(value={"value": "retorno", "label": "Retorno"}, quote=EARLIER),
            "horario": Filled(value={"at": "2026-03-02T10:00"}, quote=EARLIER),
        },
        evidence={"foi_atendido": EARLIER} if stage == "atendido" else {},
        settled=frozenset({"agenda.criar"}),
        done=frozenset({stage}),
    )
    return decide(BIA, moment(dialogue=dialogue, succeeded=succeeded), heard(SwitchGoal(goal="marcar"), *told))


class TestAfresh:
    def test_the_time_that_was_given_up_is_forgotten_and_not_asked_for_at_once(self) -> None:
        decision = after(horario=Filled(value={"at": "2026-03-12T10:00"}, quote=EARLIER))
        assert decision.stage == "pedido"
        assert set(decision.dialogue.slots) == {"nome", "servico"}
        assert decision.ask is None

    def test_the_words_that_led_to_it_are_used_up(self) -> None:
        decision = after(horario=Filled(value={"at": "2026-03-12T10:00"}, quote=EARLIER))
        assert decision.dialogue.evidence == {}

    def test_a_time_told_with_the_wish_is_offered_at_once(self) -> None:
        decision = after(horario=Filled(value={"at": "2026-03-13T15:00"}, quote=quote("sexta às 15h", 5)))
        assert decision.ask == "effect:agenda.criar"
        assert decision.dialogue.slots["horario"].value == {"at": "2026-03-13T15:00"}

    def test_what_is_over_and_wanted_again_leads_back(self) -> None:
        decision = wanted_again(succeeded=frozenset())
        assert (decision.stage, decision.ask) == ("pedido", "horario")
        assert set(decision.dialogue.slots) == {"nome", "servico"}

    def test_whoever_was_attended_may_come_again(self) -> None:
        decision = wanted_again(succeeded=frozenset(), stage="atendido")
        assert [move.target for move in decision.moves] == ["cancelamento", "marcado", "pedido"]
        assert (decision.ask, decision.dialogue.evidence) == ("horario", {})

    def test_and_is_thanked_for_that_visit_too(self) -> None:
        assert wanted_again(succeeded=frozenset(), stage="atendido").dialogue.done == frozenset()

    def test_what_still_stands_does_not(self) -> None:
        assert wanted_again(succeeded=frozenset({"agenda.criar"})).stage == "marcado"

    def test_a_time_told_with_the_new_wish_is_offered_at_once(self) -> None:
        decision = wanted_again(slot("horario", at="2026-03-13T15:00"), succeeded=frozenset())
        assert decision.ask == "effect:agenda.criar"

    def test_another_order_is_refunded_where_one_was(self) -> None:
        dialogue = Dialogue(
            stage="reembolso",
            has_greeted=True,
            slots={"pedido": Filled(value={"text": "4521"}, quote=EARLIER)},
            evidence={"quer_reembolso": EARLIER},
            settled=frozenset({"pedidos.reembolsar"}),
        )
        told = moment(dialogue=dialogue, succeeded=frozenset({"pedidos.reembolsar"}))
        assert decide(CAIO, told, heard(slot("pedido", text="4387"))).ask == "effect:pedidos.reembolsar"
        assert decide(CAIO, told, heard()).ask is None

    def test_a_failure_keeps_everything_as_it_was(self) -> None:
        failed = EffectNews(tool="agenda.cancelar", state="failed", result={})
        decision = after(horario=Filled(value={"at": "2026-03-12T10:00"}, quote=EARLIER), news=failed)
        assert decision.stage == "cancelamento"
        assert decision.dialogue.evidence == {"quer_cancelar": WISH}
        assert "horario" in decision.dialogue.slots
