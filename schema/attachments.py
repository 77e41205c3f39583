"""Files that came with a message."""

from db.models import attachments as rows
from resolvers.conversations import attachments
from schema.base import Node, maybe, one, says, shows


@shows
class Attachment(Node, row=rows.Attachment):
    """A file that came with a message."""

    name: str = says("What its sender calls it.")
    content_type: str = says("What it is, told by its content.")
    size: int = says("Its bytes.")
    url = one(str, attachments.url_of, "A download link that is made for this answer and expires.")
    text = maybe(
        str,
        attachments.text_of,
        "What it says, as it was read when it came: at most a million characters. Null for an image.",
    )
