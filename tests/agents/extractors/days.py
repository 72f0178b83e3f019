"""The day on which the tests of the extractors are read: a Saturday."""

from datetime import date
from typing import Final

TODAY: Final = date(2026, 11, 21)
