"""Documents that a request names instead of sending them: by the hash of one, or by the id of a trusted one.

With automatic persisted queries a client sends the hash of a document, and the document only when it is asked for.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from telemetry import metrics
from telemetry.catalog import CACHES
from transport.core.errors import RequestRefused
from transport.graphql.trusted import NO_DOCUMENTS, TrustedDocuments

MAX_CHARACTERS = 4_000_000  # of all stored documents together


class PersistedQueries:
    """Documents by their SHA-256; the least recently used ones are dropped, and clients then send them again."""

    def __init__(self, max_characters: int = MAX_CHARACTERS, trusted: TrustedDocuments = NO_DOCUMENTS) -> None:
        self._trusted = trusted
        self._max_characters = max_characters
        self._documents: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def complete(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a decoded request with the document that its hash or id names, and store a new one.

        Raises RequestRefused for an unknown hash or id, for a hash that is not that of the document beside it, and
        for a document that is not trusted.
        """
        id_ = request.get("documentId")
        if id_ is not None and request.get("query"):
            raise RequestRefused("The request has a query and a documentId. Send one of them.")
        completed = self._with_hash(request) if id_ is None else {**request, "query": self._trusted.find(id_)}
        if isinstance(completed.get("query"), str):
            self._trusted.check(completed["query"])
        return completed

    def _with_hash(self, request: dict[str, Any]) -> dict[str, Any]:
        digest = _digest_in(request)
        if digest is None:
            return request
        query = request.get("query")
        if query is None or query == "":
            return {**request, "query": self._find(digest)}
        if not isinstance(query, str) or hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            raise RequestRefused("sha256Hash is not the SHA-256 of the query. Send the hash of exactly this text.")
        self._trusted.check(query)
        self._store(digest, query)
        return request

    def _find(self, digest: str) -> str:
        if (text := self._trusted.get(digest)) is not None:
            return text
        metrics.count(CACHES, "persisted_queries", "hit" if digest in self._documents else "miss")
        if digest not in self._documents:
            # Clients compare this message, and take any other for a failure of the operation.
            raise RequestRefused("PersistedQueryNotFound", status=200, code="PERSISTED_QUERY_NOT_FOUND")
        self._documents.move_to_end(digest)
        return self._documents[digest]

    def _store(self, digest: str, query: str) -> None:
        if digest in self._documents or len(query) > self._max_characters // 10:
            return
        self._documents[digest] = query
        self._characters += len(query)
        while self._characters > self._max_characters:
            _, dropped = self._documents.popitem(last=False)
            self._characters -= len(dropped)


def _digest_in(request: Any) -> str | None:
    """Return the hash in a request; None for a request without one. Raises RequestRefused for another version."""
    extensions = request.get("extensions") if isinstance(request, Mapping) else None
    persisted = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    if not isinstance(persisted, Mapping):
        return None
    digest = persisted.get("sha256Hash")
    if persisted.get("version") != 1 or not isinstance(digest, str):
        raise RequestRefused("PersistedQueryNotSupported", status=200, code="PERSISTED_QUERY_NOT_SUPPORTED")
    return digest.lower()
