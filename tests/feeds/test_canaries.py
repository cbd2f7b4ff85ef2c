"""Strings planted in every column of every feed, in refused rows, unparsable lines, file and column names.

E-mails, phones and accounts: none is found again in anything kept. Streets and names: none outside free text,
and inside it no more than redaction is measured to miss.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from pipelines.feeds import check, quarantined, take_all
from pipelines.feeds.contract import contract
from pipelines.home import Home
from tests.feeds.canaries import Canary, canaries, planted
from tests.feeds.conftest import ORDER, ORDER_HEADER

Put = Callable[..., Path]
TEXTS = {
    f"{feed.name}.{column.name}"
    for feed in contract().feeds.values()
    for column in feed.columns
    if column.personal == "text"
}
SHARE_MISSED = {"phone": 0, "e-mail": 0, "iban": 0, "street": 0.05, "name": 0.10}


def kept(home: Home) -> str:
    """All that a home holds: names of files, texts, and the values of tables."""
    parts = []
    with duckdb.connect() as connection:
        for path in sorted(home.root.rglob("*")):
            parts.append(str(path.relative_to(home.root)))
            if path.suffix == ".parquet":
                name = str(path).replace("'", "''")
                rows = connection.execute(f"select * from read_parquet('{name}')")
                parts += [column[0] for column in connection.description or ()]
                parts += [str(value) for row in rows.fetchall() for value in row if value is not None]
            elif path.is_file():
                parts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(parts)


def survivors(ones: list[Canary], text: str) -> list[Canary]:
    """The planted ones that stand in the text, in JSON's own writing too."""
    plain = text.replace("\\n", "\n").replace("\\u00a0", "\u00a0").replace("\\u2011", "\u2011")
    return [one for one in ones if any(core in plain for core in one.cores)]


@pytest.mark.parametrize("is_refused", [False, True])
def test_what_is_planted_in_the_columns_of_a_feed_is_not_found_again(
    home: Home, put: Put, capfd: pytest.CaptureFixture[str], is_refused: bool
) -> None:
    everything: list[Canary] = []
    for place, feed in enumerate(contract().feeds.values()):
        text, found = planted(feed, 10_000 * (place + 1), is_refused)
        path = put(feed.name, text)
        checked = check(home, path, feed.name)
        assert survivors([one for one in found if one.place not in TEXTS], repr(checked)) == []
        everything += found
    assert len(everything) > 1690
    assert survivors(everything, kept(home)) == everything  # in the inbox: the search finds what is there
    messages: list[str] = []
    deliveries = take_all(home, messages.append)
    assert {delivery.refusal for delivery in deliveries} == {None}
    spoken = "\n".join([*messages, *map(str, deliveries), *map(str, quarantined(home)), *capfd.readouterr()])
    left = survivors(everything, kept(home) + spoken)
    assert [one for one in left if one.place not in TEXTS or SHARE_MISSED[one.kind] == 0] == []
    for kind, share in SHARE_MISSED.items():
        in_text = [one for one in everything if one.place in TEXTS and one.kind == kind]
        missed = [one.text for one in left if one.kind == kind]
        assert len(missed) <= share * len(in_text), missed


def test_what_is_planted_in_lines_that_cannot_be_parsed_is_not_found_again(home: Home, put: Put) -> None:
    ones = canaries(77_001)
    lines = [f'T{place},phone,2024-03-01,"{one.text}",too,many' for place, one in enumerate(ones)]
    put("tickets", "ticket_id,channel,requested_at,description\n" + "\n".join(lines) + "\n")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_quarantined == len(ones)
    assert survivors(ones, kept(home)) == []


def test_what_is_planted_in_file_names_is_not_found_again(home: Home, put: Put) -> None:
    ones = canaries(77_002)
    for one in ones:
        put("orders", "order_id\nO1\n", f"refused {one.text}.csv")
        put("orders", f"{ORDER_HEADER}\n{ORDER.replace('O1', one.cores[0][:3])}\n", f"good {one.text}.csv")
    messages: list[str] = []
    take_all(home, messages.append)
    for path in home.inbox.rglob("*.csv"):
        path.unlink()
    assert survivors(ones, kept(home) + "\n".join(messages)) == []


def test_what_is_planted_in_column_names_is_not_found_again(home: Home, put: Put) -> None:
    ones = canaries(77_003)
    for one in ones:  # a file of its own for each: a finding names the first unknown columns alone
        text = f'{ORDER_HEADER},"{one.text}"\n{ORDER},x\n'
        put("orders", text, f"{one.kind}-{ones.index(one)}.csv")
    messages: list[str] = []
    take_all(home, messages.append)
    assert survivors(ones, kept(home) + "\n".join(messages)) == []


def test_files_are_for_their_owner_alone(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n")
    take_all(home)
    for folder in (home.landing, home.archive):
        for path in (folder, *folder.rglob("*")):
            mode = path.stat().st_mode & 0o777
            assert mode & 0o077 == 0, f"{path.relative_to(home.root)} has the mode {mode:o}"


INVENTED = """
format: {format}
columns: [id, day, note, who]
shape: |
  select id, day, who, concat('vu: ', note) as told, concat(note, ' ', id) as mixed, _row from file
feeds:
  tickets:
    columns:
      ticket_id: mixed
      requested_at: day
      channel: {{constant: email}}
      description: told
      customer_id: who
      resolution: {{from: mixed, else: unknown}}
"""


@pytest.mark.parametrize("kind", ["csv", "json", "ndjson", "xlsx"])
def test_what_is_planted_where_a_shape_invents_columns_is_not_found_again(
    home: Home, put: Put, tmp_path: Path, kind: str
) -> None:
    ones = [one for number in range(12) for one in canaries(88_000 + number)]
    rows = [
        {"id": f"N{place}", "day": "2024-03-01" if place % 3 else "never", "note": one.text, "who": one.text}
        for place, one in enumerate(ones)
    ]
    (home.mappings / "desk.yml").write_text(INVENTED.format(format=kind), encoding="utf-8")
    if kind == "xlsx":
        book = xlsxwriter.Workbook(str(tmp_path / "book.xlsx"))
        sheet = book.add_worksheet()
        for place, row in enumerate([dict(zip(rows[0], rows[0], strict=True)), *rows]):
            for column, value in enumerate(row.values()):
                sheet.write_string(place, column, value)
        book.close()
        put("desk", (tmp_path / "book.xlsx").read_bytes(), "book.xlsx")
    elif kind == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        put("desk", out.getvalue())
    else:
        lines = [json.dumps(row) for row in rows]
        text = "\n".join(lines) if kind == "ndjson" else f'{{"tickets": [{", ".join(lines)}]}}'
        put("desk", text, f"desk.{kind}")
    messages: list[str] = []
    (delivery,) = take_all(home, messages.append)
    assert delivery.refusal is None
    assert delivery.counts[0].rows_read == len(rows)
    assert delivery.counts[0].rows_quarantined >= len(rows) // 3
    left = survivors(ones, kept(home) + "\n".join([*messages, str(delivery), *map(str, quarantined(home))]))
    assert [one for one in left if one.kind in ("phone", "e-mail", "iban")] == []
    for share, name in ((0.05, "street"), (0.10, "name")):
        of_kind = [one for one in ones if one.kind == name]
        assert len([one for one in left if one.kind == name]) <= share * len(of_kind)
