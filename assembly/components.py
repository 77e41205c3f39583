"""Parts of the product, each created from the settings."""

import logging
from urllib.parse import urlsplit

from auth.encryption import Cipher
from auth.passwords import PasswordHasher
from db.core.engine import Database
from db.core.events import Hub
from db.core.factory import open_database
from db.core.sqlite import SQLite
from db.migrations import migrate
from integrations.disk import Disk
from integrations.google.access import Google, folder_id_of
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import OAuthClient, scopes_of
from integrations.google.quota import Quota
from integrations.google.service_account import read_service_account
from integrations.llm.catalog import Catalog, catalog_of
from integrations.llm.chat_completions import ModelFailure
from integrations.llm.profiles import ProfilesRefused
from integrations.llm.routing import ModelRouter
from integrations.mail import FileMailer, Mailer, SMTPMailer
from integrations.mail import Server as MailServer
from integrations.oidc.client import OIDCClient
from integrations.oidc.providers import ProvidersRefused, read_providers
from integrations.redis.connection import Redis
from jobs.mail.mail import Sender
from jobs.runner.cluster import Cluster
from keys import google_client_secret
from preflight import masked
from resolvers.accounts import single_sign_on
from resolvers.core.context import Backend
from settings.settings import Misconfigured, Settings
from transport.graphql.trusted import NO_DOCUMENTS, BadManifest, TrustedDocuments, load_manifest
from transport.routes.consent import CALLBACK_PATH

GOOGLE_TOKENS = "google tokens"  # purpose of the key that encrypts them
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
logger = logging.getLogger("sheetgpt")


def create_database(settings: Settings) -> Database:
    """Create the database object without opening it. Raise Misconfigured if DATABASE_URL is not valid."""
    try:
        return open_database(settings.database_url, migrate)
    except ValueError as error:
        raise Misconfigured(f"DATABASE_URL={masked(settings.database_url)} {error}") from None


def create_cluster(settings: Settings, database: Database, hub: Hub) -> Cluster | None:
    """Create the connection to other processes through Redis; None for a single process."""
    if isinstance(database, SQLite) or settings.redis_url is None:
        if not settings.run_jobs:
            raise Misconfigured(
                "RUN_JOBS=0 leaves background jobs to `python app.py worker`: set DATABASE_URL to a PostgreSQL "
                "database, and REDIS_URL."
            )
        if settings.redis_url is not None:
            logger.warning("REDIS_URL is ignored: one process serves a SQLite file. Use PostgreSQL for several.")
        return None
    try:
        return Cluster(Redis(settings.redis_url.get_secret_value(), settings.redis_prefix), hub)
    except ValueError as error:
        raise Misconfigured(f"REDIS_URL {error}") from None


def create_models(settings: Settings) -> tuple[Catalog, ModelRouter | None]:
    """Create the catalog of models and the router that calls them; the router is None for the offline assistant."""
    key, profiles = settings.openai_api_key, settings.llm_profiles
    try:
        catalog = catalog_of(
            profiles.get_secret_value() if profiles else None,
            key=key.get_secret_value() if key else None,
            base_url=settings.openai_base_url,
            model=settings.openai_model,
            context_window=settings.openai_context_window,
            max_output=settings.openai_max_output,
            temperature=settings.openai_temperature,
        )
        return catalog, None if catalog.is_offline else ModelRouter(catalog)
    except ProfilesRefused as error:
        raise Misconfigured(f"{error}.") from None
    except ModelFailure as failure:
        raise Misconfigured(failure.message) from None


def create_google(settings: Settings, secrets: tuple[bytes, ...], cluster: Cluster | None = None) -> Google:
    """Create the ways to reach Google. Raise Misconfigured for settings that contradict each other."""
    file, folder = settings.google_service_account_file, settings.google_drive_folder
    if file is None and (folder or settings.google_delegation):
        name = "GOOGLE_DRIVE_FOLDER" if folder else "GOOGLE_DELEGATION"
        raise Misconfigured(f"{name} needs a service account: set GOOGLE_SERVICE_ACCOUNT_FILE to its key file.")
    try:
        account = read_service_account(file) if file else None
    except SheetsFailure as failure:
        raise Misconfigured(failure.message) from None
    return Google(
        service_account=account,
        folder=folder_id_of(folder) if folder else None,
        delegation=settings.google_delegation,
        oauth=create_oauth_client(settings),
        cipher=Cipher(secrets, GOOGLE_TOKENS),
        base_url=settings.google_sheets_url,
        quota=Quota(cluster.blocking_counts if cluster else None),
    )


