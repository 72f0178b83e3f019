"""One defect at a time, planted into a persona that has none, and where it is to be found."""

from dataclasses import dataclass
from typing import Final

from agents.personas.shipped import shipped

SALES: Final = "vendas-consultivas"
SUPPORT: Final = "suporte"
COLLECTION: Final = "cobranca"
SCHEDULING: Final = "agendamento"


@dataclass(frozen=True, slots=True)
class Planted:
    """`old` becomes `new`; the complaint stands on the line of `at` (the last of them) and says `says`."""

    what: str
    persona: str
    old: str
    new: str
    at: str
    says: str

    @property
    def text(self) -> str:
        source = shipped()[self.persona]
        assert source.count(self.old) == 1, f"{self.what}: {self.old!r} is there {source.count(self.old)} times"
        return source.replace(self.old, self.new)

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.text.rindex(self.at)) + 1


def without(text: str, name: str, persona: str) -> str:
    """The whole of a text of the persona's, to be planted away."""
    source = shipped()[persona]
    begin = source.index(f"\n  {name}:\n") + 1
    end = begin
    for line in source[begin:].splitlines(keepends=True):
        if end > begin and not line.startswith("    "):
            break
        end += len(line)
    assert text in source[begin:end]
    return source[begin:end]


def between(start: str, end: str, persona: str) -> str:
    """From the one up to the other."""
    source = shipped()[persona]
    return source[source.index(start) : source.index(end)]
