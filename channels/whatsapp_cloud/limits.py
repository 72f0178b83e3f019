"""The limits of what may be sent, checked before the call: everything that is wrong with a message, at once."""

import re
from collections.abc import Collection
from typing import Final

from channels.whatsapp_cloud.fields import storable
from core.errors import FieldError, Malformed
from core.texts import Text

LONGEST_TEXT: Final = 4096
LONGEST_BODY: Final = 1024
LONGEST_CAPTION: Final = 1024
LONGEST_FOOTER: Final = 60
LONGEST_TAG: Final = 512
LONGEST_LINK: Final = 2000
LONGEST_NAME: Final = 1000
LONGEST_ID: Final = 512
_LINK: Final = re.compile(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", re.IGNORECASE)


class Checks:
    """Collects what is wrong, field by field; never with the value itself, which may be a customer's."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    @property
    def errors(self) -> tuple[FieldError, ...]:
        return tuple(self._errors)

    def refuse(self, field: str, pt: str, en: str) -> None:
        self._errors.append(FieldError(field=field, message=Text(pt, en)))

    def words(self, field: str, value: str, longest: int) -> str:
        """Something to read, no longer than this."""
        if not value.strip():
            self.refuse(field, "não pode ficar vazio.", "must not be empty.")
        return self.length(field, value, longest)

    def length(self, field: str, value: str, longest: int) -> str:
        if len(value) > longest:
            self.refuse(
                field,
                f"tem {len(value)} caracteres; o WhatsApp aceita até {longest}.",
                f"has {len(value)} characters; WhatsApp takes up to {longest}.",
            )
        return storable(value)

    def words_if_any(self, field: str, value: str | None, longest: int) -> str | None:
        return None if value is None else self.words(field, value, longest)

    def link(self, field: str, value: str) -> str:
        if not _LINK.fullmatch(value):
            self.refuse(field, "não é um endereço http ou https completo.", "is not a complete http or https address.")
        return self.length(field, value, LONGEST_LINK)

    def matches(self, field: str, value: str, pattern: re.Pattern[str], *, like: str) -> str:
        if not pattern.fullmatch(value):
            self.refuse(field, f"não tem a forma esperada ({like}).", f"does not have the expected form ({like}).")
        return value

    def count(self, field: str, found: int, *, most: int, least: int = 1) -> None:
        if not least <= found <= most:
            self.refuse(
                field,
                f"tem {found}; o WhatsApp aceita de {least} a {most}.",
                f"has {found}; WhatsApp takes {least} to {most}.",
            )

    def distinct(self, field: str, values: Collection[str]) -> None:
        if len(set(values)) < len(values):
            self.refuse(field, "há valores repetidos.", "there are repeated values.")

    def demand(self) -> None:
        if not self._errors:
            return
        first = self._errors[0]
        raise Malformed(
            f"A mensagem não cabe no WhatsApp: {first.field} {first.message.pt}",
            f"The message does not fit WhatsApp: {first.field} {first.message.en}",
            errors=self.errors,
        )
