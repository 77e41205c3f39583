"""Every model, imported in one place: the metadata and the policy are whole from here on."""

from db.accounts import audit, sessions, users, verifications
from db.billing import budgets, usage
from db.conversations import attachments, conversations, messages, ratings, segments, share_links
from db.core import idempotency
from db.exports import exports
from db.jobs import jobs
from db.notifications import notifications
from db.organizations import invitations, organizations
from db.proposals import proposals
from db.search import search
from db.sites import items, modules, readings, sites
from db.tables import tables
from db.tables.history import revisions

__all__ = [
    "attachments",
    "audit",
    "budgets",
    "conversations",
    "exports",
    "idempotency",
    "invitations",
    "items",
    "jobs",
    "messages",
    "modules",
    "notifications",
    "organizations",
    "proposals",
    "ratings",
    "readings",
    "revisions",
    "search",
    "segments",
    "sessions",
    "share_links",
    "sites",
    "tables",
    "usage",
    "users",
    "verifications",
]
