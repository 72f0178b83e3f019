"""Every error of ours, one root, a branch per choice that a caller has.

AppError
├── Refused            the request cannot be granted: the caller must change something
│   ├── Malformed      422  what was sent does not have the right shape
│   ├── Unauthenticated 401, Forbidden 403, NotFound 404, Conflict 409, TooLarge 413
│   └── TooMany        429  later, after `retry_after` seconds
├── Unavailable        503  something of ours is away: the same call may succeed later
├── Misconfigured      a setting or the machine must be mended by whoever runs the installation
└── Tampered           sealed bytes do not belong where they were found
"""

from dataclasses import dataclass
from typing import ClassVar

from core.texts import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One field of a request that was refused, by its path."""

    field: str
    message: Text


class AppError(Exception):
    """The root. `detail` says what was attempted and what to do, and never carries a secret or a message body."""

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    report: ClassVar[bool] = True  # someone on call should look at it
    exit_code: ClassVar[int] = 1
    title: ClassVar[Text] = Text("Erro interno", "Internal error")

    def __init__(self, pt: str, en: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(en)
        self.detail = Text(pt, en)
        self.errors = errors


class Refused(AppError):
    status = 400
    report = False
    title = Text("Pedido recusado", "Request refused")


class Malformed(Refused):
    status = 422
    exit_code = 2
    title = Text("Pedido malformado", "Malformed request")


class Unauthenticated(Refused):
    status = 401
    title = Text("Credencial ausente ou inválida", "Missing or invalid credential")


class Forbidden(Refused):
    status = 403
    title = Text("Sem permissão", "Not allowed")


class NotFound(Refused):
    status = 404
    title = Text("Não encontrado", "Not found")


class Conflict(Refused):
    status = 409
    title = Text("Conflito", "Conflict")


class TooLarge(Refused):
    status = 413
    title = Text("Grande demais", "Too large")


class TooMany(Refused):
    status = 429
    retryable = True
    title = Text("Pedidos demais", "Too many requests")

    def __init__(self, pt: str, en: str, *, retry_after: float) -> None:
        super().__init__(pt, en)
        self.retry_after = retry_after


class Unavailable(AppError):
    status = 503
    retryable = True
    title = Text("Indisponível no momento", "Temporarily unavailable")


class Misconfigured(AppError):
    title = Text("Configuração inválida", "Invalid configuration")


class Tampered(AppError):
    title = Text("Dado cifrado inválido", "Invalid sealed data")
