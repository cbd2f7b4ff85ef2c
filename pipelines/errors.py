"""What users are told when something is wrong. Every message names the thing, the value and the remedy."""

from __future__ import annotations

import errno
import re
from collections.abc import Generator
from contextlib import contextmanager


class SavoirError(Exception):
    """An error whose text is written for the user: the command line prints it alone, without a traceback."""


class MachineError(SavoirError):
    """The machine's fault, not the data's: a full disk, a home that cannot be written to."""


_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the quota of disk space is used up: free some space",
    errno.EROFS: "the file system is read-only: use a home that can be written to",
    errno.EACCES: "permission is denied: use a home of your own, or have its owner give you the rights",
    errno.EPERM: "the operation is not permitted: use a home of your own",
    errno.EIO: "the disk reports an error: check it",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine: close some programs",
    errno.ENOMEM: "there is no memory left: close some programs",
}
_THEN = ", then start again. Nothing was lost or half done."
# How engines word the same.
_WORDS = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "Read-only file system": errno.EROFS,
    "Permission denied": errno.EACCES,
    "Input/output error": errno.EIO,
    "Too many open files": errno.EMFILE,
    "Cannot allocate memory": errno.ENOMEM,
    # SQLite and the spilling of queries keep the system's own words to themselves.
    "database or disk is full": errno.ENOSPC,
    "failed to offload data block": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
}


def machine_fault(error: BaseException) -> MachineError | None:
    """The sentence for an error that the machine is to blame for, whoever worded it; else None."""
    code = error.errno if isinstance(error, OSError) else None
    if code not in _REMEDIES:
        text = str(error)
        told = (code for code, remedy in _REMEDIES.items() if remedy + _THEN in text)
        code = next(told, None) or next((code for words, code in _WORDS.items() if words in text), None)
    if code is None:
        return None
    path = getattr(error, "filename", None)
    place = f"{path}: " if path else ""
    # A sentence of ours in another's words stays as it is.
    if found := re.search(rf"[^\n]*{re.escape(_REMEDIES[code])}{re.escape(_THEN)}", str(error)):
        return MachineError(found[0].removeprefix(f"{MachineError.__module__}.{MachineError.__name__}: "))
    return MachineError(f"{place}{_REMEDIES[code]}{_THEN}")


@contextmanager
def faults_in_words() -> Generator[None]:
    """Whatever the machine is to blame for leaves the block as a `MachineError`."""
    try:
        yield
    except SavoirError:
        raise
    except Exception as error:
        if (fault := machine_fault(error)) is None:
            raise
        raise fault from error
