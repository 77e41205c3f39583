"""Usage: tokens of language models with their cost, and storage of files."""

from datetime import datetime
from decimal import Decimal

from resolvers.accounts import limits
from resolvers.billing import usage
from resolvers.organizations import storage
from schema.base import Shows, field, output_type


@output_type
class Usage(Shows[usage.Usage]):
    """Tokens used by language models and their cost; estimated where the provider does not report them."""

    input_tokens: int = field("Tokens read by the model.")
    output_tokens: int = field("Tokens written by the model.")
    total_tokens: int = field("Sum of `inputTokens` and `outputTokens`.")
    cached_tokens: int = field("Input tokens that the provider took from its cache; included in `inputTokens`.")
    reasoning_tokens: int = field("Output tokens used for reasoning; included in `outputTokens`.")
    cost: Decimal = field("Cost in `serverInfo.currency` at the prices of the day of use; 0 when no prices are set.")
    estimated: bool = field("True when the provider did not report all counts and the server estimated some.")


@output_type
class Limit(Shows[limits.Limit]):
    """Limit on what one person uses."""

    name: str = field(
        "Resource: `operations`, `cost`, `uploads` and `rows` in a window; `exports`, `extractions` and `replies` that "
        "are unfinished; `storage` of your personal organization, in megabytes."
    )
    limit: int = field("Number that may be used.")
    used: int = field("Number that is used; with several servers, at least by this one.")
    resets_at: datetime | None = field(
        "End of the window, when nothing is used again; null for unfinished work and for storage."
    )


@output_type
class Storage(Shows[storage.Storage]):
    """Files and tables of an organization that you may see; sizes are whole numbers of bytes."""

    total_bytes: float = field("Size of all of these files and tables.")
    export_count: int = field("Number of files of exports; they are erased after some days.")
    export_bytes: float = field("Size of the files of exports.")
    attachment_count: int = field("Number of files attached to messages.")
    attachment_bytes: float = field("Size of the files attached to messages.")
    table_count: int = field("Number of tables.")
    table_bytes: float = field("Size of the tables, with their deleted rows and the history of their changes.")
    used_bytes: float | None = field(
        "Size of all that the organization stores: also what you may not see, and what was deleted until it is erased; "
        "null if you are only invited."
    )
    limit_bytes: float | None = field(
        "Size that the organization may store; null without a limit. What would pass it is refused with "
        "`STORAGE_EXCEEDED`."
    )