def create_oauth_client(settings: Settings) -> OAuthClient | None:
    """Create the OAuth client with which people connect their Google accounts; None if it is not configured."""
    client_id, secret = settings.google_oauth_client_id, google_client_secret(settings)
    if client_id is None and secret is None:
        return None
    if client_id is None or secret is None:
        name = "GOOGLE_OAUTH_CLIENT_ID" if client_id is None else "GOOGLE_OAUTH_CLIENT_SECRET"
        raise Misconfigured(f"{name} is not set: an OAuth client needs its id and its secret.")
    redirect_uri = own_address(settings, "GOOGLE_OAUTH_CLIENT_ID") + CALLBACK_PATH
    return OAuthClient(
        client_id, secret, redirect_uri, scopes_of(settings.google_oauth_scopes), settings.google_sheets_url
    )


def own_address(settings: Settings, name: str) -> str:
    """Return the address that `name` makes others send browsers back to. Raise Misconfigured for one they refuse."""
    address = (settings.public_url or "").rstrip("/")
    if not address and settings.host in LOCAL and settings.port:
        return f"http://{settings.host}:{settings.port}"
    url = urlsplit(address)
    if url.scheme != "https" and url.hostname not in LOCAL:
        raise Misconfigured(
            f"{name} needs PUBLIC_URL, such as https://sheets.example.com: browsers are sent back to it, and http:// "
            "is accepted for localhost alone."
        )
    return address


def create_hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(rounds=settings.password_hash_rounds, megabytes=settings.password_hash_megabytes)


def create_sender(backend: Backend) -> Sender:
    """Create the way of mails to people."""
    settings = backend.settings
    return Sender(
        create_mailer(settings),
        settings.public_url,
        backend.secrets[0],
        to_verified_only=settings.smtp_url is not None,
        app_name=settings.app_name,
    )


def create_mailer(settings: Settings) -> Mailer:
    """Create the mailer: SMTP if SMTP_URL is set, otherwise files in MAIL_DIR."""
    if settings.smtp_url is None:
        return FileMailer(settings.mail_dir, settings.mail_from, settings.app_name)
    try:
        server = MailServer.of(settings.smtp_url.get_secret_value())
        return SMTPMailer(server, settings.mail_from, settings.app_name)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


def create_trusted_documents(settings: Settings) -> TrustedDocuments:
    path = settings.trusted_documents
    if path is None:
        if settings.trusted_documents_only:
            raise Misconfigured("TRUSTED_DOCUMENTS_ONLY needs a manifest: set TRUSTED_DOCUMENTS to its file.")
        return NO_DOCUMENTS
    try:
        return TrustedDocuments(load_manifest(path), only=settings.trusted_documents_only)
    except BadManifest as error:
        raise Misconfigured(f"TRUSTED_DOCUMENTS: {error}") from None


def create_disk(settings: Settings, database: Database) -> Disk:
    directories = [settings.files_dir] + ([database.path.parent] if isinstance(database, SQLite) else [])
    return Disk(directories, settings.min_free_megabytes * 1_000_000)


def create_sign_in_clients(settings: Settings) -> dict[str, OIDCClient]:
    """Create a client of each provider with which people sign in. Raise Misconfigured."""
    setting = settings.oidc_providers
    try:
        configs = read_providers(setting.get_secret_value() if setting else None)
        clients = {}
        for config in configs:
            redirect_uri = f"{own_address(settings, 'OIDC_PROVIDERS')}{single_sign_on.PATH}/{config.key}/callback"
            clients[config.key] = OIDCClient(config, config.secret(), redirect_uri)
            single_sign_on.admission_of(clients[config.key])
    except ProvidersRefused as error:
        raise Misconfigured(f"{error}.") from None
    except ValueError as error:
        raise Misconfigured(f"OIDC_PROVIDERS: {error}.") from None
    return clients
