"""Every role on every page, link, export and report: nothing of another scope is ever sent to the browser.

The pages run in this process on the demo. Whatever they would send is searched for codes of cases, sales,
lots, products, suppliers and centres; each must be of the person's scope, by SQL written here.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards import data
from pipelines import roles
from pipelines.delivery.sending import preview
from pipelines.delivery.subscriptions import Subscription
from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.state import entries

APP = PROJECT_DIR / "dashboards" / "streamlit_app.py"
PAGES = sorted(path.stem for path in (PROJECT_DIR / "dashboards" / "app_pages").glob("*.py"))
SCOPED = ("families", "suppliers", "centers", "families and centers")
UNSCOPED = ("manager", "analyst", "admin")
CODE = re.compile(rb"\b(?:T\d{9}|CMD\d{9}|R\d{9}|L\d{5}-\d\d|SKU-\d{5}|SUP\d{3}|SC\d{3})\b")
CODE_COLUMNS = ("ticket_id", "order_id", "repair_id", "lot_code", "sku", "supplier_id", "service_center_id")
TABLES = ("fct_claims", "fct_repairs", "fct_audit_findings", "fct_order_lines", "dim_products")

_PRODUCTS = "sku in (select sku from marts.dim_products where {})"
_WITH_CASES = (
    "sku in (select sku from marts.fct_claims where {0} "
    "union all select sku from marts.fct_repairs where {0})"
)


def conditions(supplier: str, center: str) -> dict[str, dict[str, str]]:
    """For each person, which rows of each table are theirs: written out, not derived."""
    of_family, of_supplier = "family_code = 'chainsaw'", f"supplier_id = '{supplier}'"
    of_center = f"service_center_id = '{center}'"
    both = f"{of_family} and {of_center}"
    return {
        "families": dict.fromkeys(TABLES, of_family),
        "suppliers": dict.fromkeys(TABLES, of_supplier)
        | dict.fromkeys(("fct_repairs", "fct_audit_findings"), _PRODUCTS.format(of_supplier)),
        "centers": dict.fromkeys(TABLES, of_center)
        | {"fct_order_lines": "false", "dim_products": _WITH_CASES.format(of_center)},
        "families and centers": dict.fromkeys(TABLES, both)
        | {"fct_order_lines": "false", "dim_products": _WITH_CASES.format(both)},
    }


def codes_of(whole: Snapshot, where: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for table, condition in where.items():
        rows = whole.rows(f"select * from marts.{table} where {condition}")
        for column in set(CODE_COLUMNS) & set(rows.columns):
            found |= set(rows[column].drop_nulls())
    return found


class People:
    """A home with roles, what each person may see, and links to what they may not."""

    def __init__(self, home: Home) -> None:
        self.home = home
        whole = open_snapshot(home)
        most = "select {0} from marts.fct_claims where {0} is not null group by all order by count(*) desc, 1"
        center = whole.rows(f"{most.format('service_center_id')} limit 1").item()
        supplier = whole.rows(f"{most.format('supplier_id')} limit 1").item()
        home.roles.write_text(
            "people:\n"
            "  families: {role: quality, families: [chainsaw]}\n"
            f"  suppliers: {{role: quality, suppliers: ['{supplier}']}}\n"
            f"  centers: {{role: quality, centers: ['{center}']}}\n"
            f"  families and centers: {{role: quality, families: [chainsaw], centers: ['{center}']}}\n"
            + "".join(f"  {role}: {{role: {role}}}\n" for role in UNSCOPED)
        )
        where = conditions(supplier, center)
        self.own = {name: codes_of(whole, tables) for name, tables in where.items()}
        self.own |= {
            name: codes_of(whole, dict.fromkeys((*TABLES, "dim_service_centers"), "true"))
            for name in UNSCOPED
        }
        self.foreign_claim = {
            name: whole.rows(
                f"select * from marts.fct_claims where not coalesce({tables['fct_claims']}, false) "
                "and repairs > 0 and family_code <> 'chainsaw' and description not in (select description "
                f"from marts.fct_claims where {tables['fct_claims']} and description is not null) "
                "order by ticket_id limit 1"
            ).row(0, named=True)
            for name, tables in where.items()
        }
        whole.close()


@pytest.fixture(scope="module")
def people(demo_home: Home, tmp_path_factory: pytest.TempPathFactory) -> People:
    home = Home.at(tmp_path_factory.mktemp("people"))
    home.published.symlink_to(demo_home.published)
    return People(home)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What the download buttons of the pages would hand out, by file name."""
    offered: dict[str, Callable[[], bytes]] = {}

    def button(label: str, *, data: Callable[[], bytes], file_name: str, **options: Any) -> bool:
        offered[file_name] = data
        return False

    monkeypatch.setattr(st, "download_button", button)
    return offered


@pytest.fixture
def opened(
    people: People, no_search_for_components: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AppTest]:
    """`opened(name, page, **parameters)`: a page as this person sees it."""

    def run(name: str | None, page: str, **parameters: str) -> AppTest:
        monkeypatch.setenv("SAVOIR_HOME", str(people.home.root))
        monkeypatch.setattr(data, "person", lambda home, _: roles.person(home, name))
        app = AppTest.from_file(str(APP), default_timeout=120)
        for key, value in parameters.items():
            app.query_params[key] = value
        app.switch_page(f"app_pages/{page}.py")
        return app.run()

    return run


