from pathlib import Path

import pytest

from pipelines.spark.session import SparkUnavailableError, java_major_version, require_spark


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("command not understood", None),
    ],
)
def test_the_version_of_java_is_read_from_its_banner(banner: str, version: int | None) -> None:
    assert java_major_version(banner) == version


def test_a_machine_without_java_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SparkUnavailableError, match=r"no `java` is on the PATH.*Install"):
        require_spark()


def test_a_java_that_spark_refuses_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'java version \"1.8.0_392\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SparkUnavailableError, match=r"says java version .1\.8\.0_392"):
        require_spark()
