"""Fixtures that the whole suite shares. A folder's own fixtures live in its own conftest."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.home import Home

SHARED = Path(__file__).resolve().parents[2] / "shared"
SAVOIR = Path(sys.executable).with_name("savoir")
DEMO_LINES = 60_000
DEMO_SEED = 1
DEMO_END = date(2026, 10, 31)
PUBLISHED_WITH_REFUSALS = 3
# They simulate, build, serve or read the real files: what asks for one is slow, and `make test-fast` leaves
# it out.
SLOW_FIXTURES = {
    "address", "browser", "busy_shop", "dbt", "demo_home", "hard_home", "judged", "little_home", "repository",
    "retail_home", "served", "shop", "sparse_home", "toy_project", "workshop",
}  # fmt: skip


# Made once for the whole suite and dear: with several workers, all that ask for one run on the same worker.
SHARED_FIXTURES = (
    "demo_home",
    "judged",
    "little_home",
    "workshop",
    "busy_shop",
    "shop",
    "retail_home",
    "served",
    "address",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is slow by the fixtures that it asks for, and says what runs on one worker."""
    for item in items:
        wanted = set(getattr(item, "fixturenames", ()))
        if SLOW_FIXTURES & wanted:
            item.add_marker(pytest.mark.slow)
        shared = next((name for name in SHARED_FIXTURES if name in wanted), None)
        item.add_marker(pytest.mark.xdist_group(shared or item.path.as_posix()))


CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files and published values, beside the checkout; absent at a user's."""
    if not SHARED.is_dir():
        pytest.skip(
            "../shared is not here: real files and reference values are only beside the developers' checkout"
        )
    return SHARED


def run_savoir(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line as a user types it, in a process of its own, on one home."""
    return subprocess.run(
        [str(SAVOIR), "--home", str(home.root), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def savoir() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`savoir(home, "build", …)`: the command line in a process of its own."""
    return run_savoir


def retailer(home: Home, lines: int, seed: int) -> Home:
    """A simulated retailer, built and published by the commands."""
    for words in (
        ("simulate", "--lines", str(lines), "--seed", str(seed), "--end", DEMO_END.isoformat()),
        ("build", "--as-of", DEMO_END.isoformat()),
    ):
        done = run_savoir(home, *words)
        assert done.returncode in (0, PUBLISHED_WITH_REFUSALS), done.stdout + done.stderr
    return home


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo of `make demo`. Slow; read it, never write."""
    return retailer(Home.at(tmp_path_factory.mktemp("demo") / "home"), DEMO_LINES, DEMO_SEED)


@pytest.fixture(scope="session")
def little_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A retailer of 2,000 order lines. Slow; read it, never write."""
    return retailer(Home.at(tmp_path_factory.mktemp("little") / "home"), 2_000, 2)


@pytest.fixture(scope="session")
def small_home_builder() -> ModuleType:
    """`small_home.py` beside this file, loaded by its path: test folders are no packages."""
    spec = importlib.util.spec_from_file_location("small_home", Path(__file__).with_name("small_home.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_home(small_home_builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one hand-made snapshot, for tests of queries, reports and pages. Nobody writes to it."""
    root = tmp_path_factory.mktemp("small_home")
    small_home_builder.make(root)
    return Home.at(root)


@pytest.fixture(scope="session")
def no_search_for_components() -> Iterator[None]:
    """`AppTest` looks through every installed package for components at each run, for a quarter of a second;
    the app has none.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium of the system, never a downloaded one."""
    if not CHROMIUM.exists():
        if os.environ.get("SAVOIR_BROWSER_REQUIRED") == "1":
            pytest.fail(f"{CHROMIUM} is missing and SAVOIR_BROWSER_REQUIRED is 1: `apt-get install chromium`")
        pytest.skip(f"{CHROMIUM} is not installed: `apt-get install chromium` runs the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
