"""`savoir serve`: the dashboards and Dagster side by side, and none of their processes left behind.

Does not belong here: what they show or run, and who may ask them (`pipelines.web`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from pipelines.errors import SavoirError
from pipelines.home import PROJECT_DIR

LOOPBACK = "127.0.0.1"
TOKEN_VARIABLE = "SAVOIR_TOKEN"  # noqa: S105 (the name of the variable)
PATIENCE_SECONDS = 120.0
GRACE_SECONDS = 15.0


class ServeError(SavoirError):
    """A server could not be started, or ended by itself."""


@dataclass(frozen=True)
class Server:
    """One long-running child. `url` is what people open; `probe` answers once it is up."""

    name: str
    command: Sequence[str]
    url: str | None = None
    probe: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reach:
    """From where the pages are reached, and how people say who they are.

    `address` is what the servers listen on; `public_urls` where a proxy shows them; `trusted_header` the one
    in which the proxy names the person; `has_provider` whether people sign in by OpenID Connect.
    """

    address: str = LOOPBACK
    public_urls: Sequence[str] = ()
    trusted_header: str | None = None
    has_provider: bool = False

    @property
    def has_sign_in(self) -> bool:
        """Whether people are named; else the token alone opens, and whoever has it is admin."""
        return self.has_provider or self.trusted_header is not None

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can reach the servers."""
        return self.address == LOOPBACK


def refuse_unsafe(reach: Reach, roles: Path) -> None:
    """A sentence where somebody would be let in who must not be, or nobody could be."""
    for url in reach.public_urls:
        parts = urlsplit(url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or url != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ServeError(
                f"--public-url {url!r} is not an address such as https://savoir.example, without a path."
            )
    if reach.has_provider and reach.trusted_header is not None:
        raise ServeError("People sign in by secrets/oidc.toml or by --trust-header, not by both. Drop one.")
    if not reach.is_loopback and not reach.has_sign_in:
        raise ServeError(
            f"--address {reach.address} is reached from other machines, where a token is not enough: set up "
            "secrets/oidc.toml or --trust-header first (docs/security.md)."
        )
    if reach.has_sign_in and not roles.exists():
        raise ServeError(f"People sign in, but {roles} does not say who may see what. Write it first.")
    if roles.exists() and not reach.has_sign_in:
        raise ServeError(
            f"{roles} says who may see what, but nobody can say who they are: set up secrets/oidc.toml or "
            "--trust-header (docs/security.md)."
        )


def servers(dashboards_port: int, dagster_port: int, token: str, reach: Reach | None = None) -> list[Server]:
    """The dashboards, Dagster's page and the daemon that runs its schedules and sensors."""
    python = sys.executable
    reach = reach or Reach()
    options = ["--address", reach.address, "--cookie", f"savoir_{dashboards_port}"]
    for url in reach.public_urls:
        options += ["--public-url", url]
    if reach.trusted_header is not None:
        options += ["--trust-header", reach.trusted_header]

    def page(name: str, port: int) -> Server:
        address = f"http://{LOOPBACK}:{port}"
        return Server(
            name,
            [python, "-m", "pipelines.web", name, "--port", str(port), *options],
            url=address if reach.has_sign_in else f"{address}/?token={token}",
            probe=f"{address}/health",
            environment={TOKEN_VARIABLE: token},
        )

    daemon = [python, "-m", "dagster._daemon", "run", "-m", "pipelines.definitions", "--log-level", "warning"]
    return [
        page("dashboards", dashboards_port),
        page("dagster", dagster_port),
        Server("dagster daemon", daemon),
    ]


def serve(children: Sequence[Server], environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Start the children, print where they are, and wait for Ctrl-C, SIGTERM or the end of one of them."""
    for child in children:
        if child.url:
            _refuse_taken_port(child)
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    started: list[tuple[Server, subprocess.Popen[bytes]]] = []
    try:
        for child in children:
            started.append((child, _start(child, environment)))
        for child, process in started:
            if child.probe and _is_up(child.probe, process, stop):
                say(f"{child.name:12} {child.url}")
        if not stop.is_set():
            say("Ctrl-C stops both.")
        while not stop.wait(0.5):
            _raise_if_ended(started)
    finally:
        _stop(started)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _start(child: Server, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches us alone, and what the child starts can be ended with it.
    return subprocess.Popen(
        child.command,
        cwd=PROJECT_DIR,
        env={**os.environ, **environment, **child.environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _is_up(probe: str, process: subprocess.Popen[bytes], stop: threading.Event) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None and not stop.wait(0.25):
        try:
            with urllib.request.urlopen(probe, timeout=2):  # noqa: S310 (our own loopback address)
                return True
        except HTTPError:
            # It answers: a status that is not well is for monitors.
            return True
        except OSError:
            continue
    return False


def _raise_if_ended(started: Sequence[tuple[Server, subprocess.Popen[bytes]]]) -> None:
    for child, process in started:
        if process.poll() is not None:
            raise ServeError(
                f"The {child.name} ended by itself with exit code {process.returncode}: see its lines above."
            )


def _refuse_taken_port(child: Server) -> None:
    port = urlsplit(child.url).port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            option = "--dashboards-port" if child.name == "dashboards" else "--dagster-port"
            raise ServeError(
                f"Port {port} for the {child.name} is taken on this machine. Choose another with {option}."
            ) from error


def _stop(started: Sequence[tuple[Server, subprocess.Popen[bytes]]]) -> None:
    """End every child and what it started: asked first, then not asked."""
    for _, process in started:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for _, process in started:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
    while time.monotonic() < deadline and any(_group_lives(process) for _, process in started):
        time.sleep(0.1)
    for _, process in started:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
