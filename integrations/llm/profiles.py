"""Model providers in LLM_PROFILES: their addresses, models, capabilities and prices."""

import json
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

CONTEXT_WINDOW, MAX_OUTPUT = 128_000, 4_096
MAX_PROFILES, MAX_MODELS = 50, 200
DEFAULT = "default"  # the profile that OPENAI_* describe

Amount: TypeAlias = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600)]
Temperature: TypeAlias = Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)]
Name: TypeAlias = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\s,]+$")]
ProfileName: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[\w.-]+$")]


class ProfilesRefused(ValueError):
    """Error of invalid profiles; the message names the field and what is expected."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Capabilities(Part):
    """Abilities of a model beside text."""

    images: bool = False
    json_schema: bool = True
    tools: bool = False


class Price(Part):
    """Price for a million tokens of each kind, on the days from `since` to `until`, both included (UTC).

    Without their own price, cached tokens cost as much as input and reasoning tokens as much as output.
    """

    since: date | None = Field(None, alias="from")
    until: date | None = None
    input: Amount
    cached: Amount | None = None
    output: Amount
    reasoning: Amount | None = None

    def holds(self, day: date) -> bool:
        return (self.since or date.min) <= day <= (self.until or date.max)


Prices: TypeAlias = tuple[Price, ...]


class DeadlineConfig(Part):
    """Deadlines in seconds; those left out keep their defaults."""

    connect: Seconds = 5.0
    first_token: Seconds = 30.0
    between_tokens: Seconds = 30.0
    total: Seconds = 600.0


class ModelConfig(Part):
    """Configured model; its profile has the values that it leaves out."""

    name: Name
    capabilities: Capabilities | None = None
    prices: Prices | None = None
    context_window: int | None = Field(None, ge=512, le=100_000_000)
    max_output: int | None = Field(None, ge=16, le=10_000_000)
    temperature: Temperature = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_price_a_day(self) -> "ModelConfig":
        _check_prices(self.prices or ())
        return self


class Profile(Part):
    """Configured provider. Its key is given directly, in a file, or in an environment variable."""

    name: ProfileName
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    api_key_env: str | None = None
    models: Annotated[tuple[ModelConfig, ...], Field(min_length=1, max_length=MAX_MODELS)]
    capabilities: Capabilities = Capabilities()
    prices: Prices = ()
    context_window: int = Field(CONTEXT_WINDOW, ge=512, le=100_000_000)
    max_output: int = Field(MAX_OUTPUT, ge=16, le=10_000_000)
    temperature: Temperature = None
    deadlines: DeadlineConfig = DeadlineConfig()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Profile":
        if sum(key is not None for key in (self.api_key, self.api_key_file, self.api_key_env)) > 1:
            raise ValueError("name one of api_key, api_key_file and api_key_env")
        if len({model.name for model in self.models}) < len(self.models):
            raise ValueError("a model is named twice")
        _check_prices(self.prices)
        return self

    @property
    def named_output(self) -> int | None:
        """Return the maximum length of a reply if the profile sets it, else None."""
        return self.max_output if "max_output" in self.model_fields_set else None

    def key(self, environment: Mapping[str, str] = os.environ) -> str:
        """Return the key, or `none` for a provider without keys. Raises ProfilesRefused."""
        where = f"LLM_PROFILES: the profile {self.name}:"
        if self.api_key_env is not None:
            if not (value := environment.get(self.api_key_env)):
                raise ProfilesRefused(f"{where} api_key_env names {self.api_key_env}, which is not set")
            return value
        if self.api_key_file is not None:
            try:
                return self.api_key_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ProfilesRefused(f"{where} api_key_file cannot be read ({error})") from None
        return self.api_key.get_secret_value() if self.api_key else "none"


def read_profiles(setting: str | None) -> tuple[Profile, ...]:
    """Return the profiles in a JSON text, or in the file that it names. Raises ProfilesRefused."""
    if setting is None or not setting.strip():
        return ()
    text = setting if setting.lstrip()[0] in "[{" else _read(setting.strip())
    try:
        parsed = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ProfilesRefused(f"LLM_PROFILES is not JSON: {error}") from None
    if not isinstance(parsed, list) or len(parsed) > MAX_PROFILES:
        raise ProfilesRefused(f"LLM_PROFILES must be a list of at most {MAX_PROFILES} profiles")
    profiles = tuple(_profile(number, one) for number, one in enumerate(parsed))
    for number, profile in enumerate(profiles):
        if profile.name in {DEFAULT, *(other.name for other in profiles[:number])}:
            raise ProfilesRefused(f"LLM_PROFILES.{number}.name: {profile.name} is taken: choose another name")
    return profiles


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfilesRefused(f"LLM_PROFILES is neither a JSON list nor a file that can be read ({error})") from None


def _profile(number: int, value: Any) -> Profile:
    try:
        return Profile.model_validate(value)
    except ValidationError as error:
        # The values are left out: one of them may be the key.
        faults = [f"{'.'.join(map(str, [number, *e['loc']]))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise ProfilesRefused("; ".join(f"LLM_PROFILES.{fault}" for fault in faults)) from None


def _check_prices(prices: Prices) -> None:
    """Raise ValueError unless each day has at most one price."""
    days = sorted((price.since or date.min, price.until or date.max) for price in prices)
    if any(until < since for since, until in days):
        raise ValueError("a price ends before it begins")
    if any(later[0] <= earlier[1] for earlier, later in pairwise(days)):
        raise ValueError("two prices hold on the same day")
