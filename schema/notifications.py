"""Notifications: the list, the stream, and the mutation that marks them as read."""

from datetime import datetime

import strawberry

from db import models
from db.core.activity_recorder import ActivityAction
from resolvers.notifications import activity, notifications
from schema.base import Node, Shows, TypeOf, enum, field, optional, output_type, required
from schema.connections import page
from schema.operations import mutation, subscription

enum(
    ActivityAction,
    CREATED="The object is new.",
    CHANGED="Something about the object is different.",
    DELETED="The object was deleted; `restore` brings it back.",
    RESTORED="The object was deleted, and is back.",
)


@output_type
class Notification(Node, Shows[models.notifications.Notification]):
    """An event of which a user is notified."""

    at = required(datetime, notifications.moment_of, "Time of the event.")
    kind: str = field(
        "Kind of event: EXPORT_FINISHED, EXPORT_FAILED, SHEET_LINK_PAUSED, REPORT_READY, REPORT_FAILED, "
        "REPLY_FINISHED, REPLY_FAILED, INVITED or BROADCAST. More kinds may be added later."
    )
    title: str = field("One line to display.")
    subject_id = optional(strawberry.ID, notifications.subject_id_of, "Id of the object concerned, for `node`.")
    is_read = required(bool, notifications.is_read, "True once it is marked as read.")


@output_type
class MarkNotificationsReadPayload(Shows[notifications.MarkNotificationsReadResult]):
    """Result of `markNotificationsRead`."""

    notifications: list[Notification] = field("Notifications that were unread before, newest first.")
    unread_count: int = field("Number of notifications that are still unread.")


@output_type
class Activity(Shows[activity.Activity]):
    """Creation, change, deletion or restoration of a conversation, message, table, proposal, export or report.

    Several changes in one transaction are one activity.
    """

    cursor: str = field("Position after this activity, for `activity(after:)`; it holds for 7 days.")
    action = required(ActivityAction, activity.action_of, "Kind of the change.")
    node_type = required(
        str,
        activity.node_type_of,
        "Type of the object: Conversation, Message, Table, Proposal, Export or Report. More may be added later.",
    )
    node_id = required(strawberry.ID, activity.node_id_of, "Id of the object, for `node`, which is null once deleted.")
    actor = optional(
        TypeOf[models.users.User],
        activity.actor_of,
        "User who made the change; null for the server, such as for the progress of an export, and when you may not "
        "see this user.",
    )
    at = required(datetime, activity.moment_of, "Time of the change.")


@strawberry.type
class Query:
    activity_cursor = required(
        str,
        activity.activity_cursor,
        "Position of this moment, for `activity(after:)`. Request it before you load your lists, and subscribe after "
        "it: then no change is lost in between.",
    )
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
        Notification,
        notifications.follow_notifications,
        "Receive your notifications as they happen.",
        position=notifications.position_of,
    )
    activity = subscription(
        Activity,
        activity.follow_activity,
        "Receive each change of the conversations, messages, tables, proposals and exports that you may see, in the "
        "order of their organization, also those made while you were away. The text of a reply is in `replyStream`, "
        "and the cells of a table are in `tableChanges`.",
        position=activity.position_of,
    )
