"""The app, run in this process on the small home, and served to a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import PROJECT_DIR, Home

APP = PROJECT_DIR / "dashboards" / "streamlit_app.py"


@pytest.fixture
def open_page(
    small_home: Home, no_search_for_components: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AppTest]:
    """Run one page with the given URL parameters, on the small home unless another is given."""

    def opened(page: str | None = None, home: Home = small_home, **parameters: str) -> AppTest:
        monkeypatch.setenv("SAVOIR_HOME", str(home.root))
        app = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = value
        if page is not None:
            app.switch_page(f"app_pages/{page}.py")
        return app.run()

    return opened


def serve(home: Home, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the dashboards on a free loopback port and wait until they answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A folder that is not the project's: the settings must come from beside the app.
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)],
        cwd=log.parent,
        env=os.environ | {"SAVOIR_HOME": str(home.root)},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)  # noqa: S310
        except OSError:
            time.sleep(0.5)
        else:
            return server, address
    server.kill()
    raise AssertionError(f"Streamlit did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def address(small_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the dashboards on the small home answer."""
    server, address = serve(small_home, tmp_path_factory.mktemp("served") / "streamlit.log")
    yield address
    server.terminate()
    server.wait(20)
