"""The product: its database, assistant and jobs, put together from the settings."""

from dataclasses import dataclass
from datetime import timedelta

import db.models  # noqa: F401  the policy covers every model only when all are loaded
from assembly.administration import Administration
from assembly.components import (
    create_cluster,
    create_database,
    create_disk,
    create_google,
    create_hasher,
    create_models,
    create_sender,
    create_sign_in_clients,
)
from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from auth import quotas
from auth.encryption import Cipher
from auth.limits import Action, Attempts, Rates
from auth.shared_counts import SharedCounts
from db.core.engine import Database
from db.core.events import Hub
from db.core.sqlite import SQLite
from db.exports import sheet_links
from integrations.blobs import DirectoryBlobs
from integrations.disk import Disk
from integrations.documents.reader import DocumentReader
from integrations.llm.catalog import Catalog
from integrations.llm.routing import ModelRouter
from integrations.webhooks import PublicRequests
from jobs.aggregation.aggregator import Aggregator
from jobs.exports import exports
from jobs.exports.exports import Exports
from jobs.exports.sheet_links import MAX_CONCURRENT as MAX_CONCURRENT_LINKS
from jobs.exports.sheet_links import SheetLinks, SheetLinkSweep
from jobs.extraction import extractions
from jobs.extraction.extractions import Extractions
from jobs.google.revocations import Revocations
from jobs.mail import mail
from jobs.mail.mail import Mails
from jobs.notifications.broadcasts import Broadcasts
from jobs.replies import titles
from jobs.replies.replies import Replies
from jobs.replies.titles import Titles
from jobs.reports import reports
from jobs.reports.reports import Reports
from jobs.reports.schedule import ReportScheduler
from jobs.retention.file_sweep import Sweep
from jobs.retention.purger import Purger
from jobs.runner.cluster import Cluster
from jobs.runner.worker import Handler, Worker
from jobs.tables import cell_indexes
from jobs.tables.cell_indexes import Indexes
from jobs.webhooks import deliveries
from jobs.webhooks.deliveries import Deliveries
from keys import load_secrets
from resolvers.core.context import Backend
from resolvers.core.revocation import Revocation
from settings.settings import Settings
from transport.control import Control
from transport.core.connections import Connections
from transport.core.drain import Drain
from transport.routes.readiness import Readiness

SIGN_INS = "sign-ins"  # purpose of the key that encrypts the cookies of their beginnings


@dataclass(frozen=True)
class Product:
    """Parts of the server that start and stop together; see `lifespan`."""

    backend: Backend
    worker: Worker
    model: ModelRouter | None
    connections: Connections
    revocation: Revocation
    sweep: Sweep
    purger: Purger
    aggregator: Aggregator
    link_sweep: SheetLinkSweep
    report_scheduler: ReportScheduler
    revocations: Revocations
    readiness: Readiness
    disk: Disk
    drain: Drain
    cluster: Cluster | None = None
    control: Control | None = None


def assemble(settings: Settings) -> Product:
    """Create every part and start none. Raise Misconfigured for a setting that the server cannot start with."""
    database, hub = create_database(settings), Hub()
    database.publish = hub.publish
    database.job_limits, database.storage_quota = settings.job_limits, settings.storage_quota
    cluster = create_cluster(settings, database, hub)
    catalog, model = create_models(settings)
    connections = Connections(events_per_person=settings.event_streams_per_person)
    backend = create_backend(settings, database, hub, catalog, cluster)
    worker = create_worker(backend, model, cluster)
    revocation = Revocation(database, hub, connections)
    sweep = Sweep(database, backend.blobs, settings.files_dir, timedelta(days=settings.export_retention_days))
    # Only a SQLite file needs the control socket: on PostgreSQL, commands connect to the database themselves.
    administration = Administration(database, settings)
    control = Control(database.socket, administration.perform) if isinstance(database, SQLite) else None
    purger = Purger(database, hub, settings.files_dir, timedelta(days=settings.purge_after_days))
    link_sweep = SheetLinkSweep(database, timedelta(seconds=settings.sheet_link_seconds))
    disk = create_disk(settings, database)
    readiness = create_readiness(database, disk, cluster)
    background = sweep, purger, Aggregator(database), link_sweep, ReportScheduler(database)
    revocations = Revocations(database, backend.google)
    parts = backend, worker, model, connections, revocation, *background, revocations
    return Product(*parts, readiness, disk, Drain(), cluster, control)


def create_backend(
    settings: Settings, database: Database, hub: Hub, catalog: Catalog, cluster: Cluster | None
) -> Backend:
    """Create the parts that resolvers and jobs use."""
    secrets = load_secrets(settings)
    counts = SharedCounts(cluster.counts if cluster else None)
    return Backend(
        settings=settings,
        database=database,
        hub=hub,
        log=cluster.log if cluster else MemoryLog(),
        watchers=cluster.watchers if cluster else Watchers(),
        passwords=create_hasher(settings),
        secrets=secrets,
        catalog=catalog,
        blobs=DirectoryBlobs(settings.files_dir / "attachments"),
        documents=DocumentReader(),
        requests=PublicRequests(allow_private=settings.webhook_allow_private),
        attempts=Attempts({Action(name): Rates(*rates) for name, rates in settings.rates.items()}, counts),
        quotas=quotas.Quotas({quotas.Quota(name): rate for name, rate in settings.quotas.items()}, counts),
        google=create_google(settings, secrets, cluster),
        sign_in_clients=create_sign_in_clients(settings),
        sign_in_cipher=Cipher(secrets, SIGN_INS),
    )


def create_readiness(database: Database, disk: Disk, cluster: Cluster | None) -> Readiness:
    """Create the checks of /health/ready. Without Redis everything works with a delay, so it is optional."""
    checks = {"database": database.check, "writer": database.check_writer, "disk": disk.check}
    if cluster is not None:
        checks["redis"] = cluster.check
    return Readiness(checks, optional=frozenset({"redis"}))


def create_worker(backend: Backend, model: ModelRouter | None, cluster: Cluster | None) -> Worker:
    """Create the worker with a handler for each kind of job, or without handlers when RUN_JOBS is 0."""
    settings, database, hub = backend.settings, backend.database, backend.hub
    writes_titles = settings.title_source == "model"
    replies = Replies(database, backend.log, model, backend.watchers, backend.blobs, writes_titles=writes_titles)
    handlers: dict[str, Handler] = {
        "reply": replies,
        "export": Exports(database, settings, backend.google),
        sheet_links.JOB_KIND: SheetLinks(database, settings.files_dir, backend.google),
        "broadcast": Broadcasts(database),
        "extraction": Extractions(database, model, backend.blobs),
        "index": Indexes(database),
        "report": Reports(database, settings.currency),
        "mail": Mails(database, create_sender(backend)),
        "webhook": Deliveries(database, backend.secrets, backend.requests),
    }
    if model is not None:
        handlers["title"] = Titles(database, model)
    worker = Worker(
        database,
        hub,
        handlers if settings.run_jobs else {},
        fresh=isinstance(database, SQLite),
        concurrency={
            "export": exports.MAX_CONCURRENT,
            sheet_links.JOB_KIND: MAX_CONCURRENT_LINKS,
            "extraction": extractions.AT_ONCE,
            "index": cell_indexes.MAX_CONCURRENT,
            "report": reports.MAX_CONCURRENT,
            "mail": mail.MAX_CONCURRENT,
            "webhook": deliveries.MAX_CONCURRENT,
            "title": titles.AT_ONCE,
        },
        queue=cluster.queue if cluster else None,
    )
    replies.listen(hub, worker)
    return worker
