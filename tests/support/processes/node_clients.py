"""Node clients of a running server, and the sessions of their people."""

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt

from auth.tokens import issue_access
from tests.support.processes.product_process import ROOT

SCRIPTS = ROOT / "tests" / "clients"
SECRET = "a secret of the tests of the Node clients"
SHORT = timedelta(seconds=2)  # a reply takes longer
SIGN_UP = """mutation S($input: SignUpInput!) { signUp(input: $input) { session { accessToken refreshToken } } }"""

Report = Any


@dataclass(frozen=True)
class Clients:
    """Node clients of one server; `folder` has the sources and the artifacts of the compilers."""

    url: str
    folder: Path

    def run(self, script: str, *arguments: str) -> Report:
        """Return what a script reports."""
        command = ["node", str(SCRIPTS / script), self.url, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def session(self, name: str) -> str:
        """Sign up a person and return their tokens as JSON, with an access token that soon expires."""
        variables = {"input": {"email": f"{name}@example.com", "password": "correct horse battery"}}
        body = json.dumps({"query": SIGN_UP, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            session = json.load(response)["data"]["signUp"]["session"]
        return json.dumps(session | {"shortToken": _short(session["accessToken"])})


def _short(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return issue_access(
        SECRET.encode(),
        user_id=UUID(claims["sub"]),
        email=claims["email"],
        session_id=UUID(claims["sid"]),
        lifetime=SHORT,
        now=datetime.now(UTC),
    )
