"""People and things of the matrix, by the names that its rows use."""

from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from auth.api_keys import new_api_key
from auth.tokens import issue_access, new_refresh
from auth.viewer import Role, Viewer
from db.accounts import api_keys, sessions
from db.accounts.api_keys import ApiKeyTerms
from db.conversations import attachments
from db.conversations.attachments import StoredFile
from db.core.base import Base, Visibility, now
from db.core.engine import Database
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.exports import export_templates, exports, sheet_links
from db.exports.sheet_options import SheetOutcome
from db.jobs import mail
from db.models.api_keys import ApiKey
from db.models.attachments import Attachment
from db.models.audit import AuditEntry
from db.models.conversations import Conversation
from db.models.export_templates import ExportTemplate
from db.models.exports import ExportDestination
from db.models.google import GoogleAccount
from db.models.invitations import Invitation
from db.models.items import Item
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership
from db.models.messages import Message, MessageStatus
from db.models.modules import Module
from db.models.organizations import Organization
from db.models.proposals import Proposal
from db.models.readings import Reading
from db.models.reports import ReportKind, ReportSchedule
from db.models.sessions import SignIn
from db.models.share_links import Share
from db.models.sites import Site, SiteAssignment
from db.models.tables import Row, Table
from db.models.users import User
from db.models.verifications import Purpose, Verification
from db.models.webhooks import Delivery, Webhook, WebhookEvent
from db.notifications import notifications
from db.organizations import organization_deletion
from db.reports import reports
from db.sites import reading_hours
from db.tables.editing import rows, structure
from db.tables.editing.rows import OnError
from db.webhooks import webhooks
from resolvers.core.ids import global_id, model_of
from tables.changes import column_to_json
from tables.types.columns import Column, ColumnType
from tests.matrix.children import NAMES, sample_row
from tests.matrix.rows import (
    ADMIN,
    ANONYMOUS,
    ASSIGNED,
    DEACTIVATED,
    KEYS,
    OUTSIDER,
    OWNER,
    READER_KEY,
    SUPERUSER,
    Caller,
    Key,
    Person,
)
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World

LIFE = timedelta(minutes=30)
NAME, NOTE = Column("p1", "Name", ColumnType.TEXT), Column("p2", "Note", ColumnType.TEXT)
_newest_entry: Prepared[AuditEntry] = Prepared(
    select(AuditEntry)
    .where(AuditEntry.organization_id == bind("organization_id", AuditEntry.organization_id))
    .order_by(AuditEntry.id.desc())
    .limit(1)
)
SHARED = {"": Visibility.PRIVATE, "shared_": Visibility.ORGANIZATION}


