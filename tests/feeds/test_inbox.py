"""A path is a name and one file's trouble is its own: odd names, odd things, files made to harm."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pipelines.feeds.files as files
import pipelines.feeds.reading as reading
from pipelines.errors import SavoirError
from pipelines.feeds import Delivery, quarantined, sources, take_all
from pipelines.feeds.child import _read_one
from pipelines.feeds.staging import Task
from pipelines.home import Home
from tests.feeds.conftest import ORDER, ORDER_HEADER, landed

Put = Callable[..., Path]

ODD_NAMES = [
    "home[1]",
    "ho*me",
    "{a,b}",
    "l'été",
    'say "x"',
    "100 %;",
    "line\nend",
    "🚜",
    " ",
    "[!a]",
]


def rows(first: int, number: int) -> str:
    """A file of that many orders."""
    lines = [ORDER.replace("O1", f"O{first + place}") for place in range(number)]
    return "\n".join([ORDER_HEADER, *lines, ""])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_home_of_any_name_holds_its_own_rows(tmp_path: Path, name: str) -> None:
    for folder, first in ((name, 1), ("home1", 100), ("home", 200), ("hame", 300), ("a", 400)):
        home = Home.at(tmp_path / folder).make()
        (home.inbox / "orders").mkdir()
        (home.inbox / "orders" / "a.csv").write_text(rows(first, 3) + "BAD,1,2024-03-01,S,0,5\n")
        take_all(home)
    home = Home.at(tmp_path / name)
    assert landed(home, "orders", "order_id") == [("O1",), ("O2",), ("O3",)]
    assert len(quarantined(home)) == 1


def test_files_named_like_patterns_are_each_taken_once(home: Home, put: Put) -> None:
    for place, name in enumerate(["[ab].csv", "a.csv", "*.csv", "?.csv", "x\ny.csv", "'.csv", "%s.csv"]):
        put("orders", rows(place * 10, 10), name)
    assert [delivery.counts[0].rows_loaded for delivery in take_all(home)] == [10] * 7
    assert len(landed(home, "orders")) == 70


def test_a_home_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SavoirError, match=r"caf\\xe9 has a name that is not UTF-8"):
        Home.at(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))


@pytest.mark.parametrize("name", ["h?me", "#home", "a\\b"])
def test_a_home_whose_name_engines_take_apart_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavoirError, match=r"has a (\?|#|backslash) in its name: choose another"):
        Home.at(tmp_path / name)


def test_odd_things_are_refused_by_name_and_the_others_load(home: Home, put: Put, tmp_path: Path) -> None:
    put("orders", rows(1, 2), "good.csv")
    folder = home.inbox / "orders"
    Path(os.fsdecode(os.fsencode(folder) + b"/commandes_\xe9t\xe9.csv")).write_text(rows(10, 2))
    (tmp_path / "outside.csv").write_text(rows(20, 2))
    (folder / "out.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "nowhere.csv").symlink_to(tmp_path / "nothing.csv")
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    said = "\n".join(sentence for delivery in take_all(home) for sentence in delivery.sentences)
    for sentence in (
        r"commandes_\xe9t\xe9.csv: the file's name is not UTF-8: rename it",
        "out.csv is a link that leads out of the inbox",
        "nowhere.csv is a link that leads nowhere",
        "pipe.csv is a pipe, not a file",
        "zero.csv is a link that leads out of the inbox",
        "good.csv → orders: 2 read = 2 loaded",
    ):
        assert sentence in said
    assert (tmp_path / "outside.csv").exists()
    assert len(landed(home, "orders")) == 2


def test_an_error_while_reading_is_never_the_end_of_a_file(home: Home, put: Put, tmp_path: Path) -> None:
    path = put("orders", gzip.compress(rows(1, 200_000).encode(), 1), "big.csv.gz")
    put("products", "sku,family_code\nA,mower\n")
    real = files._bytes

    def failing(path: Path) -> Any:
        for place, chunk in enumerate(real(path)):
            if place == 0 and path.name == "big.csv.gz":
                raise OSError(5, "Input/output error")
            yield chunk

    patch = pytest.MonkeyPatch()
    patch.setattr(files, "_bytes", failing)
    task = Task(path, sources()["orders"], b"key", tmp_path / "rows", tmp_path / "unparsed", 1 << 40)
    assert "big.csv.gz could not be read to its end (Input/output error)" in str(_read_one(task))
    refused, good = sorted(take_all(home), key=lambda item: item.source)
    assert "big.csv.gz cannot be read (Input/output error)" in (refused.refusal or "")
    assert good.counts[0].rows_loaded == 1
    assert path.exists()
    assert landed(home, "orders") == []
    patch.undo()
    (healed,) = take_all(home)
    assert healed.counts[0].rows_loaded == 200_000


def test_a_file_that_takes_too_much_memory_or_time_is_refused_and_not_read_again(
    home: Home, put: Put
) -> None:
    patch = pytest.MonkeyPatch()
    put("orders", gzip.compress(rows(1, 400_000).encode(), 1), "big.csv.gz")
    patch.setattr(reading, "_SECONDS", 0.001)
    patch.setattr(reading, "_SECONDS_PER_MEGABYTE", 0.0)
    (slow,) = take_all(home)
    assert "big.csv.gz was not read within 0 seconds" in (slow.refusal or "")
    asked: list[Any] = []
    patch.setattr("pipelines.feeds.door.stage", asked.append)
    (again,) = take_all(home)
    assert again.refusal == slow.refusal
    assert asked == []
    patch.undo()
    put("orders", gzip.compress(rows(1, 400_001).encode(), 1), "big.csv.gz")
    patch.setattr(reading, "_MARGIN_BYTES", reading.MEMORY_LIMIT_BYTES - (64 << 20))
    (large,) = take_all(home)
    patch.undo()
    assert "big.csv.gz takes more than 512 MiB of memory" in (large.refusal or "")


def test_a_killed_child_refuses_its_file_alone(home: Home, put: Put) -> None:
    patch = pytest.MonkeyPatch()
    put("orders", rows(1, 5), "a.csv")
    put("orders", rows(10, 5), "b.csv")
    real = reading.send

    def kill_first(pipe: Any, task: Any) -> None:
        real(pipe, task)
        if task.path.name == "a.csv":
            reading._children[0].process.kill()

    patch.setattr(reading, "send", kill_first)
    first, second = take_all(home)
    assert "a.csv was not read: the process that reads it was ended (signal 9)" in (first.refusal or "")
    assert second.counts[0].rows_loaded == 5
    patch.undo()
    assert [delivery.counts[0].rows_loaded for delivery in take_all(home)] == [5]


def counts(delivery: Delivery) -> tuple[int, int, int]:
    """Read, loaded, quarantined."""
    (count,) = delivery.counts
    return count.rows_read, count.rows_loaded, count.rows_quarantined


@pytest.mark.parametrize(
    "is_bad", [range(40_000, 40_050), range(30_000, 33_000), range(0, 60_000, 2), range(60_000)]
)
def test_short_lines_at_the_borders_of_any_buffer_take_no_other_row_with_them(
    home: Home, put: Put, is_bad: range
) -> None:
    pad = "x" * 150
    lines = [
        f"O{place},1,2024-03-01,{pad},1" + ("" if place in is_bad else ",5.00") for place in range(60_000)
    ]
    put("orders", "\n".join([ORDER_HEADER, *lines, ""]))
    (delivery,) = take_all(home)
    assert counts(delivery) == (60_000, 60_000 - len(is_bad), len(is_bad))


@pytest.mark.parametrize("cell", ["9" * 33_000_000, '"' + "x,y\n" * 2_000_000 + '"'])
def test_a_row_of_many_megabytes_is_quarantined_alone(home: Home, put: Put, cell: str) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\nO2,1,2024-03-01,S,1,{cell}\nO3,1,2024-03-01,S,1,5\n")
    (delivery,) = take_all(home)
    assert counts(delivery) == (3, 2, 1)
    assert delivery.refused[0].file_row == 3


def test_a_small_archive_of_many_bad_lines_is_accounted_for(home: Home, put: Put) -> None:
    put(
        "orders",
        gzip.compress(f"{ORDER_HEADER}\n{ORDER}\n{'x' * 1}\n".encode() + b"x\n" * 499_999),
        "b.csv.gz",
    )
    (delivery,) = take_all(home)
    assert counts(delivery) == (500_001, 1, 500_000)


def test_five_thousand_unknown_columns_are_one_finding(home: Home, put: Put) -> None:
    names = ",".join(f"u{place}" for place in range(5_000))
    put("orders", f"{ORDER_HEADER},{names}\n{ORDER}{',' * 5_000}\n")
    (delivery,) = take_all(home)
    assert counts(delivery) == (1, 1, 0)
    assert len(delivery.findings) == 1
    assert (
        "5,000 columns are unknown and were not read (u0, u1, u2, u3, u4 and 4,995 more)"
        in delivery.findings[0]
    )
