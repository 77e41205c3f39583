"""The people who follow each stream."""

from tests.matrix.rows import INSIDE, OWN, OWNER, SIGNED_IN, SUPERUSER, Follow

FOLLOWED: dict[str, list[Follow]] = {
    "replyStream": [Follow({"messageId": "@reply"}, OWN)],
    "tableChanges": [
        Follow({"tableId": "@table", "after": 0}, OWN),
        Follow({"tableId": "@shared_table", "after": 0}, INSIDE),
    ],
    "notifications": [
        Follow({"after": "@first_notification"}, frozenset({OWNER}), idle=SIGNED_IN - {OWNER}),
    ],
    "activity": [Follow({"after": ""}, INSIDE - {SUPERUSER}, idle=SIGNED_IN - INSIDE | {SUPERUSER})],
    "exportProgress": [Follow({"exportId": "@export"}, OWN)],
}