class Scene:
    """World of the matrix: `ids` are global ids and tokens by name, `tokens` the access tokens of the people."""

    def __init__(self, database: Database, secret: bytes, password_hash: str) -> None:
        self.database, self._secret, self._hash = database, secret, password_hash
        self._world = World(database)
        self.viewers: dict[Person, Viewer] = {}
        self.tokens: dict[Caller, str] = {}
        self.ids: dict[str, str] = {}
        self.keys: dict[str, UUID] = {}

    async def build(self) -> None:
        for person in Person:
            if person is not ANONYMOUS:
                await self._sign_in(person)
        for key in KEYS:
            self.tokens[key] = await self.database.write(self._create_key, self.viewers[key.person], key)
        await self._gather()
        await self.database.write(self._place, SYSTEM)
        for prefix, visibility in SHARED.items():
            await self.database.write(self._speak, self.viewers[OWNER], prefix, visibility)
        await self.database.write(self._export, self.viewers[OWNER])
        await self.database.write(self._mail, SYSTEM)
        await self.database.write(self._complete, SYSTEM)
        await self.database.write(self._delete, SYSTEM)
        await self.database.write(organization_deletion.delete, self.viewers[ADMIN], self.keys["deleted_organization"])
        newest = await self.database.read_one(_newest_entry, SYSTEM, organization_id=self.keys["organization"])
        assert newest is not None
        self.name("audit_entry", newest)

    def name(self, name: str, row: Base | UUID, model: type[Base] | None = None) -> None:
        """Register a thing under the name that rows of the matrix use."""
        self.keys[name] = row if isinstance(row, UUID) else row.id
        self.ids[name] = global_id(model or model_of(row), self.keys[name])

    async def _sign_in(self, person: Person) -> None:
        viewer = await self._world.person(person)
        user_id = viewer.user_id
        assert user_id is not None

        def unit(session: Session) -> SignIn:
            user = session.get(User, user_id)
            user.password_hash, user.is_superuser = self._hash, person is SUPERUSER
            token, digest = new_refresh()
            sign_in = sessions.create(session, user_id, digest, LIFE, user_agent=None, ip_address=None)
            user.deactivated_at = now() if person is DEACTIVATED else None
            if person is OWNER:
                self.ids["refresh_token"] = token
            return sign_in

        sign_in = await self.database.write(unit, SYSTEM)
        self.name(f"{person}_user", user_id, User)
        if person is OWNER:
            self.name("session", sign_in.id, SignIn)
            self.name("personal", await self.database.write(personal_organization, viewer), Organization)
        self.viewers[person] = Viewer(user_id, sign_in.id, person is SUPERUSER)
        self.tokens[person] = issue_access(
            self._secret,
            user_id=user_id,
            email=f"{person}@example.com",
            session_id=sign_in.id,
            lifetime=LIFE,
            now=now(),
        )

    def _create_key(self, session: Session, key: Key) -> str:
        """Create an API key that was used a moment ago, so that its next use writes nothing; return its secret."""
        new = new_api_key()
        row = api_keys.create(session, ApiKeyTerms(str(key), key.scopes, None), new)
        row.last_used_at = now() + LIFE
        if key is READER_KEY:
            self.name("api_key", row.id, ApiKey)
        return new.secret

    async def _gather(self) -> None:
        """Create an organization of all people but the outsider and the superuser, and one that is deleted later."""
        for name in ("organization", "deleted_organization"):
            id_ = await self._world.organization(self.viewers[ADMIN], name=name)
            self.name(name, id_, Organization)
        await self._world.organization(self.viewers[OUTSIDER], name="elsewhere")
        for person in set(self.viewers) - {OUTSIDER, SUPERUSER, ADMIN}:
            role = Role.ADMIN if person is DEACTIVATED else Role.MEMBER
            id_ = await self._world.join(self.keys["organization"], self.viewers[person], role)
            self.name(f"{person}_membership", id_, Membership)

    def _place(self, session: Session) -> None:
        organization_id, owner_id = self.keys["organization"], self._user_id(OWNER)
        for prefix in ("", "other_", "deleted_"):
            self._site(session, f"{prefix}site", organization_id)
        session.add(SiteAssignment(site_id=self.keys["site"], user_id=self._user_id(ASSIGNED)))
        for name, site in (("module", "site"), ("other_module", "other_site"), ("deleted_module", "site")):
            module = Module(site_id=self.keys[site], name=name, kind="pump")
            moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
            session.add_all([module, Reading(module_id=module.id, metric="level", value=1.0, at=moment)])
            reading_hours.mark_stale(session, [(module.id, "level", moment)])
            self.name(name, module)
        owned: dict[str, Any] = {"owner_id": owner_id, "organization_id": organization_id}
        for prefix, visibility in {**SHARED, "deleted_": Visibility.ORGANIZATION}.items():
            item = Item(title="Order", visibility=visibility, **owned)
            conversation = Conversation(
                title="Plans", visibility=visibility, system_prompt="", model="offline", **owned
            )
            conversation.site_id = self.keys["site"]
            session.add_all([item, conversation])
            self.name(f"{prefix}item", item)
            self.name(f"{prefix}conversation", conversation)

    def _site(self, session: Session, name: str, organization_id: UUID) -> None:
        site = Site(organization_id=organization_id, name=name)
        session.add(site)
        self.name(name, site)

    def _speak(self, session: Session, prefix: str, visibility: Visibility) -> None:
        """Create a table in a conversation, a message with its reply, and the reply's proposal for the table."""
        table = self._table(session, prefix, visibility)
        id_ = self.keys[f"{prefix}conversation"]
        files = [StoredFile(uuid4(), "tea.txt", "text/plain", 3, "Tea")]
        exchange = attachments.send(session, "Tea", files, conversation_id=id_, models={"offline": None})
        session.flush()
        attachment = session.scalars(select(Attachment).where(Attachment.message_id == exchange.message.id)).one()
        self.name(f"{prefix}attachment", attachment)
        proposal = Proposal(
            conversation_id=id_,
            message_id=exchange.reply.id,
            table_id=table.id,
            table_name="Costs",
            columns=[column_to_json(NAME)],
            changes={"message": exchange.message.id.hex, "rows": [[["Tea", 0, 3, "Tea"]]]},
        )
        share = Share(conversation_id=id_, digest=token_bytes(32), expires_at=now() + LIFE, content={})
        session.add_all([proposal, share])
        self.name(f"{prefix}message", exchange.message)
        self.name(f"{prefix}proposal", proposal)
        self.name("running_reply" if prefix else "reply", exchange.reply)
        if not prefix:
            _end(session, exchange.reply)

    def _table(self, session: Session, prefix: str, visibility: Visibility) -> Table:
        beginning = structure.TableDefinition(
            "Costs", [NAME, NOTE], self.keys[f"{prefix}conversation"], visibility=visibility
        )
        table = structure.create(session, beginning)
        added = rows.add(session, table.id, [{"Name": "Tea"}], OnError.REJECT_ALL)
        self.name(f"{prefix}table", table)
        assert added.revision is not None
        self.name(f"{prefix}row", added.rows[0].id, Row)
        self.name(f"{prefix}revision", added.revision)
        return table

    def _export(self, session: Session) -> None:
        for name in ("export", "failed_export"):
            export = exports.start(session, self.keys["table"], ExportDestination.CSV)
            session.flush()
            self.name(name, export)
            self.name(name.replace("export", "job"), export.job_id, Job)
        job = session.get(Job, export.job_id)
        job.status, job.finished_at = JobStatus.FAILED, now()
        written = SheetOutcome(1, 1, "x" * 44, "https://docs.google.com/spreadsheets/d/x/edit", "Costs", 1, None, {})
        self.name("sheet_link", sheet_links.create(session, export, written))
        for name, table in (("", "table"), ("shared_", None), ("deleted_", None)):
            fields = export_templates.TemplateFields(
                "Monthly",
                ExportDestination.XLSX,
                table_id=self.keys[table] if table else None,
                columns=[export_templates.TemplateColumn("Name")],
                organization_id=self.keys["organization"],
                visibility=Visibility.ORGANIZATION if name else Visibility.PRIVATE,
            )
            self.name(f"{name}template", export_templates.create(session, fields))
        period = now() - timedelta(days=7), now()
        new = reports.NewReport(ReportKind.USAGE, self.keys["organization"], *period, schedule=ReportSchedule.WEEKLY)
        self.name("report", reports.create(session, new))
        for name in ("webhook", "deleted_webhook"):
            hook = webhooks.NewWebhook("https://example.com", [WebhookEvent.EXPORT_FINISHED], self.keys["table"])
            self.name(name, webhooks.create(session, hook))
        delivery = Delivery(event=WebhookEvent.EXPORT_FINISHED, subject_id=export.id, payload={}, job_id=job.id)
        delivery.webhook_id = self.keys["webhook"]
        session.add(delivery)
        self.name("delivery", delivery)
        gone = structure.create(
            session, structure.TableDefinition("Gone", [NAME], organization_id=self.keys["organization"])
        )
        self.name("deleted_table", gone)

    def _mail(self, session: Session) -> None:
        """Create an invitation of the outsider, tokens mailed to the owner, a mail to them, and notifications."""
        self.name("mail_job", mail.enqueue(session, session.get(User, self._user_id(OWNER)), "verify_email"))
        result: dict[str, Base] = {
            "invitation_token": Invitation(
                organization_id=self.keys["organization"], email=f"{OUTSIDER}@example.com", role=Role.MEMBER
            ),
            "email_token": Verification(purpose=Purpose.VERIFY_EMAIL),
            "change_token": Verification(purpose=Purpose.CHANGE_EMAIL, email="renamed@example.com"),
            "reset_token": Verification(purpose=Purpose.RESET_PASSWORD),
        }
        # Encrypted with no key of this server, so that nothing is revoked at Google.
        session.add(GoogleAccount(user_id=self._user_id(OWNER), email="o@gmail.example", scopes="", refresh_token=b"x"))
        for name in ("first_notification", "notification"):
            self.name(name, notifications.notify(session, self._user_id(OWNER), notifications.BROADCAST, "Hello"))
        for name, row in result.items():
            self.ids[name], row.digest = new_refresh()  # type: ignore[attr-defined]  # both models have it
            row.expires_at = now() + LIFE  # type: ignore[attr-defined]  # and this
            if isinstance(row, Verification):
                row.user_id, row.email = self._user_id(OWNER), row.email or f"{OWNER}@example.com"
            session.add(row)

    def _complete(self, session: Session) -> None:
        """Add the children that rows of the matrix name and that were not made above."""
        for type_, names in NAMES.items():
            for name, parent in names.items():
                if name not in self.ids:
                    row = sample_row(type_, self.keys[parent])
                    session.add(row)
                    self.name(name, row)

    def _delete(self, session: Session) -> None:
        models: dict[str, type[Base]] = {
            "deleted_site": Site,
            "deleted_module": Module,
            "deleted_item": Item,
            "deleted_conversation": Conversation,
            "deleted_table": Table,
            "deleted_template": ExportTemplate,
            "deleted_webhook": Webhook,
        }
        for name, model in models.items():
            session.get(model, self.keys[name]).deleted_at = now()

    def _user_id(self, person: Person) -> UUID:
        return self.keys[f"{person}_user"]


def _end(session: Session, reply: Message) -> None:
    reply.status, reply.text = MessageStatus.COMPLETED, "Tea it is."
    assert reply.job_id is not None
    job = session.get(Job, reply.job_id)
    job.status, job.finished_at = JobStatus.COMPLETED, now()
