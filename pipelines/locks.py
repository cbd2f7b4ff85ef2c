"""A file that one process at a time holds; the system frees the lock of a process that dies, however it dies.

Belongs here: waiting and giving up. Does not belong here: what is locked, and the sentence to who must wait.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

FOR_THE_OWNER = 0o600


class LockHeldError(Exception):
    """Another process holds the lock, and held it until the wait was over."""


@contextmanager
def exclusive(path: Path, wait_seconds: float = 0.0, look_every: float = 0.05) -> Generator[int]:
    """The descriptor of `path`, which nobody else holds meanwhile; made where it is missing.

    Raises:
        LockHeldError: when another process has it and `wait_seconds` are over.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FOR_THE_OWNER)
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockHeldError(path) from None
                time.sleep(look_every)
        yield descriptor
    finally:
        os.close(descriptor)
