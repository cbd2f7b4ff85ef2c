"""How long the pages take, alone, for many at once and while files are published:
`python -m benchmarks.pages --home HOME`.

The dashboards are served as `savoir serve` serves them, without the guard, and spoken to over the pages' own
web socket: a time runs from the request to the end of the script, with everything sent. Views are drawn from
the data, seeded: every page, with the filters that it has, and the steps of a drill (the rows behind a
measure, one claim, one product, lot, supplier, centre). No view is asked twice, but answers that two views
share are cached, as for readers.

Publishing: two files of different content take turns, under a new name each time, while sessions read; each
page must be word by word what one of the two says.

Belongs here: sessions, the clock. Does not belong here: what is asked (`benchmarks.views`).
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import click
import duckdb
import numpy as np
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.views import View, first_views, views
from pipelines.home import PROJECT_DIR, Home
from pipelines.publishing import point
from pipelines.queries.snapshot import snapshot_path

APP = PROJECT_DIR / "dashboards" / "streamlit_app.py"
# Pages whose words change with the claims, read while files are published.
CHANGING = ("overview", "money", "misuse", "worklist")


# A view, the seconds it took, its errors.
Opened = tuple[View, float, list[str]]


@contextmanager
def served(home: Home) -> Generator[tuple[str, int]]:
    """The dashboards on a free port: the address of their web socket, and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)],
        env=os.environ | {"SAVOIR_HOME": str(home.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise click.ClickException("The dashboards did not start.")
        yield f"ws://127.0.0.1:{port}/_stcore/stream", server.pid
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


async def open_view(session: ClientConnection, view: View) -> tuple[float, str, list[str]]:
    """Seconds, the words of the page in their order, and its errors."""
    asked = BackMsg()
    asked.rerun_script.page_name = view.page
    # As a link that was sent: what another page of the session holds does not hold here.
    asked.rerun_script.query_string = urlencode({"exact": "1", **view.parameters})
    begun = time.perf_counter()
    await session.send(asked.SerializeToString())
    words: dict[tuple[int, ...], str] = {}
    errors: list[str] = []
    while True:
        told = ForwardMsg()
        told.ParseFromString(bytes(await session.recv(decode=False)))
        kind = told.WhichOneof("type")
        if kind == "delta":
            text, error = _said(told.delta)
            words[tuple(told.metadata.delta_path)] = text
            errors += [error] if error else []
        elif kind == "script_finished":
            if told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                words, errors = {}, []
                continue
            if told.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                errors.append("the script did not finish")
            return time.perf_counter() - begun, "\n".join(words[path] for path in sorted(words)), errors


def _said(delta: Delta) -> tuple[str, str | None]:
    element = delta.new_element
    kind = element.WhichOneof("type")
    if kind == "exception":
        return "", element.exception.message
    if kind == "alert":
        return element.alert.body, element.alert.body if element.alert.format == Alert.ERROR else None
    if kind == "markdown":
        # The sentence above a page whose address is refused: the view was not shown.
        body = element.markdown.body
        return body, body if ":material/link_off:" in body else None
    return (f"{element.metric.label} {element.metric.body}", None) if kind == "metric" else ("", None)


async def in_turn(address: str, asked: list[View], pauses: list[float]) -> list[Opened]:
    """One session opens the views one after another, after a pause each."""
    found = []
    async with connect(address, max_size=None) as session:
        for view, pause in zip(asked, pauses, strict=True):
            await asyncio.sleep(pause)
            seconds, _, errors = await open_view(session, view)
            found.append((view, seconds, errors))
    return found


async def at_once(address: str, asked: list[View], sessions: int, pause: float, seed: int) -> list[Opened]:
    """The views dealt to sessions that read for a while (drawn, `pause` seconds on average) before each."""
    drawn = random.Random(seed)  # noqa: S311
    hands = [asked[number::sessions] for number in range(sessions)]
    rounds = [
        in_turn(address, hand, [drawn.expovariate(1 / pause) if pause else 0.0 for _ in hand])
        for hand in hands
    ]
    return [each for hand in await asyncio.gather(*rounds) for each in hand]


async def while_publishing(
    address: str, home: Home, files: tuple[Path, Path], times: int, sessions: int
) -> tuple[int, int, int]:
    """Views opened, with an error, and mixed, while the two files take turns."""
    whole: dict[str, set[str]] = {page: set() for page in CHANGING}
    async with connect(address, max_size=None) as session:
        for number in range(2):
            _move(home, files[number], f"whole{number}")
            for page in CHANGING:
                _, words, errors = await open_view(session, View(page))
                if errors:
                    raise click.ClickException(f"{page}: {errors[0]}")
                whole[page].add(words)
    if any(len(told) != 2 for told in whole.values()):
        raise click.ClickException("The two files show the same: nothing mixed could be seen.")
    is_over = asyncio.Event()
    counted = [0, 0, 0]

    async def read(number: int) -> None:
        async with connect(address, max_size=None) as session:
            while not is_over.is_set():
                page = CHANGING[(number + counted[0]) % len(CHANGING)]
                _, words, errors = await open_view(session, View(page))
                counted[0] += 1
                counted[1] += bool(errors)
                counted[2] += not errors and words not in whole[page]

    async def publish() -> None:
        for number in range(times):
            seen = counted[0]
            _move(home, files[number % 2], f"{number:04}")
            # Three publishes may fall within one view; before the next three a view ends, by either file.
            await asyncio.sleep(0.05)
            while counted[0] == seen and number % 3 == 2:
                await asyncio.sleep(0.01)
        is_over.set()

    await asyncio.gather(publish(), *(read(number) for number in range(sessions)))
    return counted[0], counted[1], counted[2]


def _move(home: Home, file: Path, name: str) -> None:
    published = home.published / f"savoir-{name}.duckdb"
    published.hardlink_to(file)
    point(home.current, published)


@contextmanager
def copied(home: Home) -> Generator[tuple[Home, tuple[Path, Path]]]:
    """A home beside that publishes the same file, and that file of a day before with half the claims gone."""
    file = snapshot_path(home)
    with tempfile.TemporaryDirectory(prefix="pages-", dir=home.root.parent) as folder:
        beside = Home.at(Path(folder) / "home").make()
        beside.published.mkdir(exist_ok=True)
        whole, other = (Path(folder) / f"{name}.duckdb" for name in ("whole", "other"))
        for each in (whole, other):
            shutil.copyfile(file, each)
            with duckdb.connect(str(each)) as con:
                # How long ago the build was, in hours and minutes, would change while pages are read.
                con.execute("update meta.build set finished_at = finished_at - interval 90 day")
        with duckdb.connect(str(other)) as con:
            con.execute("update meta.build set as_of = as_of - 1")
            con.execute("delete from marts.fct_claims where hash(ticket_id) % 2 = 0")
            con.execute("delete from marts.fct_misuse_rejections where hash(month, sku) % 2 = 0")
        yield beside, (whole, other)


def _peak(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 2**20


def _processor(pid: int) -> float:
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def _told(title: str, found: list[Opened], processor: float) -> None:
    seconds = [each for _, each, _ in found]
    wrong = [(view, errors) for view, _, errors in found if errors]
    p50, p95 = np.percentile(seconds, [50, 95])
    click.echo(
        f"{title}: {len(found)} views, p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {max(seconds):.2f} s, "
        f"{processor / len(found):.2f} s of processor each, {len(wrong)} with an error"
    )
    for view, errors in wrong[:5]:
        click.echo(f"  {view.page}?{urlencode(view.parameters)}: {errors[0]}")


def _read(home: Home, each: int, sessions: int, pause: float, seed: int) -> None:
    """Every page as it opens, then the views of one session, then those of many."""
    drawn = views(home, each, seed)
    with served(home) as (address, pid):
        processor = [_processor(pid)]
        firsts = asyncio.run(in_turn(address, first_views(), [0.0] * len(first_views())))
        processor.append(_processor(pid))
        warm = asyncio.run(in_turn(address, drawn, [0.0] * len(drawn)))
        processor.append(_processor(pid))
        first = {view.page: seconds for view, seconds, _ in firsts}
        click.echo("| page | first, unfiltered | views | p50 | p95 | slowest |\n|---|---|---|---|---|---|")
        for page in sorted({view.page for view in drawn}):
            seconds = [taken for view, taken, _ in warm if view.page == page]
            p50, p95 = np.percentile(seconds, [50, 95])
            unfiltered = f"{first[page]:.2f}" if page in first else ""
            click.echo(
                f"| {page} | {unfiltered} | {len(seconds)} | {p50:.2f} | {p95:.2f} | {max(seconds):.2f} |"
            )
        _told("\nFirst opened", firsts, processor[1] - processor[0])
        _told("One session", warm, processor[2] - processor[1])
        for view, taken, _ in sorted(warm, key=lambda one: -one[1])[:5]:
            click.echo(f"  {taken:.2f} s {view.page}?{urlencode(view.parameters)}")
        if sessions:
            before = _processor(pid)
            many = asyncio.run(at_once(address, views(home, each, seed + 1), sessions, pause, seed))
            _told(f"{sessions} sessions, {pause:.0f} s of reading", many, _processor(pid) - before)
        click.echo(f"Peak memory of the server: {_peak(pid):.2f} GB")


@click.command()
@click.option("--home", "root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--each", default=5, help="Views of every page; 0: publishes alone.")
@click.option("--sessions", default=20)
@click.option("--pause", default=10.0, help="Seconds that one of the sessions reads, on average.")
@click.option("--publishes", default=100)
@click.option("--seed", default=1)
def main(root: Path, each: int, sessions: int, pause: float, publishes: int, seed: int) -> None:
    """Open the pages of a home and print seconds by page, of one session and of many."""
    home = Home.at(root)
    if each:
        _read(home, each, sessions, pause, seed)
    if publishes:
        with copied(home) as (beside, files), served(beside) as (address, _):
            opened, errors, mixed = asyncio.run(while_publishing(address, beside, files, publishes, 4))
        click.echo(f"{publishes} publishes: {opened} views meanwhile, {errors} with an error, {mixed} mixed")


if __name__ == "__main__":
    main()
