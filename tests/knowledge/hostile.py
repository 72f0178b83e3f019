"""Every file of ours that means harm or is broken."""

from typing import Final

from tests.knowledge import hostile_office, hostile_pdf, hostile_text, hostile_zip
from tests.knowledge.harm import Hostile

FILES: Final[tuple[Hostile, ...]] = (*hostile_pdf.FILES, *hostile_zip.FILES, *hostile_office.FILES, *hostile_text.FILES)
