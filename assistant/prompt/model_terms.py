"""Terms of the offered models: limits and today's prices, for the data layer."""

from datetime import date
from decimal import Decimal

from db.billing.usage import Models, ModelTerms
from integrations.llm.catalog import Catalog, Offer

NOTHING = Decimal(0)


def models_of(catalog: Catalog, day: date, chosen: str | None = None) -> Models:
    """Return all models, or the chosen one, with their terms on a day (UTC); the offline assistant has None."""
    if catalog.is_offline:
        return dict.fromkeys(catalog.names)
    return {offer.name: terms_of(offer, day) for offer in catalog.offers if chosen in (None, offer.name)}


def terms_of(offer: Offer, day: date) -> ModelTerms:
    """Return the terms of an offer on a day. Without a price, the model is free."""
    if (price := offer.price(day)) is None:
        return ModelTerms(offer.context_window, offer.max_output)
    return ModelTerms(
        offer.context_window,
        offer.max_output,
        input=price.input,
        cached=price.input if price.cached is None else price.cached,
        output=price.output,
        reasoning=price.output if price.reasoning is None else price.reasoning,
    )
