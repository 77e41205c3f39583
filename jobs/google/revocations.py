"""Loop that revokes forgotten tokens at Google, if Google could not be reached when they were forgotten."""

import asyncio

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.google import revocations
from integrations.google.access import Google
from jobs.runner.periodic import PeriodicTask

INTERVAL_SECONDS = 30.0
TIMEOUT_SECONDS = 40.0  # of one attempt, whose own limits are shorter
SYSTEM = Viewer.system()


class Revocations(PeriodicTask):
    """Loop over the revocations that are due. Several processes may run it: each attempt is made by one."""

    def __init__(self, database: Database, google: Google) -> None:
        self._database, self._google = database, google
        super().__init__(self.revoke_due, INTERVAL_SECONDS, "Tokens of Google could not be revoked")

    async def revoke_due(self) -> None:
        """Make an attempt at each revocation that is due, one after the other."""
        oauth, cipher = self._google.oauth, self._google.cipher
        if oauth is None or cipher is None:  # a server with other settings does it
            return
        for row in await self._database.read(revocations.due, SYSTEM, moment=now()):
            claimed = await self._database.write(revocations.claim, SYSTEM, row.id)
            if claimed is None:
                continue
            token = cipher.decrypt(claimed.refresh_token, claimed.user_id)
            async with asyncio.timeout(TIMEOUT_SECONDS):
                # A token that no key decrypts can never be revoked.
                is_over = token is None or await asyncio.to_thread(oauth.revoke, token)
            if is_over:
                await self._database.write(revocations.finish, SYSTEM, claimed.id)
