"""Why a send did not go through: the kinds a caller or an operator would treat differently.

SendError            the provider proved that it did not take the message
├── RateLimited      slow down; costs no attempt
├── PairLimited      too many to this one recipient; others are fine
├── ProviderTrouble  the provider is in trouble and says so: a few more tries
├── WindowClosed     24 hours since the customer wrote: a template is needed
├── TemplateRefused  the template does not exist, is paused, or its variables do not fit
├── Undeliverable    this recipient cannot be reached on this channel
├── NotNow           the provider keeps this person from being written to for a while
├── OptedOut         the person told the provider to stop
├── MediaRefused     the file is not one the provider takes
├── CredentialRefused the token or a permission of the connection is refused
├── AccountBlocked   the number or account is locked, unpaid or not registered
└── Unfit            the request itself is wrong: a bug of ours
Unproven             an answer that proves neither; it is never sent again blindly
"""

from enum import StrEnum
from typing import ClassVar, Final

from core.errors import AppError
from core.texts import Text


class Fault(StrEnum):
    """Who can mend it."""

    PROVIDER = "provider"
    OPERATOR = "operator"
    CUSTOMER = "customer"
    OURS = "ours"


class SendError(AppError):
    status = 502
    report = False
    title = Text("Envio não aceito", "Send not accepted")
    name: ClassVar[str]
    fault: ClassVar[Fault]
    blocks_connection: ClassVar[bool] = False  # everything else on this connection would fail alike
    costs_attempt: ClassVar[bool] = True
    operator_text: ClassVar[Text]

    def __init__(self, code: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(self.operator_text.pt, self.operator_text.en)
        self.code = code  # the provider's own, for whoever reads its manual
        self.retry_after = retry_after


class RateLimited(SendError):
    name = "rate_limited"
    retryable = True
    fault = Fault.PROVIDER
    costs_attempt = False
    operator_text = Text("O provedor pediu para ir mais devagar.", "The provider asked to slow down.")


class PairLimited(SendError):
    name = "pair_limited"
    retryable = True
    fault = Fault.PROVIDER
    costs_attempt = False
    operator_text = Text(
        "Mensagens demais para esta pessoa em pouco tempo; as demais seguem.",
        "Too many messages to this person in a short time; the others go on.",
    )


class ProviderTrouble(SendError):
    name = "provider_trouble"
    retryable = True
    fault = Fault.PROVIDER
    operator_text = Text("O provedor está com problemas.", "The provider is in trouble.")


class WindowClosed(SendError):
    name = "window_closed"
    fault = Fault.OPERATOR
    operator_text = Text(
        "Passaram 24 h da última mensagem da pessoa: use um modelo aprovado.",
        "24 hours have passed since the person wrote: use an approved template.",
    )


class TemplateRefused(SendError):
    name = "template_refused"
    fault = Fault.OPERATOR
    operator_text = Text(
        "O modelo não existe, está pausado ou as variáveis não combinam com ele: confira o modelo e o idioma.",
        "The template does not exist, is paused, or its variables do not fit: check the template and its language.",
    )


class Undeliverable(SendError):
    name = "undeliverable"
    fault = Fault.CUSTOMER
    operator_text = Text(
        "Não foi possível entregar a esta pessoa por este canal.", "This person cannot be reached on this channel."
    )


class NotNow(SendError):
    name = "not_now"
    fault = Fault.PROVIDER
    operator_text = Text(
        "O provedor não entrega mais propaganda a esta pessoa por enquanto: espere ao menos 24 h.",
        "The provider delivers no more marketing to this person for now: wait 24 hours at least.",
    )


class OptedOut(SendError):
    name = "opted_out"
    fault = Fault.CUSTOMER
    operator_text = Text("A pessoa pediu para não receber mais.", "The person asked not to be written to any more.")


class MediaRefused(SendError):
    name = "media_refused"
    fault = Fault.OPERATOR
    operator_text = Text(
        "O provedor recusou o arquivo: confira o tipo e o tamanho.",
        "The provider refused the file: check its type and size.",
    )


class CredentialRefused(SendError):
    name = "credential_refused"
    fault = Fault.OPERATOR
    blocks_connection = True
    operator_text = Text(
        "O provedor recusou o token desta conexão: gere outro e atualize a conexão.",
        "The provider refused this connection's token: make a new one and update the connection.",
    )


class AccountBlocked(SendError):
    name = "account_blocked"
    fault = Fault.OPERATOR
    blocks_connection = True
    operator_text = Text(
        "A conta ou o número está bloqueado, sem pagamento ou sem registro: veja o painel do provedor.",
        "The account or number is locked, unpaid or not registered: see the provider's panel.",
    )


class Unfit(SendError):
    name = "unfit"
    report = True
    fault = Fault.OURS
    operator_text = Text(
        "O provedor não entendeu o pedido: é um erro nosso e foi registrado.",
        "The provider did not understand the request: a bug of ours, which was recorded.",
    )


class Unproven(AppError):
    """The provider may have taken the message, and did not prove either."""

    status = 502
    report = False
    title = Text("Envio não confirmado", "Send not confirmed")

    def __init__(self, reason: str) -> None:
        super().__init__(
            "O provedor não confirmou nem negou o envio.", "The provider neither confirmed nor denied the send."
        )
        self.reason = reason


KINDS: Final[dict[str, type[SendError]]] = {
    kind.name: kind
    for kind in (
        RateLimited,
        PairLimited,
        ProviderTrouble,
        WindowClosed,
        TemplateRefused,
        Undeliverable,
        NotNow,
        OptedOut,
        MediaRefused,
        CredentialRefused,
        AccountBlocked,
        Unfit,
    )
}
