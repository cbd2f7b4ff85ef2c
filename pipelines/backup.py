"""One file out, one file in: everything of a home that nothing else can make again.

Belongs here: what a backup holds, that it is whole, where it was written. Does not belong here: the tables of
the state file (`pipelines.state`), building what is not in it (a build makes the marts again).

A backup is a tar file: `manifest.json` first, then each file with its SHA-256 in the manifest. It holds the
key of the customer hashes, so it is as secret as the home.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.feeds.landing import locked
from pipelines.home import Home
from pipelines.state import Tables, opened

FORMAT = 1
_MANIFEST = "manifest.json"
# Folders under the home, and single files; the state is copied by SQLite itself.
_FOLDERS = ("landing", "archive", "mappings", "reports", "secrets")
_STATE = "state/savoir.sqlite"
_CHUNK = 1 << 20
_WAIT_SECONDS = 60

BACKUPS = Tables(
    "backups",
    ("create table backups (path text primary key, made_at text not null, sha256 text not null) strict",),
)


class BackupError(SavoirError):
    """A backup cannot be made or restored: the sentence says why, and what to do."""


@dataclass(frozen=True)
class Backup:
    """A backup that was written. `made_at`: UTC."""

    path: Path
    made_at: datetime
    files: int
    size: int


def back_up(home: Home, path: Path | None = None) -> Backup:
    """Write a backup of the home; without a path, into the working folder under a name with the moment.

    Nothing is taken from the inbox: what waits there is no part of the home yet.
    """
    if not home.landing.is_dir():
        raise BackupError(f"{home.root} is not a home of Savoir: there is nothing to back up.")
    made_at = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    path = (path or Path(f"savoir-backup-{made_at:%Y%m%dT%H%M%S}.tar")).resolve()
    if path.exists():
        raise BackupError(f"{path} exists already: give another name.")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is not a folder: make it first.")
    draft = path.with_name(f".{path.name}.part")
    try:
        with locked(home, _WAIT_SECONDS), tempfile.TemporaryDirectory(prefix="savoir-backup-") as scratch:
            found = dict(_files(home))
            if home.state.exists():
                found[_STATE] = _state_copy(home, Path(scratch))
            sums = {name: _sha256(file) for name, file in sorted(found.items())}
            manifest = {
                "format": FORMAT, "savoir": version("savoir"), "made_at": made_at.isoformat(), "files": sums,
            }  # fmt: skip
            with (
                draft.open("xb") as out,
                tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar,
            ):
                _add_bytes(tar, _MANIFEST, json.dumps(manifest, indent=1).encode())
                for name in sums:
                    _add(tar, name, found[name])
                tar.close()
                out.flush()
                os.fsync(out.fileno())
        draft.chmod(0o600)
        draft.rename(path)
    except OSError as error:
        raise BackupError(
            f"{path} could not be written ({error.strerror or error}); nothing is left of it."
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    with opened(home, BACKUPS) as connection:
        connection.execute(
            "insert or replace into backups values (?, ?, ?)",
            (str(path), made_at.isoformat(), _sha256(path)),
        )
    return Backup(path, made_at, len(sums), path.stat().st_size)


def restore(home: Home, path: Path) -> Backup:
    """Bring a backup into a home that is empty, whole or not at all; a build then makes the marts again."""
    _refuse_used(home)
    home.root.mkdir(parents=True, exist_ok=True)
    scratch = home.root / f".restore-{os.getpid()}"
    try:
        with _opened_tar(path) as tar:
            manifest = _manifest(tar, path)
            scratch.mkdir(mode=0o700)
            _extract(tar, manifest["files"], scratch, path)
        for entry in scratch.iterdir():
            target = home.root / entry.name
            if target.is_dir():  # an empty one: `_refuse_used` saw to it
                shutil.rmtree(target)
            entry.rename(target)
    except OSError as error:
        raise BackupError(
            f"{path} could not be restored into {home.root} ({error.strerror or error}): make room or "
            "correct its permissions, then start again with an empty folder."
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    home.make()
    made_at = datetime.fromisoformat(manifest["made_at"])
    return Backup(path.resolve(), made_at, len(manifest["files"]), path.stat().st_size)


def known_backups(home: Home, before: datetime | None = None) -> list[tuple[Path, datetime]]:
    """The backups that this home has written and that are still where they were, oldest first."""
    with opened(home, BACKUPS) as connection:
        rows = connection.execute("select path, made_at from backups order by made_at, path").fetchall()
    known = [(Path(row["path"]), datetime.fromisoformat(row["made_at"])) for row in rows]
    return [(path, made) for path, made in known if path.exists() and (before is None or made <= before)]


def _files(home: Home) -> Iterator[tuple[str, Path]]:
    for folder in _FOLDERS:
        for file in sorted((home.root / folder).rglob("*")):
            inside = file.relative_to(home.root)
            if file.is_file() and not any(part.startswith(".tmp-") for part in inside.parts):
                yield inside.as_posix(), file
    if home.current.exists():
        snapshot = home.current.resolve()
        yield f"published/{snapshot.name}", snapshot


def _state_copy(home: Home, scratch: Path) -> Path:
    """The state as of one moment, whoever writes to it meanwhile."""
    copy = scratch / "state.sqlite"
    with closing(sqlite3.connect(home.state)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, file: Path) -> None:
    info = tar.gettarinfo(file, arcname=name)
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    with file.open("rb") as opened_file:
        tar.addfile(info, opened_file)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _opened_tar(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, mode="r:")
    except (tarfile.TarError, OSError) as error:
        raise BackupError(
            f"{path} is not a backup of Savoir ({error}): give the file that savoir backup wrote."
        ) from None


def _manifest(tar: tarfile.TarFile, path: Path) -> dict:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == _MANIFEST else None
    if content is None:
        raise BackupError(f"{path} is not a backup of Savoir: give the file that savoir backup wrote.")
    manifest = json.load(content)
    if manifest["format"] > FORMAT:
        raise BackupError(f"{path} was written by Savoir {manifest['savoir']}, a newer one: update Savoir.")
    return manifest


def _extract(tar: tarfile.TarFile, sums: dict[str, str], target: Path, path: Path) -> None:
    """Every file of the manifest, and no other; a wrong sum stops it."""
    left = dict(sums)
    allowed = (*_FOLDERS, "published", "state")
    try:
        for member in tar:
            if member.name == _MANIFEST:
                continue
            expected = left.pop(member.name, None)
            parts = Path(member.name).parts
            content = tar.extractfile(member) if member.isfile() else None
            if expected is None or content is None or parts[0] not in allowed or ".." in parts:
                raise BackupError(
                    f"{path} holds {member.name}, which is not in its manifest: it was changed."
                )
            file = target / member.name
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with file.open("xb") as out:
                shutil.copyfileobj(content, out, _CHUNK)
            file.chmod(0o444 if parts[0] == "published" else 0o600)
            os.utime(file, (member.mtime, member.mtime))
            if _sha256(file) != expected:
                raise BackupError(f"{path}: {member.name} is not as it was written: the backup is damaged.")
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} is damaged ({error}): take another backup.") from None
    if left:
        raise BackupError(
            f"{path} is cut: {len(left)} of {len(sums)} files are missing. Take another backup."
        )
    snapshot = next((name for name in sums if name.startswith("published/")), None)
    if snapshot:
        (target / "published" / "current.duckdb").symlink_to(Path(snapshot).name)


def _refuse_used(home: Home) -> None:
    """A restore never mixes with what is there."""
    used = [
        folder
        for folder in (*_FOLDERS, "state", "published", "warehouse")
        if any(file.is_file() for file in (home.root / folder).rglob("*"))
    ]
    if used:
        raise BackupError(
            f"{home.root} is in use ({', '.join(used)}): restore into an empty folder with --home, then "
            "move it."
        )
