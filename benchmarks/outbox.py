"""Nothing is sent twice, nothing lost in silence: reports against a mail server that fails in every way.

`python -m benchmarks.outbox [--runs 1000] [--seed 1]` prints the table of docs/reports.md. Each run is a home
of its own with a few recipients and a real SMTP server that, per attempt, accepts, refuses for now or for
good, drops the connection before or after it has taken the message, drips, or hangs; two schedulers send at
once, some are killed between handing over and writing down. The server keeps whatever it was given whole,
also where it never said so: the worst case for whoever would send again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from pipelines.delivery import outbox, sending
from pipelines.delivery.reports import Report
from pipelines.delivery.subscriptions import Subscription
from pipelines.home import Home
from pipelines.reports.letter import Letter

WAYS = (
    "ok", "rcpt_4xx", "rcpt_5xx", "data_4xx", "data_5xx", "drop_before", "drop_taken", "drop_after", "drip",
    "hang",
)  # fmt: skip
WEIGHTS = (40, 6, 6, 6, 6, 8, 8, 8, 6, 6)
REPORT = Report(
    "saws", "2026-W43", "build-1", Letter("Report", "<p>Report</p>", "Report", {}),
    {"report.pdf": b"%PDF-1.7", "report.xlsx": b"PK"}, (), {"period": "2026-W43", "until_on": "2026-10-25"},
    True,
)  # fmt: skip


@dataclass
class Post:
    """The server's side: how it behaves next, and what it took, by recipient and message id."""

    ways: Iterator[str]
    taken: list[tuple[str, str]] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        way = session.way = next(self.ways)
        self.met[way] += 1
        if way == "rcpt_4xx":
            return "451 later"
        if way == "rcpt_5xx":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        way = session.way
        if way == "data_4xx":
            return "452 full"
        if way == "data_5xx":
            return "554 spam"
        if way == "drop_before":
            server.transport.abort()
            return "421 gone"
        text = envelope.content.decode(errors="replace")
        name = next(line for line in text.splitlines() if line.lower().startswith("message-id:"))
        self.taken += [(address, name.partition(":")[2].strip()) for address in envelope.rcpt_tos]
        if way == "drop_taken":
            server.transport.abort()
        elif way == "hang":
            await asyncio.sleep(3)
        elif way == "drip":
            await asyncio.sleep(0.3)
        elif way == "drop_after":
            asyncio.get_running_loop().call_later(0.02, server.transport.abort)
        return "250 taken"


@contextmanager
def post_office(ways: Iterator[str]) -> Generator[tuple[Post, int]]:
    """A server on a free port of this machine."""
    post = Post(ways)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield post, port
    finally:
        controller.stop(no_assert=True)


@dataclass(frozen=True)
class Outcome:
    """One run: rows by state, what the server met, and what went wrong."""

    states: Counter[str]
    met: Counter[str]
    kills: int
    doubled: int
    lost: int


def one_run(folder: Path, chance: random.Random, may_kill: bool = True) -> Outcome:
    """Two schedulers send to the same recipients; kills, then later runs, until nothing is left to send."""
    home = Home.at(folder)
    people = tuple(f"person{place}@example.com" for place in range(chance.randint(1, 3)))
    subscription = Subscription(name="saws", channel="mail", recipients=people)
    ways = iter(lambda: chance.choices(WAYS, WEIGHTS)[0], None)
    kills = 0
    with post_office(ways) as (post, port):
        os.environ |= {
            "SAVOIR_SMTP_HOST": "127.0.0.1",
            "SAVOIR_SMTP_PORT": str(port),
            "SAVOIR_SMTP_SECONDS": "1",
        }
        if may_kill and chance.random() < 0.3:
            kills += _killed_while_sending(home, subscription, chance.choice(("handed_over", "claimed")))
        for later in range(outbox.ATTEMPTS + 1):
            # A lease ends only after ten minutes: what a killed process left is settled by a later run.
            outbox.expire(home, datetime.now(UTC) + timedelta(minutes=11 * bool(later)))
            both = [
                threading.Thread(target=sending.send, args=(home, subscription, REPORT)) for _ in range(2)
            ]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join()
        rows = outbox.entries(home)
        time.sleep(0.01)
    times = Counter(address for address, _ in post.taken)
    doubled = sum(count - 1 for count in times.values() if count > 1)
    states = Counter(str(row.state) for row in rows)
    # A row that says sent was taken; one that says failed was not; nobody is without a row.
    lost = sum(row.state == "sent" and not times[row.recipient] for row in rows)
    lost += sum(row.state == "failed" and times[row.recipient] > 0 for row in rows)
    lost += sum(row.state in ("planned", "sending") for row in rows) + len(people) - len(rows)
    return Outcome(states, post.met, kills, doubled, lost)


def _killed_while_sending(home: Home, subscription: Subscription, moment: str) -> int:
    """A scheduler in a process of its own that dies: before it hands over, or before it writes down."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return 1
    if moment == "handed_over":
        outbox.settle = lambda *_, **__: os._exit(9)  # ty: ignore[invalid-assignment]
    else:
        sending._handed_over = lambda *_: os._exit(9)  # ty: ignore[invalid-assignment]
    try:
        sending.send(home, subscription, REPORT)
    finally:
        os._exit(0)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311
    began = time.monotonic()
    states, met, kills, doubled, lost = Counter[str](), Counter[str](), 0, 0, 0
    for place in range(asked.runs):
        with tempfile.TemporaryDirectory() as folder:
            done = one_run(Path(folder), chance)
        states, met, kills = states + done.states, met + done.met, kills + done.kills
        doubled, lost = doubled + done.doubled, lost + done.lost
        if doubled or lost:
            sys.stdout.write(f"run {place}: {doubled} doubled, {lost} lost\n")
            break
    sys.stdout.write(f"{asked.runs} runs, {time.monotonic() - began:.0f} s, seed {asked.seed}\n")
    sys.stdout.write(f"the server: {dict(sorted(met.items()))}, {kills} schedulers killed\n")
    sys.stdout.write(f"rows: {dict(sorted(states.items()))}\n{doubled} sent twice, {lost} lost in silence\n")
    sys.exit(bool(doubled or lost))


if __name__ == "__main__":
    main()
