"""Serving starts every server, and leaves nothing running behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.serving import LOOPBACK, ServeError, Server, serve, servers

# Two servers; the second starts a child of its own, as Dagster's do, and both write their process ids.
SCRIPT = """
import sys
from pipelines.serving import Server, serve
folder, port = sys.argv[1:]
child = f"import os, time; open('{folder}/' + str(os.getpid()), 'w').close(); time.sleep(600)"
quiet = "import sys; sys.stdout = sys.stderr = open('/dev/null', 'w'); import http.server as h;"
web = Server("web", [sys.executable, "-c", quiet + "h.test(h.SimpleHTTPRequestHandler, bind='127.0.0.1',"
             f"port={port})"],
             f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/")
parent = Server("parent", [sys.executable, "-c",
                f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]);" + child])
serve([web, parent], {}, lambda line: print(line, flush=True))
print("stopped")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process_and_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["web", f"http://127.0.0.1:{port}"]
        assert process.stdout.readline() == "Ctrl-C stops both.\n"
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        started = [int(path.name) for path in tmp_path.iterdir()]
        assert len(started) == 2
        process.send_signal(number)
        assert process.stdout.read() == "stopped\n"
        assert process.wait(60) == 0
        assert [pid for pid in started if lives(pid)] == []
    finally:
        if process.poll() is None:
            process.kill()


def test_a_taken_port_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        children = servers(taken.getsockname()[1], free_port(), "token")
        with pytest.raises(
            ServeError, match=r"is taken on this machine\. Choose another with --dashboards-port"
        ):
            serve(children, {}, print)


def test_a_server_that_ends_by_itself_takes_the_others_down_and_is_named(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    lasting = Server(
        "lasting",
        [
            sys.executable,
            "-c",
            f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)",
        ],
    )
    ending = Server(
        "ending",
        [
            sys.executable,
            "-c",
            f"import os, sys, time\nwhile not os.path.exists({str(mark)!r}): time.sleep(0.05)\nsys.exit(7)",
        ],
    )
    with pytest.raises(ServeError, match="The ending ended by itself with exit code 7"):
        serve([lasting, ending], {}, print)
    assert not lives(int(mark.read_text()))


def test_everything_is_served_on_loopback_and_no_command_line_shows_the_token() -> None:
    for child in servers(8501, 3000, "the-token"):
        assert "the-token" not in " ".join(child.command)
        if child.url:
            assert child.url.startswith(f"http://{LOOPBACK}:")
            assert child.environment == {"SAVOIR_TOKEN": "the-token"}


def test_the_instance_turns_telemetry_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.home import Home
    from pipelines.orchestration.instance import prepare_instance

    monkeypatch.setattr(os, "environ", dict(os.environ))
    environment = prepare_instance(Home.at(tmp_path))
    assert environment["DAGSTER_DISABLE_TELEMETRY"] == "1"
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    settings = (tmp_path / "dagster" / "dagster.yaml").read_text()
    assert "telemetry:\n  enabled: false" in settings
    assert "free_slots_after_run_end_seconds: 300" in settings
