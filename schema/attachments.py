"""Files that came with a message."""

from db.models import attachments as rows
from resolvers.conversations import attachments
from schema.base import Node, field, optional, output_type, required


@output_type
class Attachment(Node, row=rows.Attachment):
    """A file that came with a message."""

    name: str = field("What its sender calls it.")
    content_type: str = field("What it is, told by its content.")
    size: int = field("Its bytes.")
    url = required(str, attachments.url_of, "A download link that is made for this answer and expires.")
    text = optional(
        str,
        attachments.text_of,
        "What it says, as it was read when it came: at most a million characters. Null for an image.",
    )
