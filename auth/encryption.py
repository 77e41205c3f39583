"""Encryption of secrets that are stored, with keys derived from the server's secret and its predecessors."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from auth.secrets import derive_key

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Cipher:
    """Fernet cipher for one purpose. The first secret encrypts; all of them decrypt, so that secrets can be rotated.

    A text is bound to the row that owns it: copied into another row, it does not decrypt.
    """

    def __init__(self, secrets: Sequence[bytes], purpose: str) -> None:
        self._keys = [urlsafe_b64encode(derive_key(secret, purpose)) for secret in secrets]

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])

    def renewed(self, encrypted: bytes | None, owner: UUID) -> bytes | None:
        """Return the text encrypted with the newest key; None if it is already, or does not decrypt."""
        from cryptography.fernet import Fernet, InvalidToken

        text = self.decrypt(encrypted, owner)
        if text is None:
            return None
        try:
            Fernet(self._keys[0]).decrypt(encrypted or b"")
        except InvalidToken:
            return self.encrypt(text, owner)
        return None

    def encrypt(self, text: str, owner: UUID) -> bytes:
        return self._fernet.encrypt(owner.bytes + text.encode())

    def decrypt(self, encrypted: bytes | None, owner: UUID) -> str | None:
        """Return the text; None if it was encrypted with an unknown key, for another owner, or not at all."""
        from cryptography.fernet import InvalidToken

        try:
            decrypted = self._fernet.decrypt(encrypted or b"")
        except InvalidToken:
            return None
        return decrypted[16:].decode() if decrypted[:16] == owner.bytes else None
