"""Trusted documents: the operations of known clients by their ids, from a manifest that a build of them wrote."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transport.core.errors import RequestRefused

FORMAT = "apollo-persisted-query-manifest"
MAX_QUOTED = 80


class BadManifest(ValueError):
    """Error of a manifest that cannot be used; its message says why."""


class TrustedDocuments:
    """Documents by id. With `only`, a request with another document is refused, whatever it asks for."""

    def __init__(self, documents: Mapping[str, str], *, only: bool = False) -> None:
        self._documents = dict(documents)
        self._texts = frozenset(self._documents.values())
        self._only = only

    def find(self, id_: Any) -> str:
        """Return the document with this id. Raises RequestRefused when there is none."""
        if not isinstance(id_, str):
            raise RequestRefused("documentId must be a string.")
        if (text := self.get(id_)) is None:
            message = f"There is no trusted document with the id {id_[:MAX_QUOTED]!r}. Deploy the manifest that has it."
            raise RequestRefused(message, code="PERSISTED_DOCUMENT_NOT_FOUND")
        return text

    def get(self, id_: str) -> str | None:
        """Return the document with this id, which may have the name of a digest before it."""
        return self._documents.get(id_) or self._documents.get(id_.removeprefix("sha256:"))

    def check(self, text: Any) -> None:
        """Raise RequestRefused for a document that is not trusted, if only trusted ones are allowed."""
        if self._only and text not in self._texts:
            message = "This server runs only trusted documents. Send the documentId of one, or deploy a manifest."
            raise RequestRefused(message, status=403, code="DOCUMENT_NOT_TRUSTED")


NO_DOCUMENTS = TrustedDocuments({})


def load_manifest(path: Path) -> dict[str, str]:
    """Return the documents of a manifest by id. Raises BadManifest.

    It is either an object of ids and documents, as relay-compiler and the client preset of GraphQL Code Generator
    write it, or a manifest of Apollo Client.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadManifest(f"{path} cannot be read as JSON: {error}.") from None
    documents = _documents_of(manifest)
    if not all(isinstance(part, str) for item in documents.items() for part in item):
        raise BadManifest(f'{path} is no manifest. Write an object such as {{"id": "query Me {{ me {{ id }} }}"}}.')
    return documents


def _documents_of(manifest: Any) -> dict[Any, Any]:
    """Return ids and documents; something that is none of the two when it is no manifest."""
    if not isinstance(manifest, dict) or not manifest:
        return {None: None}
    if manifest.get("format") != FORMAT:
        return manifest
    operations = manifest.get("operations")
    if not isinstance(operations, list) or not all(isinstance(item, dict) for item in operations):
        return {None: None}
    return {item.get("id"): item.get("body") for item in operations}
