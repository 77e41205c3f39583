"""Run of the command `check google` in the test's own process."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.cli import cli
from tests.support.loopback.google_state import LoopbackSheets


class Check:
    """Run of the command with settings in the environment."""

    def __init__(self, google: LoopbackSheets, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self.google, self._patch = google, patch
        patch.chdir(directory)
        patch.setenv("GOOGLE_SHEETS_URL", google.url)
        self.key = str(google.service_account(directory))

    def run(self, *options: str, **settings: Any) -> tuple[int, str]:
        with self._patch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name.upper(), str(value))
            result = CliRunner().invoke(cli, ["check", "google", *options])
        return result.exit_code, result.output