def sent(app: AppTest) -> bytes:
    """Everything that the page would send: texts, tables and the data of charts."""
    parts: list[bytes] = []

    def read(message: Any) -> None:
        """What is packed in the message: tables travel as Arrow, which may be compressed."""
        for _, value in message.ListFields():
            for each in (
                value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
            ):
                if isinstance(each, bytes):
                    with suppress(pa.ArrowInvalid):
                        parts.append(str(pa.ipc.open_stream(each).read_all().to_pylist()).encode())
                elif hasattr(each, "ListFields"):
                    read(each)

    def walk(node: Any) -> None:
        proto = getattr(node, "proto", None)
        if proto is not None:
            parts.append(proto.SerializeToString())
            read(proto)
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(app._tree)
    return b"\n".join(parts)


def unpacked(name: str, content: bytes) -> bytes:
    if not name.endswith((".xlsx", ".zip")):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return b"\n".join(unpacked(each, book.read(each)) for each in book.namelist())


def codes_in(content: bytes) -> set[str]:
    return {code.decode() for code in CODE.findall(content)}


# Roles without a scope see the same rows: one of them opens every page.
SEEN = [(name, page) for name in (*SCOPED, "manager") for page in PAGES]
SEEN += [(name, page) for name in ("analyst", "admin") for page in ("overview", "claims")]


@pytest.mark.parametrize(("name", "page"), SEEN)
def test_a_page_and_its_files_show_what_is_the_persons(
    opened: Callable[..., AppTest], people: People, files: dict[str, Any], name: str, page: str
) -> None:
    app = opened(name, page)
    assert not app.exception
    assert codes_in(sent(app)) - people.own[name] == set()
    for file_name, content in files.items():
        assert codes_in(unpacked(file_name, content())) - people.own[name] == set(), file_name


@pytest.mark.parametrize("name", SCOPED)
def test_the_search_finds_codes_where_there_are_some(
    opened: Callable[..., AppTest], people: People, files: dict[str, Any], name: str
) -> None:
    """Else the test above could not fail."""
    listed_tickets = {code for code in codes_in(sent(opened(name, "claims"))) if code.startswith("T")}
    assert len(listed_tickets & people.own[name]) > 5
    for ending in ("xlsx", "csv"):
        listed = next(each for each in files if each.endswith(ending))
        assert len(codes_in(unpacked(listed, files[listed]()))) > 5
    assert len(codes_in(sent(opened("admin", "claims"))) - people.own[name]) > 20


@pytest.mark.parametrize("name", SCOPED)
def test_a_link_to_what_is_anothers_shows_nothing_of_it(
    opened: Callable[..., AppTest], people: People, files: dict[str, Any], name: str
) -> None:
    claim = people.foreign_claim[name]
    links = {
        "claims": {"claim": claim["ticket_id"]},
        "worklist": {"claim": claim["ticket_id"]},
        "failures": {"sku": claim["sku"]},
        "money": {"family": claim["family_code"]},
        "misuse": {"centre": claim["service_center_id"]},
        "centres": {"centre": claim["service_center_id"]},
        "products": {"sku": claim["sku"]},
        "supplier": {"supplier": claim["supplier_id"]},
        "lot": {"lot": claim["lot_code"]},
        "search": {"find": claim["order_id"]},
    }
    assert all(value for parameters in links.values() for value in parameters.values())
    # A sentence or a file's own notes may repeat what was asked for.
    asked = {value for parameters in links.values() for value in parameters.values()}
    for page, parameters in links.items():
        app = opened(name, page, **parameters)
        assert not app.exception
        assert codes_in(sent(app)) - people.own[name] - asked == set(), page
        assert (claim["description"] or "no text").encode() not in sent(app)
        for file_name, content in files.items():
            assert codes_in(unpacked(file_name, content())) - people.own[name] - asked == set(), file_name


@pytest.mark.parametrize("name", [None, "mallory"])
def test_who_has_no_role_sees_a_sentence_and_no_figure(
    opened: Callable[..., AppTest], people: People, name: str | None
) -> None:
    for page in PAGES:
        app = opened(name, page)
        assert codes_in(sent(app)) == set()
        assert len(app.metric) == 0
        assert len(app.dataframe) == 0


@pytest.mark.parametrize("name", SCOPED)
def test_a_report_made_for_a_scope_holds_nothing_of_another(people: People, name: str) -> None:
    grant = roles.person(people.home, name).grant
    assert grant is not None
    own = Subscription(name="own", families=grant.families, suppliers=grant.suppliers, centers=grant.centers)
    report = preview(people.home, own, "2026-W40")
    assert report is not None
    forms = b"".join(unpacked(name, content) for name, content in report.files.items() if "pdf" not in name)
    assert codes_in(forms + report.letter.text.encode()) - people.own[name] == set()


def test_a_download_is_in_the_log_under_the_persons_name(
    opened: Callable[..., AppTest], people: People, files: dict[str, Any]
) -> None:
    opened("centers", "claims")
    name = next(each for each in files if each.endswith(".csv"))
    rows = files[name]().count(b"\r\n") - 1
    last = entries(people.home, "download")[-1]
    assert (last.actor, last.detail.partition(",")[0]) == ("centers", name)
    assert rows > 0
