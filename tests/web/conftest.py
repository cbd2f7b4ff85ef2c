"""Both servers as `savoir serve` starts them, and requests that no browser would send by itself."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.home import Home

SAVOIR = Path(sys.executable).with_name("savoir")
PROXY_TOKEN = "the-token-that-the-proxy-knows"  # noqa: S105 (of these tests)
PUBLIC = "https://savoir.example"
ROLES = """
people:
  manager@example.com: {role: manager}
  quality@example.com: {role: quality, families: [chainsaw]}
  analyst@example.com: {role: analyst}
  admin@example.com: {role: admin}
"""
SAVOIR_STARTS_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: Sequence[str] = ()


@dataclass(frozen=True)
class Site:
    """One of the two servers."""

    port: int
    token: str
    cookie: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def own(self) -> dict[str, str]:
        """The headers of a request from our own page with a session."""
        return {"Cookie": self.cookie, "Origin": self.address}

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "", host: str = ""
    ) -> Answer:
        """One request, sent exactly as written: no path is tidied up on the way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body.encode())))
            connection.endheaders(body.encode() if body else None)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            text = answer.read().decode(errors="replace")
            return Answer(answer.status, found, text, answer.headers.get_all("Set-Cookie", []))
        finally:
            connection.close()


@dataclass(frozen=True)
class Served:
    """Both servers and what they wrote."""

    home: Home
    dashboards: Site
    dagster: Site
    log: Path

    @property
    def sites(self) -> tuple[Site, Site]:
        return self.dashboards, self.dagster


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


Serving = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def serving(small_home_builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """`serving(prepare, *options, **environment)`: `savoir serve` on a small home of its own.

    `prepare(home, dashboards_port)` may put files into the home before the start.
    """

    @contextmanager
    def running(
        prepare: Callable[[Home, int], None] | None = None, *options: str, **environment: str
    ) -> Generator[Served]:
        folder = tmp_path_factory.mktemp("serving")
        small_home_builder.make(folder / "home")
        home, log, ports = Home.at(folder / "home"), folder / "serve.log", _free_ports(2)
        if prepare is not None:
            home.roles.write_text(ROLES)
            prepare(home, ports[0])
        words = [
            "--home",
            str(home.root),
            "--dashboards-port",
            str(ports[0]),
            "--dagster-port",
            str(ports[1]),
        ]
        with log.open("wb") as lines:
            process = subprocess.Popen(
                [SAVOIR, "serve", *words, *options],
                cwd=folder,
                env=os.environ | environment,
                stdout=lines,
                stderr=lines,
            )
        try:
            _wait_until_up(process, log)
            yield Served(home, *(_site(port, log, environment) for port in ports), log)
        finally:
            process.terminate()
            process.wait(60)

    return running


@pytest.fixture(scope="session")
def served(serving: Serving) -> Iterator[Served]:
    """`savoir serve` on this machine alone, until the tests end."""
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def behind_proxy(serving: Serving) -> Iterator[Served]:
    """`savoir serve` as it stands behind a proxy that ends TLS and signs people in."""
    options = ("--trust-header", "X-Forwarded-Email", "--public-url", PUBLIC)
    with serving(lambda home, port: None, *options, SAVOIR_TOKEN=PROXY_TOKEN) as running:
        yield running


def _wait_until_up(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SAVOIR_STARTS_WITHIN_SECONDS
    while "Ctrl-C" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def _site(port: int, log: Path, environment: Mapping[str, str]) -> Site:
    if "SAVOIR_TOKEN" in environment:
        return Site(port, environment["SAVOIR_TOKEN"], "")
    found = re.search(r"\?token=(\S+)", log.read_text())
    assert found is not None
    answer = Site(port, found[1], "").ask("GET", f"/?token={found[1]}")
    return Site(port, found[1], answer.headers["set-cookie"].partition(";")[0])
