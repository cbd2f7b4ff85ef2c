"""Homes, and what lies in their landing. Does not belong here: any part of the proof."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.feeds import reading
from pipelines.feeds.landing import feed_files, files_sql
from pipelines.home import Home

KEY = "a key that only benchmarks know"


def fresh_home(folder: Path) -> Home:
    """An empty home in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    home = Home(folder).make()
    (home.inbox / "orders").mkdir()
    return home


def content_of(home: Home) -> list[tuple]:
    """What readers of the landing see, whatever way it came."""
    paths = feed_files(home, "orders")
    if not paths:
        return []
    with duckdb.connect() as connection:
        query = f"select order_id, line_number, _content_hash from {files_sql(paths)} order by all"
        return connection.execute(query).fetchall()


def forked(action: Callable[[], object], after_seconds: float | None = None) -> int:
    """Run `action` in a fork of this process, killed after a while; its exit code, negative of the signal.

    A fork has everything imported already, and the process that reads files is warm: a kill costs what the
    work costs. Of a run that was killed the reader goes on until its file is read, as it does in life.
    """
    sys.stdout.flush()
    reading.warm_up()
    child = os.fork()
    if child == 0:
        for running in reading._children:
            running.process.poll = lambda: None  # it is the parent's to ask
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    code = _ended(child, None if after_seconds is None else time.monotonic() + after_seconds)
    if code:
        for running in reading._children:
            for pipe in (running.process.stdin, running.process.stdout):
                assert pipe is not None
                with contextlib.suppress(OSError):
                    pipe.close()
        reading._children.clear()
    return code


def _ended(child: int, deadline: float | None) -> int:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)


def imported_by(action: Callable[[], object], list_file: Path, seconds: float) -> int:
    """Run `action` in a fork, then import here whatever it imported, for the forks that follow."""

    def told() -> None:
        action()
        list_file.write_text(json.dumps(sorted(sys.modules)))

    code = forked(told, seconds)
    if code == 0:
        for name in json.loads(list_file.read_text()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    return code
