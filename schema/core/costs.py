"""Weights of the cost rule: fields and arguments whose work the number of returned values does not show.

The cost of a selection is linear: each field counts 1 and its weight, each argument that is sent its weight, and the
selection below a field counts as often as the field returns items.
"""

from execution.weights import Weights

PAGE = 5  # a statement of its own
COUNT, CONDITION, SCAN = 20, 50, 100  # a count, a condition on rows, a pass over all rows of a list
# The whole schema takes 0.3 s, so an operation may ask for it once: fifteen aliases of it took 6 s.
SCHEMA, TYPE = 15_000, 500

WEIGHTS = Weights(
    page=PAGE,
    once=frozenset({"totalCount", "pageInfo"}),
    fields={
        "__schema": SCHEMA,
        "__type": TYPE,
        "totalCount": COUNT,
        "summary": SCAN,
        "aggregates": SCAN,
        "searchMessages": SCAN,
        "usage": CONDITION,
        "storage": CONDITION,
    },
    arguments={"filter": CONDITION, "sort": CONDITION, "search": SCAN, "asOfRevision": SCAN},
)
