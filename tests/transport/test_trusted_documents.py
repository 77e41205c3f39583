"""Trusted documents: named by id, from manifests of three tools, and the only ones if so configured."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from settings.settings import Misconfigured
from tests.support.app import App, open_app
from tests.support.client import Client
from transport.graphql.trusted import BadManifest, load_manifest

ME = "query Me { me { email } }"
INFO = "query Info($on: Boolean = true) { serverInfo { message @include(if: $on) } }"
DIGEST = hashlib.sha256(ME.encode()).hexdigest()
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": DIGEST, "name": "Me", "type": "query", "body": ME}, {"id": "info", "body": INFO}],
}
UPLOAD = "mutation I($file: Upload) { importTable(input: {file: $file, dryRun: true}) { rowCount } }"

Opened = Callable[..., AbstractAsyncContextManager[App]]


async def post(client: Client, body: Any) -> Any:
    response = await client.http.post(f"{client.url}/graphql", json=body, headers=client.headers)
    return response.json()


def code_of(result: Any) -> str:
    return str(result["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("manifest", [{DIGEST: ME, "info": INFO}, APOLLO])
async def test_a_document_is_run_by_its_id(opened: Opened, manifest: Any) -> None:
    async with opened(manifest) as app:
        ann = await app.person()
        expected = {"data": {"me": {"email": "ann@example.com"}}}
        assert await post(ann, {"documentId": DIGEST}) == expected
        assert await post(ann, {"documentId": f"sha256:{DIGEST}"}) == expected
        by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}}
        assert await post(ann, by_hash) == expected
        off = await post(ann, {"documentId": "info", "variables": {"on": False}})
        assert off == {"data": {"serverInfo": {}}}
        parameters = {"documentId": "info", "variables": '{"on": false}'}
        by_get = await ann.http.get(f"{ann.url}/graphql", params=parameters, headers={"Accept": "text/html,*/*"})
        assert by_get.json() == {"data": {"serverInfo": {}}}
        assert await post(ann, {"query": "{ __typename }"}) == {"data": {"__typename": "Query"}}
        assert code_of(await post(ann, {"documentId": "unknown"})) == "PERSISTED_DOCUMENT_NOT_FOUND"
        for wrong in ({"documentId": 7}, {"documentId": "info", "query": INFO}, {"documentId": ["info"]}):
            assert code_of(await post(ann, wrong)) == "BAD_REQUEST"


async def test_only_trusted_documents_are_run_if_so_configured(opened: Opened) -> None:
    async with opened({DIGEST: ME, "info": INFO}, trusted_documents_only=True, max_batch=2) as app:
        client = app.client()
        assert await post(client, {"documentId": DIGEST}) == {"data": {"me": None}}
        assert await post(client, {"query": ME}) == {"data": {"me": None}}
        other = "{ __typename }"
        digest = hashlib.sha256(other.encode()).hexdigest()
        with_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
        for body in ({"query": other}, {"query": ME + " "}, {**with_hash, "query": other}):
            assert code_of(await post(client, body)) == "DOCUMENT_NOT_TRUSTED"
        assert code_of(await post(client, with_hash)) == "PERSISTED_QUERY_NOT_FOUND"
        trusted, refused = await post(client, [{"documentId": DIGEST}, {"query": other}])
        assert (trusted, code_of(refused)) == ({"data": {"me": None}}, "DOCUMENT_NOT_TRUSTED")
        by_get = await client.http.get(f"{client.url}/graphql", params={"query": other})
        assert (by_get.status_code, code_of(by_get.json())) == (403, "DOCUMENT_NOT_TRUSTED")


async def test_a_form_with_files_is_no_way_around(opened: Opened) -> None:
    async with opened({DIGEST: ME, "sign-up": SIGN_UP}, trusted_documents_only=True) as app:
        client = app.client()
        variables = {"input": {"email": "ann@example.com", "password": "correct horse battery"}}
        answer = await post(client, {"documentId": "sign-up", "variables": variables})
        client.token = answer["data"]["signUp"]["session"]["accessToken"]
        form = {
            "operations": json.dumps({"query": UPLOAD, "variables": {"file": None}}),
            "map": json.dumps({"0": ["variables.file"]}),
        }
        headers = {**client.headers, "GraphQL-Preflight": "1"}
        response = await client.http.post(
            f"{client.url}/graphql", data=form, files=[("0", ("a.csv", b"a,b\n1,2\n"))], headers=headers
        )
        assert code_of(response.json()) == "DOCUMENT_NOT_TRUSTED"


SIGN_UP = "mutation S($input: SignUpInput!) { signUp(input: $input) { session { accessToken } } }"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "7", '{"a": 1}', '{"a": {"b": "c"}}', "not json"),
        '{"format": "apollo-persisted-query-manifest"}',
        '{"format": "apollo-persisted-query-manifest", "operations": [7]}',
        '{"format": "apollo-persisted-query-manifest", "operations": [{"id": "a"}]}',
    ],
)
def test_a_manifest_that_is_none_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(text)
    with pytest.raises(BadManifest, match=r"documents\.json"):
        load_manifest(path)


async def test_only_without_a_manifest_and_a_missing_file_are_refused(sqlite_url: str, tmp_path: Path) -> None:
    for settings in ({"trusted_documents_only": True}, {"trusted_documents": tmp_path / "missing.json"}):
        with pytest.raises(Misconfigured, match="TRUSTED_DOCUMENTS"):
            async with open_app(sqlite_url, tmp_path, **settings):
                pass
