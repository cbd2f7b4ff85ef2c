"""The defect reports: the pages' figures, inert text, real types, all or nothing."""

from __future__ import annotations

import re
import zipfile
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from pipelines.home import Home
from pipelines.queries.defects import defect_week
from pipelines.queries.snapshot import open_snapshot
from pipelines.queries.weeks import Week, WeekError
from pipelines.reports import weekly, write_reports
from pipelines.reports.weekly import ReportError, file_name

WEEK = "2026-W40"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def home(small_home_builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("reported")
    small_home_builder.make(root)
    return Home.at(root)


@pytest.fixture(scope="module")
def folder(home: Home) -> Path:
    return write_reports(home, WEEK)[0].parent


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def cells(path: Path, sheet: int) -> list[list[object]]:
    """The cells of one sheet with their types: shared strings as text, the rest as numbers."""
    with zipfile.ZipFile(path) as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - our own file
        strings = ["".join(part.text or "" for part in item.iter(f"{_SHEET}t")) for item in shared]
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314
    rows = []
    for row in root.iter(f"{_SHEET}row"):
        values: list[object] = []
        for cell in row.iter(f"{_SHEET}c"):
            value = cell.find(f"{_SHEET}v")
            if value is None or value.text is None:
                values.append(None)
            else:
                values.append(strings[int(value.text)] if cell.get("t") == "s" else float(value.text))
        rows.append(values)
    return rows


def test_every_family_has_a_page_and_a_workbook_also_the_one_without_claims(folder: Path) -> None:
    names = {"all", "chainsaw", "lawn_mower", "pressure_washer", "log_splitter"}
    assert {path.name for path in folder.iterdir()} == {"index.html"} | {
        f"{name}.{kind}" for name in names for kind in ("html", "xlsx")
    }


@pytest.mark.parametrize("family", [None, "chainsaw", "pressure_washer"])
def test_page_and_workbook_show_the_figures_of_the_query_layer(
    home: Home, folder: Path, family: str | None
) -> None:
    snapshot = open_snapshot(home)
    report = defect_week(snapshot, Week.parse(WEEK), family)
    snapshot.close()
    html = (folder / f"{family or 'all'}.html").read_text(encoding="utf-8")
    shown = dict(re.findall(r'data-measure="(\w+)">([\d,]+)<', html))
    assert shown == {each.measure.name: f"{each.events:,}" for each in report.comparisons}
    summary = [row for row in cells(folder / f"{family or 'all'}.xlsx", 1) if len(row) > 5]
    for row, each in zip(summary[1:], report.comparisons, strict=True):
        assert row[0] == each.measure.label_en
        assert row[1] == each.events
        scaled = (each.rate, each.rate_low, each.rate_high)
        assert row[2:5] == pytest.approx([value * 10_000 for value in scaled if value is not None], rel=1e-12)
        assert row[5] == pytest.approx(each.expected)
    claims = cells(folder / f"{family or 'all'}.xlsx", 6)[1:]
    assert [row[0] for row in claims] == report.claims["ticket_id"].to_list()
    assert all(ticket in html for ticket in report.claims["ticket_id"])
    faults = cells(folder / f"{family or 'all'}.xlsx", 3)[1:]
    assert [row[1] for row in faults] == report.by_fault["claims"].to_list()


def test_text_from_customers_is_inert_in_the_page(folder: Path) -> None:
    html = (folder / "all.html").read_text(encoding="utf-8")
    parsed = Tags(html)
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "img", "iframe", "object", "form", "link"}
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "<script>document.title='owned'</script>" in parsed.text
    assert "default-src 'none'" in html


def test_the_page_loads_nothing_from_anywhere(folder: Path) -> None:
    for page in folder.glob("*.html"):
        parsed = Tags(page.read_text(encoding="utf-8"))
        assert not [attributes["src"] for _, attributes in parsed.tags if "src" in attributes]
        links = [attributes["href"] or "" for _, attributes in parsed.tags if "href" in attributes]
        assert all((folder / link).exists() for link in links), links


