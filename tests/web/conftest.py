"""Both servers as `savoir serve` starts them, and requests that no browser would send by itself."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.home import Home

SAVOIR = Path(sys.executable).with_name("savoir")
SAVOIR_STARTS_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    text: str


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
            return Answer(answer.status, found, answer.read().decode(errors="replace"))
        finally:
            connection.close()


@dataclass(frozen=True)
class Served:
    """Both servers and what they wrote."""

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


@pytest.fixture(scope="session")
def served(small_home_builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`savoir serve` on a small home of its own, until the tests end."""
    folder = tmp_path_factory.mktemp("served")
    small_home_builder.make(folder / "home")
    home, log = Home.at(folder / "home"), folder / "serve.log"
    ports = _free_ports(2)
    options = ["--home", str(home.root), "--dashboards-port", str(ports[0]), "--dagster-port", str(ports[1])]
    with log.open("wb") as lines:
        process = subprocess.Popen([SAVOIR, "serve", *options], cwd=folder, stdout=lines, stderr=lines)
    try:
        yield _once_up(process, log, ports)
    finally:
        process.terminate()
        process.wait(60)


def _once_up(process: subprocess.Popen[bytes], log: Path, ports: list[int]) -> Served:
    deadline = time.monotonic() + SAVOIR_STARTS_WITHIN_SECONDS
    while "Ctrl-C" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    found = re.search(r"\?token=(\S+)", log.read_text())
    assert found is not None
    token = found[1]
    sites = []
    for port in ports:
        answer = Site(port, token, "").ask("GET", f"/?token={token}")
        sites.append(Site(port, token, answer.headers["set-cookie"].partition(";")[0]))
    return Served(sites[0], sites[1], log)
