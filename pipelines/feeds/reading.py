"""Reading a file in a child process, so that no file can hurt the build.

Belongs here: the process, its limits on memory and time, and what is said when it does not come back. Does
not belong here: what it does with a file (`staging`).

One warm child serves many files: starting it costs half a second.
"""

from __future__ import annotations

import atexit
import contextlib
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

from pipelines.feeds.child import receive, send
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.staging import Staged, Task
from pipelines.home import PROJECT_DIR

# Peak resident memory of the child; it is ended before it gets there.
MEMORY_LIMIT_BYTES = 512 << 20
_WATCH_SECONDS = 0.005
_MARGIN_BYTES = 32 << 20
# A child that has grown this large is replaced before the next file.
_RETIRED_BYTES = 320 << 20
# Of any file, and more by its bytes: an honest one takes a tenth of it on a slow machine.
_SECONDS = 20.0
_SECONDS_PER_MEGABYTE = 2.0


def stage(task: Task) -> Staged:
    """Read one file in the child process; what goes wrong with it refuses the file in a sentence.

    The records that were read must be the records that were counted apart.
    """
    with _CHILD_LOCK:
        answer = _child().answer(task)
    if isinstance(answer, FileRefusedError):
        raise answer
    read = answer.rows + answer.unparsed
    if read != answer.records:
        raise FileRefusedError(
            f"{shown(task.path.name)}: {answer.records:,} records were counted in the file, but {read:,} "
            f"were read ({answer.rows:,} rows and {answer.unparsed:,} that cannot be parsed). Nothing was "
            "landed; write every quote inside a text twice, every name of a JSON object once, or report it."
        )
    return answer


def seconds_for(path: Path) -> float:
    """How long the reading of a file may take."""
    return _SECONDS + _SECONDS_PER_MEGABYTE * path.stat().st_size / 1e6


class _Child:
    """The process and the two pipes to it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.feeds.child"],
            cwd=PROJECT_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A Ctrl-C in the terminal is for the parent, which ends the child itself.
            start_new_session=True,
        )

    @property
    def is_fit(self) -> bool:
        """Whether it can take another file."""
        return self.process.poll() is None and self.peak_bytes("VmRSS") < _RETIRED_BYTES

    def answer(self, task: Task) -> Staged | FileRefusedError:
        """What came of one file. A child that does not come back is ended, and the file refused."""
        name = shown(task.path.name)
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        is_answered = False
        try:
            deadline = time.monotonic() + seconds_for(task.path)
            send(stdin, task)
            while not select.select([stdout], [], [], _WATCH_SECONDS)[0]:
                if self.peak_bytes("VmHWM") > MEMORY_LIMIT_BYTES - _MARGIN_BYTES:
                    return FileRefusedError(
                        f"{name} takes more than {MEMORY_LIMIT_BYTES >> 20} MiB of memory to read: it holds "
                        "values or rows far too large; split it, or correct it."
                    )
                if time.monotonic() > deadline:
                    return FileRefusedError(
                        f"{name} was not read within {seconds_for(task.path):.0f} seconds, far longer than "
                        "a file of its size takes: it is damaged or made to harm; send it again."
                    )
            answer = receive(stdout)
            is_answered = True
        except (BrokenPipeError, EOFError):
            code = self.process.wait()
            return FileRefusedError(
                f"{name} was not read: the process that reads it was ended ({_how(code)}); build again.",
                is_lasting=False,
            )
        finally:
            if not is_answered:
                self.end()
        if isinstance(answer, Exception) and not isinstance(answer, FileRefusedError):
            raise answer
        return answer

    def peak_bytes(self, field: str) -> int:
        """The child's memory as the system tells it; 0 where it does not."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_bytes()
        except OSError:
            return 0
        _, found, rest = status.partition(field.encode() + b":")
        return int(rest.split(maxsplit=1)[0]) << 10 if found else 0

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


_CHILD_LOCK = threading.Lock()
_children: list[_Child] = []


def warm_up() -> None:
    """Start the child while the caller has other things to do."""
    with _CHILD_LOCK:
        _child()


def _child() -> _Child:
    if _children and not _children[0].is_fit:
        _children.pop().end()
    if not _children:
        _children.append(_Child())
    return _children[0]


@atexit.register
def end_child() -> None:
    """End the process, if there is one."""
    while _children:
        _children.pop().end()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