def test_the_workbook_has_no_formula_and_no_link(folder: Path) -> None:
    for path in folder.glob("*.xlsx"):
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                if name.startswith("xl/worksheets/"):
                    sheet = book.read(name).decode()
                    assert "<f>" not in sheet
                    assert "<hyperlink" not in sheet
    texts = {row[-1] for row in cells(folder / "all.xlsx", 6)[1:]}
    assert '=HYPERLINK("http://evil.example","click")' in texts


def test_the_workbook_has_real_dates_frozen_heads_and_widths(folder: Path) -> None:
    epoch = date(1899, 12, 30)
    days = [
        epoch + timedelta(days=int(str(row[1]).partition(".")[0]))
        for row in cells(folder / "all.xlsx", 6)[1:]
    ]
    week = Week.parse(WEEK)
    assert days
    # Claims of the week in which the defect appeared; this home asks at most three days later.
    assert all(week.monday <= day <= week.sunday + timedelta(days=3) for day in days)
    with zipfile.ZipFile(folder / "all.xlsx") as book:
        for number in range(1, 7):
            sheet = book.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert 'state="frozen"' in sheet
            assert "<cols>" in sheet


def test_a_family_without_claims_says_so(folder: Path) -> None:
    assert "Nothing was claimed in this week." in (folder / "log_splitter.html").read_text(encoding="utf-8")
    assert ["Nothing was claimed in this week."] in cells(folder / "log_splitter.xlsx", 1)


def test_a_week_before_all_data_says_so_everywhere(home: Home) -> None:
    folder = write_reports(home, "2015-W10")[0].parent
    pages = [page for page in folder.glob("*.html") if page.name != "index.html"]
    assert pages
    assert all("Nothing was claimed in this week." in page.read_text(encoding="utf-8") for page in pages)


def test_a_week_that_is_not_over_says_so(home: Home) -> None:
    folder = write_reports(home, "2026-W44")[0].parent
    assert "This week is not over in the data" not in (folder / "all.html").read_text(
        encoding="utf-8"
    ).replace("This week is not over in the data: its counts will still rise.", "")
    assert "its counts will still rise" in (folder / "all.html").read_text(encoding="utf-8")


def test_without_a_week_the_last_complete_one_is_written(home: Home) -> None:
    assert write_reports(home)[0].parent.name == "2026-W43"


def test_a_week_after_the_data_is_refused_with_the_newest_one(home: Home) -> None:
    with pytest.raises(ReportError, match=r"2026-W50 begins on 2026-12-07.*2026-W43"):
        write_reports(home, "2026-W50")
    with pytest.raises(WeekError):
        write_reports(home, "last week")


def test_the_same_week_again_replaces_it_with_the_same_bytes(home: Home, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "stale.html").write_text("from an older version")
    write_reports(home, WEEK)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_that_breaks_leaves_the_last_good_week_and_the_next_one_clears_up(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with monkeypatch.context() as broken:
        broken.setattr(weekly, "index_page", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_reports(home, WEEK)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # Killed between the two renames: the old week lies aside and nothing is in its place.
    folder.rename(folder.with_name(f".old-{WEEK}-4711"))
    write_reports(home, "2026-W39")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not [path for path in home.reports.iterdir() if path.name.startswith(".")]


def test_french_reports_speak_french(small_home: Home, home: Home) -> None:
    folder = write_reports(home, "2026-W38", language="fr")[0].parent
    html = (folder / "all.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in html
    assert "Rapport de défauts" in html
    assert "8 semaines avant" in html
    assert "Attendues à ce jour" in html


@pytest.mark.parametrize(
    "family", ["../../etc/passwd", "Rasenmäher", "all", "index", "a b", "A b", "", "x" * 300]
)
def test_a_family_never_leaves_its_folder_nor_takes_anothers_name(family: str) -> None:
    name = file_name(family)
    assert re.fullmatch(r"[a-z0-9_-]{1,80}", name)
    assert name not in ("all", "index")
    others = ("../../etc/passwd", "Rasenmäher", "rasenm-her", "a b", "A b", "a-b", "")
    assert name not in {file_name(other) for other in others if other != family}
