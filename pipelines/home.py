"""Where everything lives: the folders under one home, and the project's own folders beside the code.

Paths only. Nothing here reads or writes, except `Home.make`, which creates the folders.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SavoirError

PROJECT_DIR = Path(__file__).resolve().parents[1]
DBT_DIR = PROJECT_DIR / "dbt"


# One of these makes a folder a home; the project's own begins with samples alone.
_OF_A_HOME = frozenset(
    (
        "inbox", "mappings", "archive", "landing", "warehouse", "published", "reports", "truth", "dagster",
        "secrets", "state", "roles.yml", "retention.yml", "sample", "lost+found",
    )
)  # fmt: skip
# What a run writes is for its owner alone, unless it says otherwise.
PRIVATE_UMASK = 0o077


@dataclass(frozen=True)
class Home:
    """One Savoir home (`--home`, else `SAVOIR_HOME`, else `./data`)."""

    root: Path

    @staticmethod
    def at(path: str | Path | None = None) -> Home:
        """The home at `path`, else at `SAVOIR_HOME`, else at `./data`."""
        root = Path(path or os.environ.get("SAVOIR_HOME") or "data").resolve()
        try:
            os.fsencode(root).decode()
        except UnicodeDecodeError:
            shown = os.fsencode(root).decode("utf-8", "backslashreplace")
            raise SavoirError(f"The home {shown} has a name that is not UTF-8: choose another.") from None
        if "\\" in str(root):
            # The engine takes it for a slash wherever it looks for files.
            raise SavoirError(f"The home {root} has a backslash in its name: choose another.")
        if mark := next((mark for mark in "?#" if mark in str(root)), None):
            # DuckDB and dbt take it for the end of an address, and put their files elsewhere.
            raise SavoirError(f"The home {root} has a {mark} in its name: choose another.")
        return Home(root)

    def refuse_foreign(self) -> Home:
        """This home, unless its folder is plainly another's: it holds things, and nothing of a home.

        Raises:
            SavoirError: with what lies there.
        """
        try:
            lying = sorted(path.name for path in self.root.iterdir() if not path.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return self  # made at the first build, or told by what cannot be written there
        if lying and not _OF_A_HOME.intersection(lying):
            shown = ", ".join(name.encode("utf-8", "backslashreplace").decode() for name in lying[:3])
            more = f" and {len(lying) - 3} more" if len(lying) > 3 else ""
            raise SavoirError(
                f"{self.root} is no home of Savoir: it holds {shown}{more}, and no inbox. Name an empty "
                "or a new folder with --home; or make the folder inbox in this one."
            )
        return self

    @property
    def inbox(self) -> Path:
        """Files waiting, one folder per source."""
        return self.root / "inbox"

    @property
    def mappings(self) -> Path:
        """The user's own mapping files, beside the packaged ones."""
        return self.root / "mappings"

    @property
    def archive(self) -> Path:
        """Files taken, one folder per source."""
        return self.root / "archive"

    @property
    def landing(self) -> Path:
        """One immutable folder of Parquet per delivery."""
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        """The private build file and what Python computes for it."""
        return self.root / "warehouse"

    @property
    def build_file(self) -> Path:
        """The DuckDB file that dbt writes. Never read by pages."""
        return self.warehouse / "build.duckdb"

    @property
    def reliability(self) -> Path:
        """Parquet files of fits, signals and forecasts: dbt's source `reliability`."""
        return self.warehouse / "reliability"

    @property
    def docs(self) -> Path:
        """The data dictionary."""
        return self.root / "docs"

    @property
    def published(self) -> Path:
        """Snapshots for readers."""
        return self.root / "published"

    @property
    def current(self) -> Path:
        """The link to the newest snapshot."""
        return self.published / "current.duckdb"

    @property
    def reports(self) -> Path:
        """Defect reports, one folder per ISO week."""
        return self.root / "reports"

    @property
    def truth(self) -> Path:
        """What the simulator planted. No pipeline reads it."""
        return self.root / "truth"

    @property
    def dagster(self) -> Path:
        """Dagster's own instance folder."""
        return self.root / "dagster"

    @property
    def customer_key(self) -> Path:
        """The secret that turns a customer_id into its keyed hash."""
        return self.root / "secrets" / "customer.key"

    @property
    def roles(self) -> Path:
        """Who may see what, written by people; without it, who reaches the pages is admin."""
        return self.root / "roles.yml"

    @property
    def oidc(self) -> Path:
        """The provider of OpenID Connect that people sign in with, written by people."""
        return self.root / "secrets" / "oidc.toml"

    @property
    def state(self) -> Path:
        """The SQLite file of everything that is remembered and not computed (`pipelines.state`)."""
        return self.root / "state" / "savoir.sqlite"

    def make(self) -> Home:
        """Create the folders that a run writes to, and return this home.

        Whatever holds rows is for the owner alone; the way to the published file is open to this machine.
        """
        for folder in (self.root, self.mappings, self.published):
            _made(folder, 0o755)
        for folder in (
            self.inbox,
            self.archive,
            self.landing,
            self.warehouse,
            self.reliability,
            self.dagster,
        ):
            _made(folder, 0o700)
        return self


def _made(folder: Path, mode: int) -> None:
    """Make a folder with this mode, or take from an older one what the mode does not give to others."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    elif folder.stat().st_mode & 0o077 & ~mode:
        with contextlib.suppress(PermissionError):  # another account's folder: its owner decides
            folder.chmod(mode)
