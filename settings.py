"""Everything an operator can set, read once from the environment and `.env`."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AliasChoices, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

VERSION = "0.1.0"

Rate: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[1-9]\d{0,5} per ([1-9]\d{0,3} )?(second|minute|hour|day)s?$")
]


class Misconfigured(RuntimeError):
    """A setting that the server cannot start with; the message names it and the way out."""


class Settings(BaseSettings):
    """Frozen; every field's description is its row in the README's table."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        case_sensitive=False,
        validate_by_name=True,
    )

    environment: Literal["development", "production"] = Field(
        "development",
        description="`production` refuses a missing or short `SECRET_KEY`.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    database_url: str = Field(
        "sqlite:///sheetgpt.db",
        description="`sqlite:///file.db`, a bare file name, or `postgresql://user:password@host/name`.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="`redis://:password@host:6379/0`, `rediss://…` or `unix://…`: carries replies, events and jobs "
        "between the processes of one PostgreSQL database. Not used with SQLite.",
    )
    redis_prefix: str = Field(
        "sheetgpt",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="Begins every key and channel in Redis; installations that share a Redis need one each.",
    )
    jobs: bool = Field(
        True,
        description="Whether this server writes replies, exports and mail itself; `0` leaves them to `python app.py "
        "worker`, which needs `REDIS_URL`.",
    )
    files_dir: Path = Field(Path("sheetgpt-files"), description="Directory for exported files.")
    secret_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("secret_key", "jwt_secret_key"),
        description="Signs tokens and download links, at least 32 bytes; `JWT_SECRET_KEY` is the same. In development "
        "a random one is made and kept beside the database.",
    )
    secret_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("secret_key_file", "jwt_secret_key_file"),
        description="File that holds the secret key instead; `JWT_SECRET_KEY_FILE` is the same.",
    )
    secret_keys_previous: SecretStr | None = Field(
        None,
        description="Secret keys from before, separated by commas: what they signed is still good, and nothing new is "
        "signed with them.",
    )
    access_token_minutes: int = Field(30, ge=1, le=1440, description="Life of an access token, in minutes.")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Life of a session that is not used, in days.")
    download_link_minutes: int = Field(60, ge=1, le=10080, description="Life of a signed download link, in minutes.")
    log_in_limit_account: Rate = Field(
        "10 per 15 minutes",
        description="Attempts at the password of one account: log-ins and password changes, each alias and each "
        "request of a batch counted.",
    )
    log_in_limit_address: Rate = Field(
        "100 per 15 minutes", description="The same from one address; of IPv6, from one /64 network."
    )
    sign_up_limit_account: Rate = Field(
        "20 per hour", description="Attempts to make an account with one e-mail address."
    )
    sign_up_limit_address: Rate = Field("30 per hour", description="The same from one address.")
    refresh_limit_account: Rate = Field("120 per 15 minutes", description="Renewals of one account's tokens.")
    refresh_limit_address: Rate = Field("600 per 15 minutes", description="The same from one address.")
    reset_limit_account: Rate = Field(
        "5 per hour", description="Mails to one account: to reset its password or to verify its address."
    )
    reset_limit_address: Rate = Field(
        "30 per hour", description="The same from one address, and attempts to use what was mailed."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server: `smtps://user:password@host` (TLS from the start, port 465), `smtp://…` (STARTTLS, "
        "port 587) or `smtp+plain://…` (no TLS, port 25). Without it mail is written into `MAIL_DIR`.",
    )
    mail_from: str = Field("sheetgpt@localhost", description="Address that mail is sent from.")
    mail_dir: Path = Field(
        Path("sheetgpt-mail"), description="Directory for mail as `.eml` files, when there is no `SMTP_URL`."
    )
    public_url: str | None = Field(
        None, description="Address that clients use, put before links; when empty, links are paths on the server."
    )
    cors_origins: str = Field(
        "",
        description="Origins of web clients, separated by commas; `*` is refused. Empty: same origin only.",
    )
    openai_api_key: SecretStr | None = Field(
        None, description="Key for the model provider. Without it and `OPENAI_BASE_URL` the offline assistant answers."
    )
    openai_base_url: str | None = Field(
        None, description="Chat Completions endpoint, also of Ollama, vLLM or llama.cpp; OpenAI's when empty."
    )
    openai_model: str = Field("gpt-5-mini", description="Model that writes replies.")
    openai_context_window: int = Field(
        128_000, ge=512, le=100_000_000, description="Tokens that this model reads and writes in one call, together."
    )
    llm_profiles: SecretStr | None = Field(
        None,
        description="More providers and models: a JSON list of profiles, or the path of a file that holds one.",
    )
    titles: Literal["model", "text"] = Field(
        "model",
        description="Who names a conversation after its first exchange: `model`, in a short call of its own, or its "
        "`text` alone.",
    )
    currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="What the prices in `LLM_PROFILES` and all budgets are in (ISO 4217)."
    )
    google_service_account_file: Path | None = Field(
        None, description="Service account key (JSON) for exports to Google Sheets."
    )
    google_sheets_url: str | None = Field(
        None, description="Another host for the Sheets and Drive APIs; Google's when empty."
    )
    max_body_bytes: int = Field(
        2_000_000, ge=1_000, description="Largest HTTP request body and WebSocket message, in bytes."
    )
    max_upload_bytes: int = Field(
        10_000_000,
        ge=1_000,
        description="Largest file of a multipart request, in bytes; one request has at most ten files and three times "
        "as many bytes.",
    )
    purge_after_days: int = Field(
        30, ge=1, le=3650, description="How long what was deleted can be restored, in days; then it is erased."
    )
    exports_kept_days: int = Field(
        7, ge=1, le=3650, description="How long the files of exports can be downloaded, in days; then they are erased."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal, else JSON."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")

    @field_validator("cors_origins")
    @classmethod
    def _no_wildcard(cls, value: str) -> str:
        if "*" in value:
            raise ValueError("CORS_ORIGINS takes a list of origins, not *: any site could act as its visitors")
        return value

    @property
    def rates(self) -> dict[str, tuple[str, str]]:
        """How often one account and one address may try what."""
        return {
            "LOG_IN": (self.log_in_limit_account, self.log_in_limit_address),
            "SIGN_UP": (self.sign_up_limit_account, self.sign_up_limit_address),
            "REFRESH": (self.refresh_limit_account, self.refresh_limit_address),
            "RESET": (self.reset_limit_account, self.reset_limit_address),
        }

    @cached_property
    def origins(self) -> list[str]:
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]
