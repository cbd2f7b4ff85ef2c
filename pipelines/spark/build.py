"""One dbt build per engine from the same landing, each in a process of its own, and the marts they left.

dbt keeps one adapter per process and Spark keeps a JVM, so an engine gets a child process: when it dies, the
caller gets a sentence and the other engine's tables stay as they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR, PROJECT_DIR, Home

COMPARED_SCHEMAS = ("marts", "meta")


class EngineBuildError(SavoirError):
    """dbt did not finish on one engine."""


@dataclass(frozen=True)
class EngineBuild:
    """What one engine left: seconds by model, and where its tables are."""

    engine: str
    seconds: dict[str, float]
    folder: Path

    @property
    def tables(self) -> list[str]:
        """The compared tables, as `schema.name`."""
        return sorted(name for name in self.seconds if name.split(".")[0] in COMPARED_SCHEMAS)

    def read(self, table: str) -> pl.DataFrame:
        """All rows of one table, in no order."""
        if self.engine == "duckdb":
            with duckdb.connect(str(Home(self.folder).build_file), read_only=True) as con:
                return con.sql(f"select * from {table}").pl()
        schema, name = table.split(".")
        parts = sorted((self.folder / f"{schema}.db" / name).glob("*.parquet"))
        return pl.read_parquet(parts, glob=False)


def own_home(folder: Path, landing: Path, reliability: Path | None = None) -> Home:
    """A small home in `folder` over another's landing: neither its build file nor its snapshots are opened.

    `reliability` is where another engine's build left what Python computed; by default the home gets its own.
    """
    own = Home(folder)
    own.warehouse.mkdir(parents=True)
    own.landing.symlink_to(landing)
    if reliability:
        own.reliability.symlink_to(reliability)
    else:
        own.reliability.mkdir()
    return own


def build_on(engine: str, own: Home, as_of: str, selected: str = "") -> EngineBuild:
    """Build the seeds and models (or the selected ones) on `engine`, "duckdb" or "spark", in a child process.

    Raises:
        EngineBuildError: with the last lines that dbt printed.
    """
    target = own.root / "target"
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.spark.run_dbt",
            engine,
            str(own.root),
            str(target),
            as_of,
            selected,
        ],
        cwd=PROJECT_DIR,
        env={**os.environ, "SAVOIR_HOME": str(own.root), "SPARK_LOCAL_IP": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        # dbt tells its errors on the one stream, a dying JVM on the other.
        said = "\n".join(finished.stderr.splitlines()[-5:] + finished.stdout.strip().splitlines()[-40:])
        raise EngineBuildError(
            f"The models did not build on {engine} (exit {finished.returncode}); "
            f"nothing was published or changed.\n{said}"
        )
    results = json.loads((target / "run_results.json").read_text())["results"]
    models = {
        result["relation_name"].replace("`", "").replace('"', ""): result["execution_time"]
        for result in results
        if result["unique_id"].startswith("model.")
    }
    return EngineBuild(engine, {".".join(name.split(".")[-2:]): s for name, s in models.items()}, own.root)


def dbt_words(engine: str, target: Path, as_of: str, selected: str) -> list[str]:
    """The words after `dbt` that build seeds and models, without the tests, on one engine."""
    return [
        "--no-use-colors",
        "build",
        *("--exclude-resource-type", "test"),
        *("--exclude-resource-type", "unit_test"),
        *(("--select", selected) if selected else ()),
        *("--target", engine),
        *("--project-dir", str(DBT_DIR)),
        *("--profiles-dir", str(DBT_DIR)),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
        *("--vars", json.dumps({"as_of": as_of, "known_on": ""})),
    ]
