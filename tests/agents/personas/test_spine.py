"""The drawing of a turn is the graph that runs."""

import pytest

from agents.personas.drawing_mermaid import spine_edges
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from graphs.conversation.graph import compile_graph


class TestSpineEdges:
    @pytest.mark.parametrize("name", shipped())
    def test_they_are_those_of_the_compiled_graph(self, name: str) -> None:
        persona = read_persona(shipped()[name])
        edges = {(edge.source.strip("_"), edge.target.strip("_")) for edge in compile_graph(persona).get_graph().edges}
        ends = {"start": "START", "end": "END"}
        assert {(ends.get(one, one), ends.get(other, other)) for one, other in edges} == set(spine_edges(persona))
