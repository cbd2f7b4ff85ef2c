"""The prepared dbt project: parsed once per content of its folder, then loaded in a fraction of a second.

Belongs here: what is known of the dbt project without running it. Does not belong here: running it
(`dbt_run`).

dbt parses again whenever a variable changes, and `as_of` changes daily. So the project is parsed with a
placeholder and the parsed graph is handed to dbt as it is; variables are rendered when a model runs. That is
sound as long as no YAML file reads a variable, which a test holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumuro_decoder

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR

PLACEHOLDER_VARS = {"as_of": "2000-01-01", "known_on": ""}
KEPT = 3
_IGNORED = {"target", "logs", "dbt_packages", "__pycache__"}


class DbtProjectError(SavoirError):
    """The dbt project cannot be read."""


@dataclass(frozen=True)
class PreparedProject:
    """A dbt project and what parsing it gave."""

    project_dir: Path
    folder: Path

    @property
    def manifest_path(self) -> Path:
        """The manifest as dbt documents it."""
        return self.folder / "manifest.json"

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, read once per process."""
        return _read_manifest(self.manifest_path)

    def graph(self) -> Manifest:
        """The manifest as dbt's own object. Fresh at each call: a run writes into it."""
        graph = Manifest.from_msgpack(
            (self.folder / "partial_parse.msgpack").read_bytes(), decoder=extended_mashumuro_decoder
        )
        graph.build_flat_graph()
        return graph


def prepared(project_dir: Path = DBT_DIR) -> PreparedProject:
    """The prepared project for the present content of `project_dir`, parsing it where that content is new."""
    folder = project_dir / "target" / "prepared" / _content_key(project_dir)
    project = PreparedProject(project_dir, folder)
    if not project.manifest_path.exists():
        _parse_into(folder, project_dir)
    return project


def dbt_arguments(project_dir: Path, target_path: Path, variables: Mapping[str, str | bool]) -> list[str]:
    """The options that every dbt command of Savoir takes."""
    return [
        *("--project-dir", str(project_dir)),
        *("--profiles-dir", str(project_dir)),
        *("--target-path", str(target_path)),
        *("--log-path", str(target_path)),
        *("--vars", json.dumps(variables)),
    ]


# Results are read from dbt's events; a log that nobody opens costs an eighth of a build's processor time.
QUIET = ["--log-level", "none", "--log-level-file", "none", "--no-version-check", "--no-use-colors"]


def _content_key(project_dir: Path) -> str:
    content = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    for path in sorted(project_dir.rglob("*")):
        parts = path.relative_to(project_dir).parts
        if path.is_file() and not _IGNORED.intersection(parts):
            content.update("/".join(parts).encode() + b"\0")
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:16]


def _parse_into(folder: Path, project_dir: Path) -> None:
    if not (project_dir / "dbt_project.yml").exists():
        raise DbtProjectError(f"{project_dir} holds no dbt_project.yml: run savoir from a whole checkout.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The profile names the home's build file; parsing opens nothing.
    os.environ.setdefault("SAVOIR_HOME", str(folder.parent))
    draft = Path(tempfile.mkdtemp(prefix=".tmp-", dir=folder.parent))
    try:
        result = dbtRunner().invoke(
            [*QUIET, "parse", "--no-partial-parse", *dbt_arguments(project_dir, draft, PLACEHOLDER_VARS)]
        )
        if not result.success:
            raise DbtProjectError(f"The dbt project in {project_dir} does not parse: {result.exception}")
        # Another process may have prepared the same content meanwhile: its result is as good.
        if not folder.exists():
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _drop_old(folder)


def _drop_old(folder: Path) -> None:
    others = [
        path for path in folder.parent.iterdir() if not path.name.startswith(".tmp-") and path != folder
    ]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


@lru_cache(maxsize=2)
def _read_manifest(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes())
