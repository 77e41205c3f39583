"""The mutation that restores deleted objects."""

import strawberry

from resolvers.retention import restoring
from schema.base import Node, Shows, field, output_type
from schema.operations import mutation


@output_type
class RestorePayload(Shows[restoring.RestoreResult]):
    """Result of `restore`."""

    node: Node = field("The restored object.")


@strawberry.type
class Mutation:
    restore = mutation(RestorePayload, restoring.restore, "Restore a deleted object that you may change.")
