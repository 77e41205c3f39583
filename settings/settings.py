"""Settings of the server, read once from the environment and `.env`."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from settings.values import (
    AppName,
    Currency,
    DriveFolder,
    GoogleScopes,
    Hosts,
    Listed,
    LogLevel,
    Lower,
    Origins,
    PageDirectory,
    Prefix,
    Rate,
    Sender,
    WebAddress,
    _without_driver,
)

VERSION = "0.1.0"


class Misconfigured(RuntimeError):
    """A setting that the server cannot start with; the message names it and says what to do."""


class Settings(BaseSettings):
    """Frozen settings. Each description is a row of docs/configuration.md and a comment in .env.example."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",  # editors of Windows write a byte order mark
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        case_sensitive=False,
        validate_by_name=True,
    )

    environment: Lower[Literal["development", "production"]] = Field(
        "development",
        validation_alias=AliasChoices("environment", "env"),
        description="`production` refuses to start with a missing, short or guessable `SECRET_KEY`.",
    )
    app_name: AppName = Field("SheetGPT", description="Name of the service in mails: 1 to 60 characters.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; `0` picks a free port.")
    database_url: Annotated[str, AfterValidator(_without_driver)] = Field(
        "sqlite:///sheetgpt.db",
        description="`sqlite:///file.db`, a bare file name, or `postgresql://user:password@host/name`.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="`redis://:password@host:6379/0`, `rediss://…` or `unix://…`. Connects the processes that share "
        "one PostgreSQL database. Ignored with SQLite.",
    )
    redis_prefix: Prefix = Field(
        "sheetgpt",
        description="Prefix of every key and channel in Redis. Installations that share a Redis need different ones.",
    )
    run_jobs: bool = Field(
        True,
        validation_alias=AliasChoices("run_jobs", "jobs"),
        description="Run background jobs (replies, exports, mail) in this server. `0` leaves them to `python app.py "
        "worker`, which needs `REDIS_URL`.",
    )
    files_dir: Path = Field(Path("sheetgpt-files"), description="Directory for exported and attached files.")
    secret_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("secret_key", "jwt_secret_key"),
        description="Key that signs tokens and download links, at least 32 bytes. `JWT_SECRET_KEY` is an alias. In "
        "development a random key is created beside the database.",
    )
    secret_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("secret_key_file", "jwt_secret_key_file"),
        description="File that contains the secret key, instead of `SECRET_KEY`. `JWT_SECRET_KEY_FILE` is an alias.",
    )
    secret_keys_previous: SecretStr | None = Field(
        None,
        description="Earlier secret keys, separated by commas. Their signatures stay valid; new ones are made with "
        "`SECRET_KEY`.",
    )
    access_token_minutes: int = Field(
        30,
        ge=1,
        le=1440,
        validation_alias=AliasChoices("access_token_minutes", "access_token_expire_minutes"),
        description="Lifetime of an access token, in minutes.",
    )
    refresh_token_days: int = Field(
        30,
        ge=1,
        le=365,
        validation_alias=AliasChoices("refresh_token_days", "refresh_token_expire_days"),
        description="Lifetime of an unused session, in days.",
    )
    password_hash_rounds: int = Field(
        2,
        ge=1,
        le=100,
        description="Rounds of Argon2id for each password. Hashes of other costs are renewed at the next log-in.",
    )
    password_hash_megabytes: int = Field(
        19,
        ge=8,
        le=1024,
        description="Memory of Argon2id for each password, in MiB. Four passwords are hashed at once.",
    )
    download_link_minutes: int = Field(60, ge=1, le=10080, description="Lifetime of a download link, in minutes.")
    log_in_limit_account: Rate = Field(
        "10 per 15 minutes",
        description="Rate limit for password attempts (log-ins and password changes) on one account. Each aliased "
        "field of a request counts.",
    )
    log_in_limit_address: Rate = Field(
        "100 per 15 minutes",
        description="Rate limit for password attempts from one IP address; for IPv6, from one /64 network. The other "
        "limits by address count the same way.",
    )
    sign_up_limit_account: Rate = Field("20 per hour", description="Rate limit for sign-ups with one e-mail address.")
    sign_up_limit_address: Rate = Field("30 per hour", description="Rate limit for sign-ups from one IP address.")
    refresh_limit_account: Rate = Field(
        "120 per 15 minutes", description="Rate limit for token refreshes of one account."
    )
    refresh_limit_address: Rate = Field(
        "600 per 15 minutes", description="Rate limit for token refreshes from one IP address."
    )
    reset_limit_account: Rate = Field(
        "5 per hour", description="Rate limit for password reset and verification mails to one account."
    )
    reset_limit_address: Rate = Field(
        "30 per hour",
        description="Rate limit for requests of such mails, and for attempts to use a mailed token, from one IP "
        "address.",
    )
    invite_limit_person: Rate = Field("20 per hour", description="Rate limit for invitations by one person.")
    invite_limit_address: Rate = Field(
        "5 per day",
        description="Rate limit for invitations to one e-mail address, by anybody. With `SMTP_URL`, only people with a "
        "verified address invite.",
    )
    operation_limit_person: Rate = Field(
        "120000 per minute",
        description="Rate limit for GraphQL operations of one person, over HTTP, event streams and WebSockets.",
    )
    operation_limit_address: Rate = Field(
        "240000 per minute",
        description="Rate limit for requests and WebSocket operations from one IP address, with and without a token.",
    )
    cost_limit_person: Rate = Field(
        "30000000 per minute",
        description="Rate limit for the cost of the operations of one person; an operation may cost 25000.",
    )
    cost_limit_address: Rate = Field(
        "60000000 per minute", description="Rate limit for the cost of the operations from one IP address."
    )
    upload_limit_person: Rate = Field("10000 per day", description="Rate limit for uploaded files of one person.")
    row_limit_person: Rate = Field(
        "50000000 per day", description="Rate limit for rows that one person adds, upserts and imports."
    )
    storage_quota_mb: int = Field(
        10_000,
        ge=0,
        le=1_000_000_000,
        description="Storage of one organization, in megabytes: its tables with their history, the files attached to "
        "messages, and the files of exports. `0` sets no limit.",
    )
    exports_per_person: int = Field(20, ge=1, le=10_000, description="Unfinished exports of one person.")
    extractions_per_person: int = Field(20, ge=1, le=10_000, description="Unfinished extractions of one person.")
    replies_per_person: int = Field(50, ge=1, le=10_000, description="Unfinished replies to one person.")
    sockets_per_address: int = Field(
        20, ge=1, le=100_000, description="WebSockets of one IP address on which nobody has signed in, open at once."
    )
    sockets_per_person: int = Field(20, ge=1, le=100_000, description="WebSockets of one person, open at once.")
    event_streams_per_person: int = Field(
        100, ge=1, le=100_000, description="Server-sent and multipart event streams of one person, open at once."
    )
    operations_per_socket: int = Field(50, ge=1, le=10_000, description="Operations that run at once on one WebSocket.")
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server: `smtps://user:password@host` (TLS, port 465), `smtp://…` (STARTTLS, port 587) or "
        "`smtp+plain://…` (no TLS, port 25). When empty, mail is written to `MAIL_DIR`.",
    )
    mail_from: Sender = Field("sheetgpt@localhost", description="Sender address of mail.")
    mail_dir: Path = Field(
        Path("sheetgpt-mail"), description="Directory for mail as `.eml` files, used without `SMTP_URL`."
    )
    public_url: WebAddress | None = Field(
        None,
        description="Public address of the server, such as `https://sheets.example.com`, for links. When empty, links "
        "are paths.",
    )
    cors_origins: Listed[Origins] = Field(
        "",
        description="Origins of web clients, separated by commas; `*` is refused. When empty, only the same origin "
        "is allowed.",
    )
    allowed_hosts: Listed[Hosts] = Field(
        "",
        description="Host names that requests may name, separated by commas, such as `sheets.example.com, "
        "*.example.org`. When empty, any. `/health` answers under any name.",
    )
    force_https: bool = Field(
        False,
        description="Redirect pages from http:// to https://, refuse other requests without TLS except `/health`, and "
        "send `Strict-Transport-Security`. Behind a proxy that ends TLS, set `TRUSTED_PROXIES`.",
    )
    trusted_proxies: Listed[str] = Field(
        "127.0.0.1",
        description="Addresses or networks of reverse proxies, separated by commas, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed.",
    )
    introspection: bool | None = Field(
        None, description="Answer introspection queries. When empty, only in development."
    )
    app_page: bool = Field(True, description="Serve the page for people at `/`.")
    static_dir: PageDirectory | None = Field(
        None,
        description="Directory of your own page, instead of that one: its `index.html` is served at `/` and at unknown "
        "paths, its files below `/static/`. Names with a hash, such as `main-4F2a9c1B.js`, are cached for a year. A "
        "file `csp.txt` is sent as the content security policy.",
    )
    graphiql: bool | None = Field(
        None, description="Serve GraphiQL at `/graphql` in a browser. When empty, only in development."
    )
    suggestions: bool | None = Field(
        None,
        description="Suggest names in errors about unknown fields, arguments and values. When empty, only in "
        "development.",
    )
    trusted_documents: Path | None = Field(
        None,
        description="Manifest of the operations that clients may name by `documentId`: a JSON file as relay-compiler, "
        "GraphQL Code Generator or Apollo Client writes it. Read at the start.",
    )
    trusted_documents_only: bool = Field(
        False, description="Refuse operations that are not in `TRUSTED_DOCUMENTS`. GraphiQL then does not work."
    )
    max_batch: int = Field(
        0, ge=0, le=10, description="Maximum number of operations in one HTTP request, up to 10. 0 refuses batches."
    )
    compression: bool = Field(
        True,
        description="Compress large results of queries with zstd, Brotli or gzip. Mutations and streams are not "
        "compressed.",
    )
    openai_api_key: SecretStr | None = Field(
        None,
        description="API key of the model provider. The offline assistant answers while this and `OPENAI_BASE_URL` "
        "are empty.",
    )
    openai_base_url: str | None = Field(
        None,
        description="Chat Completions endpoint of OpenAI, Ollama, vLLM, llama.cpp or another provider. When empty, "
        "OpenAI's.",
    )
    openai_model: str = Field("gpt-5-mini", description="Model that writes replies.")
    openai_context_window: int = Field(
        128_000,
        ge=512,
        le=100_000_000,
        description="Context window of that model in tokens, for input and output.",
    )
    openai_temperature: float | None = Field(
        None,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="Sampling temperature of that model in conversations without their own, from 0 to 2. When empty, "
        "the provider's.",
    )
    openai_max_output: int | None = Field(
        None,
        ge=16,
        le=10_000_000,
        validation_alias=AliasChoices("openai_max_output", "openai_max_tokens"),
        description="Maximum length of a reply of that model in tokens, in conversations without their own. When "
        "empty, the provider's; a hard budget then reserves 4096.",
    )
    llm_profiles: SecretStr | None = Field(
        None,
        description="More providers and models: a JSON list of profiles, or the path of a file that contains one.",
    )
    title_source: Literal["model", "text"] = Field(
        "model",
        validation_alias=AliasChoices("title_source", "titles"),
        description="Source of a conversation's title after its first exchange: `model` asks the model in a separate "
        "call, `text` takes the first message.",
    )
    currency: Currency = Field(
        "USD", description="Currency of the prices in `LLM_PROFILES` and of all budgets, as an ISO 4217 code."
    )
    oidc_providers: SecretStr | None = Field(
        None,
        description="OpenID Connect providers with which people sign in: a JSON list, or the path of a file that "
        "contains one. Needs `PUBLIC_URL`.",
    )
    oidc_return_url: WebAddress | None = Field(
        None,
        description="Page to which a browser comes back from a provider, with `#signInCode=…` for "
        "`exchangeSignInCode`. When empty, `/` of this server.",
    )
    google_service_account_file: Path | None = Field(
        None,
        description="Key file (JSON) of a service account, which writes into spreadsheets that are shared with its "
        "e-mail address.",
    )
    google_drive_folder: DriveFolder | None = Field(
        None,
        description="Folder of a shared drive, by its id or address, in which the service account creates "
        "spreadsheets. Google gives it no storage elsewhere.",
    )
    google_delegation: bool = Field(
        False,
        description="Let the service account act as people of its Google Workspace domain, by their verified e-mail "
        "addresses. `1` needs domain-wide delegation in the Admin console.",
    )
    google_oauth_client_id: str | None = Field(
        None, description="Client id of an OAuth client, with which people connect their own Google accounts."
    )
    google_oauth_client_secret: SecretStr | None = Field(None, description="Secret of that OAuth client.")
    google_oauth_client_secret_file: Path | None = Field(
        None, description="File that contains the secret, instead of `GOOGLE_OAUTH_CLIENT_SECRET`."
    )
    google_oauth_scopes: GoogleScopes = Field(
        "drive.file",
        description="Access that people are asked for. `drive.file`: spreadsheets that this server creates. "
        "`drive.file spreadsheets`: also any spreadsheet that a person names; Google reviews such clients.",
    )
    google_sheets_url: WebAddress | None = Field(
        None, description="Other address of Google's APIs and sign-in, for tests. When empty, Google's."
    )
    sheet_link_seconds: float = Field(
        30,
        ge=0.05,
        le=3600,
        description="Seconds for which changes of a table are gathered before a sheet that is kept updated is written.",
    )
    webhook_allow_private: bool = Field(
        False,
        description="Allow webhooks to private and loopback addresses, for tests. Anyone who can sign up can then send "
        "requests into your network.",
    )
    max_body_bytes: int = Field(
        2_000_000, ge=1_000, description="Maximum size of an HTTP request body or WebSocket message, in bytes."
    )
    max_upload_bytes: int = Field(
        10_000_000,
        ge=1_000,
        description="Maximum size of an uploaded file, in bytes. A request may have ten files and three times as many "
        "bytes in total.",
    )
    purge_after_days: int = Field(
        30, ge=1, le=3650, description="Days after which deleted data is erased; until then it can be restored."
    )
    export_retention_days: int = Field(
        7,
        ge=1,
        le=3650,
        validation_alias=AliasChoices("export_retention_days", "exports_kept_days"),
        description="Days after which exported files are erased; until then they can be downloaded.",
    )
    drain_seconds: int = Field(
        20,
        ge=0,
        le=3600,
        description="Seconds that running requests, replies and jobs have to end after a SIGTERM; what is left is "
        "handed over. Give the process manager a longer time.",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of `HOST` at which Prometheus reads `/metrics`, in servers and workers. Keep it private: it "
        "asks for no token.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Token with which Prometheus reads `/metrics` at the server's own port, at least 16 characters. "
        "Without it and without `METRICS_PORT`, nothing is recorded.",
    )
    slow_ms: int = Field(
        1_000,
        ge=0,
        le=600_000,
        description="Milliseconds after which a query or mutation is logged with its statements; `0` logs none.",
    )
    min_free_megabytes: int = Field(
        100,
        ge=0,
        le=10_000_000,
        description="Free space, in megabytes, below which `/health/ready` answers 503: on the disks of the SQLite "
        "file and of `FILES_DIR`.",
    )
    log_format: Lower[Literal["auto", "json", "text"]] = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal, otherwise JSON."
    )
    log_level: LogLevel = Field("INFO", description="Minimum level of log lines.")

    @property
    def rates(self) -> dict[str, tuple[str, str]]:
        """Rate limits of each action, by account and by IP address."""
        return {
            "LOG_IN": (self.log_in_limit_account, self.log_in_limit_address),
            "SIGN_UP": (self.sign_up_limit_account, self.sign_up_limit_address),
            "REFRESH": (self.refresh_limit_account, self.refresh_limit_address),
            "RESET": (self.reset_limit_account, self.reset_limit_address),
            "INVITE": (self.invite_limit_person, self.invite_limit_address),
        }

    @property
    def quotas(self) -> dict[str, str]:
        """Rates of the quotas, by their names."""
        return {
            "operations-person": self.operation_limit_person,
            "operations-address": self.operation_limit_address,
            "cost-person": self.cost_limit_person,
            "cost-address": self.cost_limit_address,
            "uploads-person": self.upload_limit_person,
            "rows-person": self.row_limit_person,
        }

    @property
    def storage_quota(self) -> int | None:
        """Most bytes that one organization stores; None for no limit."""
        return self.storage_quota_mb * 1_000_000 or None

    @property
    def job_limits(self) -> dict[str, int]:
        """Most unfinished jobs of one person, by kind of job."""
        return {
            "export": self.exports_per_person,
            "extraction": self.extractions_per_person,
            "reply": self.replies_per_person,
        }

    def in_development(self, choice: bool | None) -> bool:
        """Return a setting's value, which is true only in development when it is empty."""
        return self.environment == "development" if choice is None else choice

    @cached_property
    def hosts(self) -> list[str]:
        return [host.strip().lower() for host in self.allowed_hosts.split(",") if host.strip()]

    @cached_property
    def origins(self) -> list[str]:
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]
