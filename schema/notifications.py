"""Notifications: the list, the stream, and the mutation that marks them as read."""

from datetime import datetime

import strawberry

from db import models
from resolvers.notifications import notifications
from schema.base import Node, Shows, field, optional, output_type, required
from schema.connections import page
from schema.operations import mutation, subscription


@output_type
class Notification(Node, Shows[models.notifications.Notification]):
    """An event of which a user is notified."""

    at = required(datetime, notifications.moment_of, "Time of the event.")
    kind: str = field(
        "Kind of event: EXPORT_FINISHED, EXPORT_FAILED, SHEET_LINK_PAUSED, REPLY_FINISHED, REPLY_FAILED, INVITED or "
        "BROADCAST. More kinds "
        "may be added later."
    )
    title: str = field("One line to display.")
    subject_id = optional(strawberry.ID, notifications.subject_id_of, "Id of the object concerned, for `node`.")
    is_read = required(bool, notifications.is_read, "True once it is marked as read.")


@output_type
class MarkNotificationsReadPayload(Shows[notifications.MarkNotificationsReadResult]):
    """Result of `markNotificationsRead`."""

    notifications: list[Notification] = field("Notifications that were unread before, newest first.")
    unread_count: int = field("Number of notifications that are still unread.")


@strawberry.type
class Query:
    notifications = page(
        Notification, notifications.list_notifications, "Your notifications of the last 30 days, newest first."
    )


@strawberry.type
class Mutation:
    mark_notifications_read = mutation(
        MarkNotificationsReadPayload,
        notifications.mark_notifications_read,
        "Mark some or all of your notifications as read.",
    )


@strawberry.type
class Subscription:
    notifications = subscription(
        Notification, notifications.follow_notifications, "Receive your notifications as they happen."
    )
