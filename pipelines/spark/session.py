"""One local Spark session, set up so that dbt's session method finds it and nothing is left behind.

No Hive, no Derby, no web page: an in-memory catalogue over a folder of Parquet tables, in UTC. A cluster is
reached by another dbt target, not by this module (docs/scale-out.md).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import SavoirError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17


class SparkUnavailableError(SavoirError):
    """Spark cannot start on this machine; the text says what is missing and how to get it."""


def java_major_version(banner: str) -> int | None:
    """The major version in what `java -version` prints: 17 for `"17.0.15"`, 8 for `"1.8.0_392"`."""
    found = re.search(r'version "(?:1\.)?(\d+)', banner)
    return int(found.group(1)) if found else None


def require_spark() -> None:
    """Raise `SparkUnavailableError` with the remedy unless Java and the `spark` extra are here."""
    java = shutil.which("java")
    if java is None:
        raise SparkUnavailableError(
            f"Spark needs Java {OLDEST_JAVA} or newer, and no `java` is on the PATH. "
            "Install a JRE (Debian: apt-get install openjdk-17-jre-headless) and try again."
        )
    banner = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = java_major_version(banner)
    if version is None or version < OLDEST_JAVA:
        said = banner.strip().splitlines()[0] if banner.strip() else "nothing"
        raise SparkUnavailableError(
            f"Spark needs Java {OLDEST_JAVA} or newer; {java} says {said}. "
            "Put a newer Java first on the PATH or set JAVA_HOME."
        )
    try:
        import dbt.adapters.spark  # noqa: F401
        import pyspark  # noqa: F401
    except ImportError as error:
        raise SparkUnavailableError(
            f"The Python package {error.name} is missing. Install the extra: uv sync --extra spark"
        ) from error


@contextmanager
def spark_session(folder: Path) -> Generator[SparkSession]:
    """A local session on two cores whose tables live under `folder`; stopped at the end."""
    require_spark()
    from pyspark.sql import SparkSession

    try:
        session = (
            SparkSession.builder.master("local[2]")
            .appName("savoir")
            .config("spark.sql.catalogImplementation", "in-memory")
            .config("spark.sql.warehouse.dir", folder.as_uri())
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.memory", "2g")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
    except Exception as error:  # py4j and pyspark raise their own kinds when the JVM refuses to start
        raise SparkUnavailableError(
            f"Spark did not start: {error}. "
            f"Check that Java {OLDEST_JAVA} runs and that 2 GB of memory are free."
        ) from error
    try:
        yield session
    finally:
        session.stop()
