"""Metrics of the tokens and the cost of model calls, recorded when a call is settled."""

from db.models.usage import Tokens
from telemetry import metrics
from telemetry.catalog import MODEL_COST, MODEL_TOKENS

NANOS = 1_000_000_000  # of a currency unit


def count_model_use(model: str, tokens: Tokens, cost_nanos: int) -> None:
    metrics.count(MODEL_TOKENS, model, "input", amount=tokens.input)
    metrics.count(MODEL_TOKENS, model, "output", amount=tokens.output)
    metrics.count(MODEL_COST, model, amount=cost_nanos / NANOS)
