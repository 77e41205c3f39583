"""Storage that organizations use."""

from resolvers.exports import storage
from schema.base import Shows, field, output_type


@output_type
class Storage(Shows[storage.Storage]):
    """Files of an organization that you may see; sizes are whole numbers of bytes."""

    total_bytes: float = field("Size of all files.")
    export_count: int = field("Number of files of exports; they are erased after some days.")
    export_bytes: float = field("Size of the files of exports.")
    attachment_count: int = field("Number of files attached to messages.")
    attachment_bytes: float = field("Size of the files attached to messages.")
