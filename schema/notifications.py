"""Notifications: the list, the stream, the mutations."""

from datetime import datetime

import strawberry

from db.models import notifications as rows
from resolvers.notifications import broadcasts, notifications
from schema.base import Node, change, maybe, one, page, says, shows, stream


@shows
class Notification(Node, row=rows.Notification):
    """Something that happened while you looked elsewhere."""

    at = one(datetime, notifications.moment_of, "When it happened.")
    kind: str = says(
        "What happened: EXPORT_FINISHED, EXPORT_FAILED, REPLY_FINISHED, REPLY_FAILED, INVITED, BROADCAST, or another "
        "word that is added later."
    )
    title: str = says("It in one line, for people.")
    subject_id = maybe(strawberry.ID, notifications.subject_id_of, "What it is about, for `node`.")
    is_read = one(bool, notifications.is_read, "Whether it was marked as read.")


@shows
class MarkNotificationsReadPayload:
    """What was marked."""

    notifications: list[Notification] = says("Those that were unread before, newest first.")
    unread_count: int = says("How many are unread still.")


@shows
class BroadcastPayload:
    """What is being sent."""

    title: str = says("The line that everybody gets.")


@strawberry.type
class Query:
    notifications = page(
        Notification, notifications.list_notifications, "Your notifications of the last 30 days, newest first."
    )


@strawberry.type
class Mutation:
    mark_notifications_read = change(
        MarkNotificationsReadPayload, notifications.mark_notifications_read, "Mark notifications of yours as read."
    )
    broadcast = change(BroadcastPayload, broadcasts.broadcast, "Tell everybody something, by and by; for superusers.")


@strawberry.type
class Subscription:
    notifications = stream(
        Notification, notifications.follow_notifications, "Your notifications, each as soon as it happens."
    )
