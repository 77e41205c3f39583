"""Who follows what."""

from tests.matrix.rows import INSIDE, OWN, Follow

FOLLOWED: dict[str, list[Follow]] = {
    "replyStream": [Follow({"messageId": "@reply"}, OWN)],
    "tableChanges": [
        Follow({"tableId": "@table", "after": 0}, OWN),
        Follow({"tableId": "@shared_table", "after": 0}, INSIDE),
    ],
    "exportProgress": [Follow({"exportId": "@export"}, OWN)],
}
