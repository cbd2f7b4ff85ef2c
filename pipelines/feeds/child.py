"""The child process that reads files: `python -m pipelines.feeds.child`, started by `reading`.

Belongs here: its loop, its two pipes, and the sentence for whatever goes wrong inside it. Does not belong
here: how a file is read (`staging`), or the limits, which the parent keeps (`reading`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import threading
import time
import traceback
from pathlib import Path
from typing import IO, Any

from pipelines.errors import SavoirError, machine_fault
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.staging import Staged, Task, staged
from pipelines.home import PRIVATE_UMASK

_LENGTH_BYTES = 8


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    body = pickle.dumps(message)
    pipe.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one message; `EOFError` where the other side is gone."""
    length = pipe.read(_LENGTH_BYTES)
    body = pipe.read(int.from_bytes(length, "big")) if len(length) == _LENGTH_BYTES else b""
    if not body:
        raise EOFError
    return pickle.loads(body)  # noqa: S301 (our own process wrote it)


def _read_one(task: Task) -> Staged | SavoirError:
    name = shown(task.path.name)
    try:
        return staged(task)
    except SavoirError as error:
        return error
    except MemoryError:
        return FileRefusedError(f"{name} does not fit into memory: it holds values or rows far too large.")
    except Exception as error:
        # Reading raises the system's errors, writing those of the engine.
        is_reading = isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT)
        if not is_reading and (fault := machine_fault(error)) is not None:
            return fault
        if isinstance(error, OSError):
            return FileRefusedError(
                f"{name} could not be read to its end ({error.strerror or error}): it stays where it is; "
                "check the disk and its permissions, then build again.",
                is_lasting=False,
            )
        where = traceback.extract_tb(error.__traceback__)[-1]
        return FileRefusedError(
            f"{name} cannot be read ({type(error).__name__} in {Path(where.filename).name}:{where.lineno}): "
            "check that it is a CSV or Parquet file as its source writes it, or report it."
        )


def _serve() -> None:
    """The child: answer tasks until the parent hangs up or dies."""
    os.umask(PRIVATE_UMASK)
    parent = os.getppid()

    def leave_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        with contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                send(answers, _read_one(receive(tasks)))
    os._exit(0)


if __name__ == "__main__":
    _serve()
