"""Catalog of the models that this server offers, by the names that users choose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import SecretStr, ValidationError

from integrations.llm.profiles import (
    DEFAULT,
    Capabilities,
    ModelConfig,
    Price,
    Prices,
    Profile,
    ProfilesRefused,
    read_profiles,
)

OFFLINE = "offline"


@dataclass(frozen=True)
class Offer:
    """Model that may be chosen as `name`; its provider knows it as `model`. Sizes are in tokens.

    `named_output` is `max_output` if the operator configured it, else None; `temperature` is that of conversations
    without their own.
    """

    name: str
    model: str
    profile: Profile
    capabilities: Capabilities
    prices: Prices
    context_window: int
    max_output: int
    named_output: int | None
    temperature: float | None

    def price(self, day: date) -> Price | None:
        """Return the price on a day (UTC), or None when none is configured."""
        return next((price for price in self.prices if price.holds(day)), None)


class Catalog:
    """Offered models. A model keeps its own name unless two profiles have it; then it is `profile/model`.

    Without profiles there is only the offline assistant.
    """

    def __init__(self, profiles: Sequence[Profile] = ()) -> None:
        self.profiles = tuple(profiles)
        count = Counter(model.name for profile in profiles for model in profile.models)
        self.offers = tuple(offer for profile in profiles for offer in _offers(profile, count))
        self._by_name = {f"{offer.profile.name}/{offer.model}": offer for offer in self.offers}
        self._by_name |= {offer.name: offer for offer in self.offers}

    @property
    def is_offline(self) -> bool:
        return not self.offers

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that may be chosen; the first is the default."""
        return tuple(offer.name for offer in self.offers) or (OFFLINE,)

    def find(self, name: str) -> Offer | None:
        """Return the model of a name, also when its profile is given although it need not be."""
        return self._by_name.get(name)


def _offers(profile: Profile, count: Counter[str]) -> list[Offer]:
    return [
        Offer(
            name=model.name if count[model.name] == 1 else f"{profile.name}/{model.name}",
            model=model.name,
            profile=profile,
            capabilities=model.capabilities or profile.capabilities,
            prices=profile.prices if model.prices is None else model.prices,
            context_window=model.context_window or profile.context_window,
            max_output=model.max_output or profile.max_output,
            named_output=model.max_output or profile.named_output,
            temperature=profile.temperature if model.temperature is None else model.temperature,
        )
        for model in profile.models
    ]


def catalog_of(
    profiles: str | None,
    *,
    key: str | None,
    base_url: str | None,
    model: str,
    context_window: int,
    max_output: int | None = None,
    temperature: float | None = None,
) -> Catalog:
    """Return the catalog of OPENAI_* (with a key or an address) and LLM_PROFILES. Raises ProfilesRefused."""
    described = read_profiles(profiles)
    if key is None and base_url is None:
        return Catalog(described)
    try:
        named = (ModelConfig(name=model, max_output=max_output, temperature=temperature),)
    except ValidationError:
        raise ProfilesRefused("OPENAI_MODEL is the name of one model, without spaces and commas") from None
    secret = None if key is None else SecretStr(key)
    own = Profile(name=DEFAULT, base_url=base_url, api_key=secret, models=named, context_window=context_window)
    return Catalog([own, *described])
