"""Signatures of webhooks, as the Standard Webhooks specification defines them."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from uuid import UUID

from auth.secrets import derive_key

PREFIX = "whsec_"


def webhook_secret(secret: bytes, webhook_id: UUID) -> str:
    """Return the secret that a receiver verifies with; it follows from the server's secret and is not stored."""
    return PREFIX + b64encode(_key(secret, webhook_id)).decode()


def sign_webhook(secrets: Sequence[bytes], webhook_id: UUID, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: one signature for each of the server's secrets, the newest first.

    A receiver accepts any of them, so that changing SECRET_KEY does not break it.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [_key(secret, webhook_id) for secret in secrets]
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


def _key(secret: bytes, webhook_id: UUID) -> bytes:
    return hmac.digest(derive_key(secret, "webhook"), webhook_id.bytes, "sha256")
