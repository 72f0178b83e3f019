"""What follows from a persona is worked out once, for it and for no other."""

from collections.abc import Callable

from agents.personas import derived
from agents.personas.definition import Persona
from agents.personas.derived import once
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped


def _counted() -> tuple[Callable[[Persona], str], list[str]]:
    made: list[str] = []

    @once
    def scope(persona: Persona) -> str:
        made.append(persona.persona)
        return persona.scope

    return scope, made


class TestOnce:
    def test_asked_again_it_is_not_worked_out_again(self) -> None:
        scope, made = _counted()
        persona = read_persona(shipped()["suporte"])

        assert scope(persona) is scope(persona)
        assert made == ["suporte"]

    def test_a_changed_copy_has_its_own(self) -> None:
        scope, _ = _counted()
        persona = read_persona(shipped()["suporte"])
        other = persona.model_copy(update={"scope": "Outra coisa."})

        assert [scope(persona), scope(other), scope(persona)] == [persona.scope, "Outra coisa.", persona.scope]

    def test_one_that_is_gone_leaves_nothing_to_the_next(self) -> None:
        scope, _ = _counted()
        persona = read_persona(shipped()["suporte"])

        for number in range(50):  # each in the memory of the one before, if nobody held it
            assert scope(persona.model_copy(update={"scope": str(number)})) == str(number)

    def test_only_so_many_are_kept(self) -> None:
        scope, made = _counted()
        persona = read_persona(shipped()["suporte"])
        copies = [persona.model_copy() for _ in range(derived._KEPT)]

        for one in (persona, *copies, persona):
            scope(one)

        assert len(made) == len(copies) + 2
