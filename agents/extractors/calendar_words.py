"""The words of the calendar in three languages, as parts of patterns."""

from collections.abc import Mapping
from typing import Final


def _table(*lines: str) -> Mapping[str, int]:
    return {word: number for number, line in enumerate(lines) for word in line.split()}


WEEKDAYS: Final = _table(
    "segunda monday lunes",
    "terca tuesday martes",
    "quarta wednesday miercoles",
    "quinta thursday jueves",
    "sexta friday viernes",
    "sabado saturday",
    "domingo sunday",
)
MONTHS: Final = _table(
    "-",
    "janeiro january enero jan",
    "fevereiro february febrero fev feb",
    "marco march marzo mar",
    "abril april abr apr",
    "maio may mayo mai",
    "junho june junio jun",
    "julho july julio jul",
    "agosto august ago aug",
    "setembro september septiembre set sep",
    "outubro october octubre out oct",
    "novembro november noviembre nov",
    "dezembro december diciembre dez dec",
)
WEEKDAY: Final = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
MONTH: Final = "|".join(sorted((word for word in MONTHS if word != "-"), key=len, reverse=True))
