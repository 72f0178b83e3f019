"""Every edge of every shipped persona's graph is taken, and every rule that its definition allows speaks: no more."""

import pytest

from graphs.conversation import rules
from tests.graphs.conversation.repertoire import repertoire
from tests.graphs.conversation.theatre import PERSONAS, Dialogues, graph_of


class TestShipped:
    @pytest.mark.parametrize("name", PERSONAS)
    async def test_all_that_can_happen_happens(self, name: str) -> None:
        persona = PERSONAS[name]
        spoken: set[str] = set()
        taken: set[tuple[str, str]] = set()
        for play in repertoire(persona):
            dialogues = Dialogues.of(
                persona, play.dialogue, control=play.control, is_watched=True, succeeded=set(play.succeeded)
            )
            for cue in play.cues:
                played = await dialogues.turn(cue)
                spoken |= set(played.outcome.decision.rules)
                taken |= played.edges
        edges = {(edge.source, edge.target) for edge in graph_of(persona).get_graph().edges}
        assert sorted(rules.of(persona) - spoken) == []
        assert sorted(spoken - rules.of(persona)) == []
        assert sorted(edges - taken) == []
