"""A backup holds all that no build can make again, and comes back whole or not at all."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from pipelines.backup import BackupError, back_up, known_backups, restore
from pipelines.feeds import take_all
from pipelines.home import Home
from pipelines.publishing import content_hashes
from pipelines.state import entries, record

ORDER = "order_id,line_number,contract_at,sku,quantity,unit_price_eur,customer_id\nO1,1,2024-03-01,S,1,5,C1\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one delivery, a line in its log, a mapping of the user's own."""
    home = Home(tmp_path / "home").make()
    (home.inbox / "orders").mkdir()
    (home.inbox / "orders" / "one.csv").write_text(ORDER)
    take_all(home)
    record(home, "sign_in", "role analyst")
    (home.mappings / "own.yml").write_text("description: mine\n")
    return home


def contents(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.root)): path.read_bytes()
        for folder in ("landing", "archive", "mappings", "secrets")
        for path in (home.root / folder).rglob("*")
        if path.is_file()
    }


def test_what_was_backed_up_comes_back_byte_for_byte(home: Home, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "b.tar")
    other = Home(tmp_path / "other")
    restore(other, made.path)
    assert contents(other) == contents(home)
    assert [entry.detail for entry in entries(other)] == ["role analyst"]
    assert other.customer_key.stat().st_mode & 0o777 == 0o600
    assert take_all(other) == []


def test_the_same_file_is_known_after_a_restore(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    restore(other, back_up(home, tmp_path / "b.tar").path)
    (other.inbox / "orders").mkdir(parents=True)
    (other.inbox / "orders" / "again.csv").write_text(ORDER)
    (delivery,) = take_all(other)
    assert delivery.already is not None


def test_a_backup_is_for_its_owner_alone_and_remembered(home: Home, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "b.tar")
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [path for path, _ in known_backups(home)] == [made.path]
    made.path.unlink()
    assert known_backups(home) == []


def test_a_home_in_use_is_never_restored_over(home: Home, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "b.tar")
    before = contents(home)
    with pytest.raises(BackupError, match="in use"):
        restore(home, made.path)
    assert contents(home) == before


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_cut_backup_restores_nothing(home: Home, tmp_path: Path, cut: float) -> None:
    path = back_up(home, tmp_path / "b.tar").path
    whole = path.read_bytes()
    used = len(whole.rstrip(b"\0"))
    path.write_bytes(whole[: int(used * cut)])
    with pytest.raises(BackupError):
        restore(Home(tmp_path / "other"), path)
    assert not any((tmp_path / "other").rglob("*"))


def test_a_changed_byte_is_found(home: Home, tmp_path: Path) -> None:
    path = back_up(home, tmp_path / "b.tar").path
    with tarfile.open(path) as tar:
        member = next(item for item in tar if item.name.endswith("orders.parquet"))
    with path.open("r+b") as file:
        file.seek(member.offset_data + member.size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(BackupError, match="damaged"):
        restore(Home(tmp_path / "other"), path)
    assert not any((tmp_path / "other").rglob("*"))


def test_a_file_that_reaches_out_of_the_home_is_refused(home: Home, tmp_path: Path) -> None:
    path = back_up(home, tmp_path / "b.tar").path
    (tmp_path / "evil").write_text("x")
    with tarfile.open(path, "a") as tar:
        tar.add(tmp_path / "evil", arcname="landing/../../evil")
    with pytest.raises(BackupError, match="not in its manifest"):
        restore(Home(tmp_path / "other"), path)
    assert not any((tmp_path / "other").rglob("*"))


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "notes.tar").write_text("notes")
    with pytest.raises(BackupError, match="not a backup"):
        restore(Home(tmp_path / "other"), tmp_path / "notes.tar")


def test_the_demo_comes_back_as_it_was(
    demo_home: Home, savoir: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    made = savoir(demo_home, "backup", str(tmp_path / "demo.tar"))
    assert made.returncode == 0, made.stderr
    other = Home(tmp_path / "restored")
    assert savoir(other, "restore", str(tmp_path / "demo.tar")).returncode == 0
    assert other.current.stat().st_size > 16e6  # past any buffer
    assert content_hashes(other.current) == content_hashes(demo_home.current)


def test_a_restored_home_builds_the_same_marts(
    little_home: Home, savoir: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    made = savoir(little_home, "backup", str(tmp_path / "little.tar"))
    assert made.returncode == 0, made.stderr
    other = Home(tmp_path / "restored")
    assert savoir(other, "restore", str(tmp_path / "little.tar")).returncode == 0
    assert content_hashes(other.current) == content_hashes(little_home.current)
    built = savoir(other, "build", "--as-of", "2026-10-31")
    assert built.returncode in (0, 3), built.stdout + built.stderr
    assert content_hashes(other.current) == content_hashes(little_home.current)
    assert other.current.resolve().name != little_home.current.resolve().name
