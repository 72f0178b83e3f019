"""Why a message did not leave, or nobody knows whether it did: in words for people."""

from collections.abc import Mapping
from typing import Any, Final

from channels.errors import KINDS
from channels.policy import Reason
from core.models.outbox import OutboundState
from core.texts import Text

_STATES: Final = {
    OutboundState.UNKNOWN: Text(
        "Não confirmada: pode ter chegado; estamos confirmando.", "Not confirmed: it may have arrived; we are checking."
    ),
    OutboundState.AMBIGUOUS: Text(
        "Não confirmada: pode ter chegado. Reenvie mesmo assim ou considere enviada.",
        "Not confirmed: it may have arrived. Send it again anyway, or consider it sent.",
    ),
}
REASONS: Final[Mapping[str, Text]] = {
    Reason.OPTED_OUT: Text("A pessoa pediu para não receber mais.", "The person asked not to be written to any more."),
    Reason.CONTROL_CHANGED: Text(
        "Quem responde a conversa mudou antes do envio.", "Who answers the conversation changed before it was sent."
    ),
    Reason.WITHDRAWN: Text("Retirada antes do envio.", "Withdrawn before it was sent."),
    Reason.PAUSED: Text("Espera: o envio em massa está pausado.", "Waiting: the bulk send is paused."),
    Reason.BOT_PAUSED: Text(
        "O bot foi desligado nesta conexão antes do envio.", "The bot was switched off on this connection before."
    ),
    Reason.ENDED: Text("O envio em massa foi encerrado antes.", "The bulk send was ended before."),
    Reason.QUIET_HOURS: Text(
        "Espera o fim do horário de silêncio da pessoa.", "Waiting for the end of the person's quiet hours."
    ),
    Reason.WINDOW_CLOSED: KINDS["window_closed"].operator_text,
    Reason.TOO_LATE: Text("Passou da hora até a qual fazia sentido.", "It was too late for it to make sense."),
    Reason.CONNECTION_BLOCKED: Text(
        "Espera: a conexão está bloqueada; veja o que ela diz.", "Waiting: the connection is blocked; see what it says."
    ),
    Reason.DISABLED: Text("Espera: a conexão está desativada.", "Waiting: the connection is disabled."),
    Reason.BREAKER_OPEN: Text(
        "Espera: o provedor está com problemas; tentaremos de novo.",
        "Waiting: the provider is in trouble; we shall try again.",
    ),
    Reason.UNREACHABLE: Text(
        "Não conseguimos falar com o provedor; tentaremos de novo.",
        "The provider could not be reached; we shall try again.",
    ),
    Reason.NOT_STARTED: Text(
        "O envio não chegou a começar; tentaremos de novo.", "The send did not get to start; we shall try again."
    ),
    Reason.NO_FILE: Text("O arquivo a enviar não está mais aqui.", "The file to be sent is not here any more."),
    Reason.UNFIT: KINDS["unfit"].operator_text,
    Reason.NO_ADDRESS: Text("A pessoa não tem endereço neste canal.", "The person has no address on this channel."),
    Reason.TRIED_OUT: Text("Desistimos depois de várias recusas.", "We gave up after several refusals."),
    Reason.LAPSED: Text("O envio foi interrompido no meio.", "The send was interrupted half-way."),
    Reason.NO_PROOF: Text("O provedor não disse se aceitou.", "The provider did not say whether it accepted it."),
    Reason.PROVED_LOST: Text(
        "Não tinha sido aceita: será enviada de novo.", "It had not been accepted: it will be sent again."
    ),
    Reason.UPLOADED: Text("O arquivo já está no provedor.", "The file is with the provider already."),
}
_UNTOLD: Final = Text("O provedor não a entregou e não disse por quê.", "The provider did not deliver it or say why.")


def in_words(state: OutboundState, reason: str | None, error: Mapping[str, Any] | None) -> Text | None:
    """None where there is nothing to explain."""
    if words := _STATES.get(state):
        return words
    if words := _of_word((error or {}).get("kind")) or _of_word(reason):
        return words
    return _UNTOLD if state is OutboundState.FAILED else None


def _of_word(word: str | None) -> Text | None:
    if word is None:
        return None
    return KINDS[word].operator_text if word in KINDS else REASONS.get(word)
