"""Files attached to messages."""

from db import models
from resolvers.conversations import attachments
from schema.base import Node, Shows, field, optional, output_type, required


@output_type
class Attachment(Node, Shows[models.attachments.Attachment]):
    """A file attached to a message."""

    name: str = field("File name given by the sender.")
    content_type: str = field("MIME type, detected from the content.")
    size: int = field("Size in bytes.")
    url = required(str, attachments.url_of, "Download link, created for this response; it expires.")
    text = optional(
        str, attachments.text_of, "Text extracted on upload, at most 1,000,000 characters; null for an image."
    )
