"""The fingerprint of the customer key, beside the landing: a lost or another key is found before it hashes.

Belongs here: the comparison. Does not belong here: the key itself (`personal`).
"""

from __future__ import annotations

import hashlib
import hmac
import os

from pipelines.feeds import landing
from pipelines.feeds.personal import KEY_VARIABLE, CustomerKeyError, customer_key
from pipelines.home import Home

FILE = "customer_key.fingerprint"


def checked_customer_key(home: Home, create: bool = True) -> bytes:
    """The home's key, which is the one that its deliveries were hashed with.

    A home without a fingerprint (new, or of an older version) gets that of the key it has.

    Raises:
        CustomerKeyError: the key is lost or another one, so that no customer would be recognised any more.
    """
    stored = home.landing / f".{FILE}"
    expected = stored.read_text().strip() if stored.exists() else None
    is_used = expected is not None or bool(landing.delivery_folders(home))
    if is_used and os.environ.get(KEY_VARIABLE) is None and not home.customer_key.exists():
        raise CustomerKeyError(
            f"The customer key of this home is missing: put {home.customer_key} back from your backup, or "
            f"set {KEY_VARIABLE}. With a new key no customer of the {len(landing.delivery_folders(home)):,} "
            "deliveries would be recognised. Nothing was read."
        )
    key = customer_key(home, create)
    found = fingerprint(key)
    if expected is not None and expected != found:
        where = KEY_VARIABLE if os.environ.get(KEY_VARIABLE) is not None else str(home.customer_key)
        raise CustomerKeyError(
            f"The customer key in {where} is not the one that this home's deliveries were hashed with: no "
            "customer would be recognised. Put the former key back from your backup. Nothing was read."
        )
    if expected is None and create:
        home.landing.mkdir(parents=True, exist_ok=True)
        fresh = home.landing / f".tmp-{FILE}-{os.getpid()}"
        try:
            fresh.write_text(found + "\n")
            landing.sync(fresh)
            fresh.replace(stored)
        finally:
            fresh.unlink(missing_ok=True)
    return key


def fingerprint(key: bytes) -> str:
    """What tells one key from another without giving it away."""
    return hmac.new(key, b"fingerprint of the customer key", hashlib.sha256).hexdigest()[:32]
