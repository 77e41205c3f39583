"""What models read and wrote, and what it cost."""

from decimal import Decimal

from schema.base import field, output_type


@output_type
class Usage:
    """Tokens that were read and written, and what they cost; estimated where the provider does not say."""

    input_tokens: int = field("Tokens that the model read.")
    output_tokens: int = field("Tokens that the model wrote.")
    total_tokens: int = field("Both together.")
    cached_tokens: int = field("Of those read, the ones that the provider had already.")
    reasoning_tokens: int = field("Of those written, the ones that the model thought with.")
    cost: Decimal = field("What they cost at the prices of their day, in serverInfo.currency; 0 without prices.")
    estimated: bool = field("Whether the provider did not tell all of it, so that some was counted here.")
