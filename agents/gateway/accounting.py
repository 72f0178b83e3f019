"""What calls took, as the metrics count it: a cost that nobody knows is left out, and is no zero."""

from agents.gateway.port import Usage
from core import telemetry
from core.telemetry import TokenKind

_MICROS_PER_CENT = 10_000


def count(model: str, usage: Usage) -> None:
    fresh = max(0, usage.input_tokens - usage.cached_tokens)
    telemetry.model_tokens(model=model, kind=TokenKind.INPUT).inc(fresh)
    telemetry.model_tokens(model=model, kind=TokenKind.CACHED).inc(usage.cached_tokens)
    telemetry.model_tokens(model=model, kind=TokenKind.OUTPUT).inc(usage.output_tokens)
    if usage.cost_micros is not None:
        telemetry.model_cost_cents(model=model).inc(usage.cost_micros / _MICROS_PER_CENT)
