"""Identity providers in OIDC_PROVIDERS: their issuers, clients, and the people who may sign in with them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

MAX_PROVIDERS, MAX_DOMAINS = 20, 200
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class ProvidersRefused(ValueError):
    """Error of invalid providers; the message names the field and what is expected."""


def is_safe(url: str) -> bool:
    """Return True for https, and for http to this machine: nobody between the servers may read or change a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    return is_encrypted and bool(parts.hostname) and not parts.fragment


def _checked_issuer(value: str) -> str:
    if not is_safe(value) or urlsplit(value).query:
        raise ValueError("write the issuer's address, such as https://login.example.com, without a query")
    return value


def _not_openid(value: str) -> str:
    if "openid" not in value.split():
        raise ValueError("the scopes must contain openid")
    return value


Key: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Domain: TypeAlias = Annotated[
    str, StringConstraints(max_length=253, to_lower=True, pattern=r"^([a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+$")
]


class ProviderConfig(BaseModel):
    """Configured provider. Its secret is given directly, in a file, or in an environment variable, or there is none.

    Only people with a verified address of one of `domains`, if there are any, sign in. They become members of
    `organization`. Without `sign_up`, only people who have an account do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: Key
    name: Text
    issuer: Annotated[str, AfterValidator(_checked_issuer)]
    client_id: Text
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    client_secret_env: str | None = None
    scopes: Annotated[str, AfterValidator(_not_openid)] = "openid email profile"
    domains: Annotated[tuple[Domain, ...], Field(max_length=MAX_DOMAINS)] = ()
    organization: Text | None = None
    sign_up: bool = True

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "ProviderConfig":
        secrets = (self.client_secret, self.client_secret_file, self.client_secret_env)
        if sum(secret is not None for secret in secrets) > 1:
            raise ValueError("name one of client_secret, client_secret_file and client_secret_env")
        # Anybody gets an account of a public provider, and with it would become a member.
        if self.organization is not None and not self.domains:
            raise ValueError("an organization needs domains: list those whose people become its members")
        return self

    def secret(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """Return the secret of the client; None for a public client. Raises ProvidersRefused."""
        where = f"OIDC_PROVIDERS: the provider {self.key}:"
        if self.client_secret_env is not None:
            if not (value := environment.get(self.client_secret_env)):
                raise ProvidersRefused(f"{where} client_secret_env names {self.client_secret_env}, which is not set")
            return value
        if self.client_secret_file is not None:
            try:
                return self.client_secret_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ProvidersRefused(f"{where} client_secret_file cannot be read ({error})") from None
        return self.client_secret.get_secret_value() if self.client_secret else None


def read_providers(setting: str | None) -> tuple[ProviderConfig, ...]:
    """Return the providers in a JSON text, or in the file that it names. Raises ProvidersRefused."""
    if setting is None or not setting.strip():
        return ()
    text = setting if setting.lstrip()[0] in "[{" else _read(setting.strip())
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProvidersRefused(f"OIDC_PROVIDERS is not JSON: {error}") from None
    if not isinstance(parsed, list) or len(parsed) > MAX_PROVIDERS:
        raise ProvidersRefused(f"OIDC_PROVIDERS must be a list of at most {MAX_PROVIDERS} providers")
    providers = tuple(_provider(number, value) for number, value in enumerate(parsed))
    for number, provider in enumerate(providers):
        if provider.key in {other.key for other in providers[:number]}:
            raise ProvidersRefused(f"OIDC_PROVIDERS.{number}.key: {provider.key} is taken: choose another key")
    return providers


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProvidersRefused(f"OIDC_PROVIDERS is neither a JSON list nor a file that can be read ({error})") from None


def _provider(number: int, value: Any) -> ProviderConfig:
    try:
        return ProviderConfig.model_validate(value)
    except ValidationError as error:
        # The values are left out: one of them may be the secret.
        faults = [f"{'.'.join(map(str, [number, *e['loc']]))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise ProvidersRefused("; ".join(f"OIDC_PROVIDERS.{fault}" for fault in faults)) from None
