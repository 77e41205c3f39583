"""Files of a deployment: linted, complete, and true to the code, as far as they can be tested without an engine."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from settings.settings import Settings
from tests.deploy import licences
from tests.support.processes.product_process import ROOT, BareProduct, running

DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGE = DOCKERFILE.rpartition("\nFROM ")[2]
COPIES = [line.split()[1:] for line in STAGE.splitlines() if line.startswith("COPY ") and "--from" not in line]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def is_set(name: str) -> bool:
    """Return whether a variable is a setting of ours."""
    return name.lower() in Settings.model_fields


def test_the_dockerfile_passes_its_linter() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run([linter, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_the_image_checks_its_health_as_often_as_documented_and_runs_as_nobody_important() -> None:
    assert "HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (.+)$", STAGE, re.MULTILINE) == ["10001:10001"]
    environment = dict(re.findall(r"(\w+)=(\S+)", STAGE.partition("ENV ")[2].partition("\nRUN")[0]))
    ours = {name for name in environment if not name.startswith("PYTHON") and name != "PATH"}
    assert [name for name in ours if not is_set(name)] == []
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for *sources, _ in COPIES:
        assert all(f"!{source}" in ignored or "!*.py" in ignored for source in sources)


def test_what_the_image_copies_serves(tmp_path: Path) -> None:
    """The steps of the Dockerfile in a clean directory, with the packages of this environment."""
    clean = tmp_path / "app"
    clean.mkdir()
    for *sources, target in COPIES:
        for source in sources:
            path = ROOT / source
            copy = clean / target / (source if path.is_file() else "")
            if path.is_file():
                shutil.copy(path, copy)
            else:
                shutil.copytree(path, copy, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    assert {path.stem for path in clean.glob("*.py")} == {path.stem for path in ROOT.glob("*.py")}
    command = ["-c", f"import os, sys; os.chdir({str(clean)!r}); sys.path.insert(0, ''); import app; app.cli()"]
    product = type("Image", (BareProduct,), {"command": (sys.executable, "-P", *command)})
    health = re.search(r"request\.urlopen\(f\\\"(http://127\.0\.0\.1:\{os\.environ\['PORT'\]\}/health)\\\"", STAGE)
    assert health is not None
    with running(tmp_path / "data", product) as image:
        assert httpx.get(f"{image.url}/health").json()["status"] == "healthy"
        assert httpx.get(f"{image.url}/graphql", headers={"accept": "text/html"}).status_code == 200
        answer = httpx.post(f"{image.url}/graphql", json={"query": "{ serverInfo { version } }"})
        assert answer.json()["data"]["serverInfo"]["version"]


def test_the_services_are_one_server_and_a_fleet() -> None:
    services = compose()["services"]
    fleet = {name for name, service in services.items() if service.get("profiles") == ["fleet"]}
    assert set(services) - fleet == {"sheetgpt"}
    assert fleet == {"server1", "server2", "worker", "postgres", "valkey", "caddy"}
    ours = [services[name] for name in ("sheetgpt", "server1", "server2", "worker")]
    drain = Settings.model_fields["drain_seconds"].default
    assert all(int(service["stop_grace_period"].rstrip("s")) > drain for service in ours)
    assert [name for service in ours for name in service["environment"] if not is_set(name)] == []
    assert [services[name]["environment"]["RUN_JOBS"] for name in ("server1", "server2", "worker")] == ["0", "0", "1"]
    assert services["worker"]["command"] == ["worker"]
    volumes = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert volumes - {"./deploy/Caddyfile"} == set(compose()["volumes"])
    # Only the proxy is reached from outside; the single server from this machine.
    assert {name for name, service in services.items() if "ports" in service} == {"sheetgpt", "caddy"}
    assert services["sheetgpt"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_the_proxy_asks_for_readiness_and_admits_what_the_server_admits() -> None:
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    assert "health_uri /health/ready" in caddyfile
    assert set(re.findall(r"\bserver\d\b", caddyfile)) == {"server1", "server2"}
    fields = Settings.model_fields
    largest = fields["max_body_bytes"].default + 3 * fields["max_upload_bytes"].default
    allowed = re.search(r"max_size (\d+)MB", caddyfile)
    assert allowed is not None
    assert int(allowed[1]) * 1_000_000 >= largest
    assert caddyfile.count("{") == caddyfile.count("}")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_have_their_sections_and_existing_commands(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parsed.read(unit)
    assert "Unit" in parsed
    if unit.suffix == ".timer":
        assert "OnCalendar" in parsed["Timer"]
        return
    command = parsed["Service"]["ExecStart"].split()
    assert command[:2] == ["/opt/sheetgpt/.venv/bin/python", "app.py"]
    if len(command) > 2:
        ended = subprocess.run(
            [sys.executable, *command[1:3], "--help"], cwd=ROOT, env=os.environ, capture_output=True, timeout=30
        )
        assert ended.returncode == 0
    if parsed["Service"].get("Type") == "exec":
        assert int(parsed["Service"]["TimeoutStopSec"]) > Settings.model_fields["drain_seconds"].default
    names = re.findall(r"(\w+)=", parsed["Service"]["Environment"])
    assert [name for name in names if not is_set(name)] == []


def test_the_procfile_runs_commands_that_exist() -> None:
    processes = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert processes == {"web": "HOST=0.0.0.0 python app.py", "worker": "python app.py worker"}


def test_every_locked_package_is_in_the_list_of_licences() -> None:
    listed = dict(re.findall(r"^\| (\S+) \| (.+) \|$", licences.LIST.read_text(), re.MULTILINE))
    assert sorted(listed.keys() - {"Package", "---"}) == sorted(set(licences.locked_packages()))
