"""Notifications: the list, the stream, the mutations."""

from datetime import datetime

import strawberry

from db.models import notifications as rows
from resolvers.notifications import broadcasts, notifications
from schema.base import Node, field, mutation, optional, output_type, page, required, subscription


@output_type
class Notification(Node, row=rows.Notification):
    """Something that happened while you looked elsewhere."""

    at = required(datetime, notifications.moment_of, "When it happened.")
    kind: str = field(
        "What happened: EXPORT_FINISHED, EXPORT_FAILED, REPLY_FINISHED, REPLY_FAILED, INVITED, BROADCAST, or another "
        "word that is added later."
    )
    title: str = field("It in one line, for people.")
    subject_id = optional(strawberry.ID, notifications.subject_id_of, "What it is about, for `node`.")
    is_read = required(bool, notifications.is_read, "Whether it was marked as read.")


@output_type
class MarkNotificationsReadPayload:
    """What was marked."""

    notifications: list[Notification] = field("Those that were unread before, newest first.")
    unread_count: int = field("How many are unread still.")


@output_type
class BroadcastPayload:
    """What is being sent."""

    title: str = field("The line that everybody gets.")


@strawberry.type
class Query:
    notifications = page(
        Notification, notifications.list_notifications, "Your notifications of the last 30 days, newest first."
    )


@strawberry.type
class Mutation:
    mark_notifications_read = mutation(
        MarkNotificationsReadPayload, notifications.mark_notifications_read, "Mark notifications of yours as read."
    )
    broadcast = mutation(BroadcastPayload, broadcasts.broadcast, "Tell everybody something, by and by; for superusers.")


@strawberry.type
class Subscription:
    notifications = subscription(
        Notification, notifications.follow_notifications, "Your notifications, each as soon as it happens."
    )
