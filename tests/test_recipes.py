"""The recipes of CONTRIBUTING.md, followed in a copy of the project: each takes the files that it lists."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.home import PROJECT_DIR

pytestmark = pytest.mark.slow
COPIED = (
    "pipelines", "dashboards", "dbt", "data/sample", "README.md", "CONTRIBUTING.md", "pyproject.toml",
    "tests/orchestration/code_location.txt", "tests/orchestration/test_code_location.py",
    "tests/orchestration/conftest.py", "tests/conftest.py",
)  # fmt: skip
# The most files that each may take.
AIMS = {
    "A column of a feed, up to a page": 7,
    "A policy version": 2,
    "A mart with a measure, and its page": 8,
    "A mapping of somebody's export": 1,
    "A fault code": 1,
    "A lifetime distribution": 4,
    "A section of the defect report": 2,
}
PUBLISHED_WITH_REFUSALS = 3
APP = "dashboards/streamlit_app.py"


def recipes() -> dict[str, list[str]]:
    """The files of each recipe, in the order of the list."""
    text = (PROJECT_DIR / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("\n## Recipes\n")[1].split("\n## ")[0]
    titled = re.split(r"(?m)^### ", section)[1:]
    return {each.splitlines()[0]: re.findall(r"(?m)^\d+\. `([^`]+)`", each) for each in titled}


@dataclass(frozen=True)
class Grown:
    """The copy after all recipes, its home after a build, and what each recipe touched."""

    root: Path
    home: Path
    touched: dict[str, set[str]]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Python in the copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.root), "SAVOIR_HOME": str(self.home)}
        words = (sys.executable, *words)
        return subprocess.run(
            words, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def published(self, sql: str) -> list[tuple[object, ...]]:
        """An answer of the published file."""
        file = (self.home / "published" / "current.duckdb").resolve()
        with duckdb.connect(str(file), read_only=True) as con:
            return con.execute(sql).fetchall()


def edit(path: Path, before: str, after: str) -> None:
    """One place of a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(before) >= 1, f"{path.name} has no {before!r} any more: the recipe needs another look."
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def add(path: Path, text: str) -> None:
    """Text at the end of a file, or a new file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def column(root: Path) -> None:
    sources = root / "dbt/models/staging/_sources.yml"
    edit(sources, "label: [sku, family_code, brand,", "label: [sku, family_code, brand, colour,")
    edit(
        sources,
        "          - name: product_name\n",
        "          - name: colour\n            data_type: text\n"
        "            description: Colour of the machine.\n          - name: product_name\n",
    )
    edit(root / "dbt/models/marts/dim_products.sql", "    brand,\n", "    brand,\n    colour,\n")
    edit(
        root / "dbt/models/marts/dim_products.yml",
        "      - name: supplier_id\n",
        '      - name: colour\n        data_type: string\n        description: "Colour of the machine."\n'
        "      - name: supplier_id\n",
    )
    add(
        root / "pipelines/queries/build_facts.py",
        '\n\ndef colours(snapshot: Snapshot) -> pl.DataFrame:\n    """Products by colour."""\n'
        '    sql = "select colour, count(*) as products from marts.dim_products group by all"\n'
        "    return snapshot.rows(sql)\n",
    )
    add(root / "dashboards/texts.yml", "axis_colour: {en: Colour, fr: Couleur}\n")
    page = root / "dashboards/app_pages/worklist.py"
    edit(
        page,
        "from pipelines.queries.claims",
        "from pipelines.queries.build_facts import colours\nfrom pipelines.queries.claims",
    )
    edit(
        page,
        "lang = language()\n",
        'lang = language()\ngrid(ask(colours), {"colour": t("axis_colour")}, t("axis_colour"))\n',
    )


def policy_version(root: Path) -> None:
    seed = root / "dbt/seeds/policy_rules.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["policy_version"] == "page"]
    with seed.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writerows(row | {"policy_version": "spring", "valid_from": "2025-03-01"} for row in rows)
    add(root / "dbt/seeds/policy_parameters.csv", "spring,paypal_hold_months,2,months,assumed,,Shorter\n")


def mart(root: Path) -> None:
    marts = root / "dbt/models/marts"
    add(
        marts / "fct_refunds.sql",
        "select ticket_id, requested_on, cast(refunded_on is not null as boolean) as is_refunded\n"
        "from {{ ref('int_tickets__linked') }}\n",
    )
    add(
        marts / "fct_refunds.yml",
        """version: 2

models:
  - name: fct_refunds
    description: One row per ticket, with whether its money was returned.
    data_tests:
      - rows_are_sound:
          name: fct_refunds_rows_are_sound
          arguments: {key: [ticket_id], known: [ticket_id, is_refunded]}
    config:
      meta:
        measures:
          - name: refunded_share
            numerator: sum(case when is_refunded then 1 else 0 end)
            denominator: count(*)
            kind: share
            format: percent
            interval: wilson
            label: {en: "Refunded", fr: "Remboursés"}
            definition: Tickets whose money was returned, over all tickets.
    columns:
      - {name: ticket_id, data_type: string, description: The ticket.}
      - {name: requested_on, data_type: date, description: Day of the request.}
      - {name: is_refunded, data_type: boolean, description: Whether the money was returned.}
""",
    )
    add(
        root / "dashboards/app_pages/refunds.py",
        '''"""Refunds: the share of tickets whose money was returned."""

import streamlit as st

from dashboards.data import ask
from dashboards.texts import t
from pipelines.queries.measures import values

[value] = ask(values, "fct_refunds", ("refunded_share",)).values()
st.metric(t("page_refunds"), f"{value.events:.0f} of {value.n:.0f}")
''',
    )
    edit(
        root / "dashboards/streamlit_app.py",
        '("rules", ',
        '("refunds", ":material/undo:"),\n        ("rules", ',
    )
    edit(
        root / "dashboards/texts.yml",
        "page_rules:",
        "page_refunds: {en: Refunds, fr: Remboursements}\npage_rules:",
    )
    add(
        root / "dbt/models/exposures.yml",
        "  - name: refunds\n    label: Refunds page\n    type: dashboard\n    maturity: high\n"
        "    owner: {name: After-sales, email: after-sales@example.org}\n"
        "    description: Tickets whose money was returned.\n    depends_on:\n      - ref('fct_refunds')\n",
    )
    edit(
        root / "README.md",
        "| `fct_repairs` |",
        "| `fct_refunds` | ticket | Whose money was returned? |\n| `fct_repairs` |",
    )
    environment = {**os.environ, "PYTHONPATH": str(root), "SAVOIR_UPDATE_EXPECTED": "1"}
    test = "tests/orchestration/test_code_location.py::test_the_code_location_is_the_one_that_is_written_down"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def mapping(root: Path) -> None:
    add(
        root / "pipelines/feeds/mappings/toy_shop.yml",
        """description: A shop's export with one line per sale.
format: csv
dialect: {separator: ";", decimal: ",", time_zone: Europe/Paris}
columns: [Sale, Day, Item, Count, Price]
feeds:
  orders:
    columns:
      order_id: Sale
      line_number: {constant: "1"}
      contract_at: Day
      sku: Item
      quantity: Count
      unit_price_eur: Price
""",
    )


def fault_code(root: Path) -> None:
    seed = root / "dbt/seeds/fault_codes.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    row = {
        "fault_code": "D77",
        "fault_kind": "defect",
        "label_en": "Folding handle",
        "label_fr": "Guidon pliant",
    }
    with seed.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, columns, lineterminator="\n", restval="").writerow(row)


def distribution(root: Path) -> None:
    family = root / "pipelines/reliability/location_scale.py"
    edit(
        family,
        'LOGLOGISTIC = Family("loglogistic"',
        '''def _least_density(z: Floats) -> tuple[Floats, Floats, Floats]:
    e = np.exp(-z)
    return -z - e, e - 1, -e


def _least_survival(z: Floats) -> tuple[Floats, Floats, Floats]:
    e = np.exp(-z)
    survival = -np.expm1(-e)
    hazard = e * np.exp(-e) / survival
    return np.log(survival), -hazard, -hazard * (e - 1 + hazard)


FRECHET = Family("frechet", _least_density, _least_survival, lambda p: -np.log(-np.log(np.asarray(p))))
LOGLOGISTIC = Family("loglogistic"''',
    )
    public = root / "pipelines/reliability/__init__.py"
    edit(public, "    LOGLOGISTIC,\n", "    FRECHET,\n    LOGLOGISTIC,\n")
    edit(public, '    "LOGLOGISTIC",\n', '    "FRECHET",\n    "LOGLOGISTIC",\n')


def report_section(root: Path) -> None:
    edit(
        root / "pipelines/reports/counts.py",
        "# In the order in which a report has them.\nSECTIONS = (figures,",
        "def machines(digest: Digest, names: Names) -> Iterator[Block]:\n"
        '    """Machines under warranty in the week."""\n'
        '    yield Heading(names.t("machines_watched"))\n'
        "    yield Text(formats.number(digest.week.units, names.language))\n\n\n"
        "# In the order in which a report has them.\nSECTIONS = (machines, figures,",
    )
    words = 'machines_watched: {en: "Machines watched", fr: "Machines suivies"}\n'
    add(root / "pipelines/reports/texts.yml", words)


FOLLOWED: dict[str, Callable[[Path], None]] = {
    "A column of a feed, up to a page": column,
    "A policy version": policy_version,
    "A mart with a measure, and its page": mart,
    "A mapping of somebody's export": mapping,
    "A fault code": fault_code,
    "A lifetime distribution": distribution,
    "A section of the defect report": report_section,
}


def contents(root: Path) -> dict[str, str]:
    """A hash of every file that people write."""
    made = {"__pycache__", "target", ".pytest_cache", ".hypothesis"}
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not made & set(path.relative_to(root).parts)
    }


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    """The copy, all recipes followed, built once on the sample of each feed."""
    folder = tmp_path_factory.mktemp("recipes")
    root, home = folder / "project", folder / "home"
    for name in COPIED:
        source, target = PROJECT_DIR / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "target"))
        else:
            shutil.copy(source, target)
    touched, before = {}, contents(root)
    for title, follow in FOLLOWED.items():
        follow(root)
        after = contents(root)
        touched[title] = {name for name in after if before.get(name) != after[name]}
        before = after
    for sample in (root / "data" / "sample").iterdir():
        if sample.is_dir():
            shutil.copytree(sample, home / "inbox" / sample.name)
    products = home / "inbox" / "products" / "sample.csv"
    lines = products.read_text(encoding="utf-8").splitlines()
    coloured = [f"{lines[0]},colour", *(f"{line},red" for line in lines[1:])]
    products.write_text("\n".join(coloured) + "\n", encoding="utf-8")
    (home / "inbox" / "toy_shop").mkdir()
    sale = "Sale;Day;Item;Count;Price\nTOY-1;2025-05-02 10:00;SKU-00001;2;99,50\n"
    (home / "inbox" / "toy_shop" / "a.csv").write_text(sale, encoding="utf-8")
    copy = Grown(root, home, touched)
    built = copy.run("-m", "pipelines.cli", "build", "--as-of", "2026-10-31")
    assert built.returncode in (0, PUBLISHED_WITH_REFUSALS), built.stdout[-2000:] + built.stderr[-4000:]
    return copy


def test_every_recipe_is_followed_and_within_its_aim() -> None:
    assert set(recipes()) == set(FOLLOWED) == set(AIMS)
    assert {title: len(files) for title, files in recipes().items() if len(files) > AIMS[title]} == {}


@pytest.mark.parametrize("title", FOLLOWED)
def test_a_recipe_takes_the_files_that_it_lists_and_no_other(grown: Grown, title: str) -> None:
    assert grown.touched[title] == set(recipes()[title])


def test_the_column_reaches_its_mart_and_the_measure_its_page(grown: Grown) -> None:
    assert grown.published("select distinct colour from marts.dim_products where is_listed") == [("red",)]
    page = (
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(grown.root / APP)!r}, default_timeout=90)\n"
        "app.switch_page('app_pages/worklist.py').run()\n"
        "assert not app.exception, app.exception\n"
        "print([list(each.value.columns) for each in app.dataframe][0])\n"
        "app.switch_page('app_pages/refunds.py').run()\n"
        "print([(each.label, each.value) for each in app.metric])\n"
    )
    shown = grown.run("-c", page)
    assert "colour" in shown.stdout, shown.stderr[-3000:]
    assert grown.published("select label_en from meta.measures where mart = 'fct_refunds'") == [("Refunded",)]
    [(tickets,)] = grown.published("select count(*) from marts.fct_refunds")
    assert re.search(rf"\('Refunds', '\d+ of {tickets}'\)", shown.stdout), shown.stdout


def test_the_version_judges_from_its_day_on(grown: Grown) -> None:
    dated = grown.published(
        "select distinct rule_set, valid_from::varchar, valid_to::varchar from marts.dim_policy_rules"
        " where rule_type = 'policy' and valid_from is not null order by 2"
    )
    assert dated == [("page", "1900-01-01", "2025-02-28"), ("spring", "2025-03-01", None)]
    judged = grown.published(
        "select distinct requested_on >= date '2025-03-01', split_part(policy_rule_id, '/', 1)"
        " from marts.fct_claims where is_judged order by 1"
    )
    assert judged == [(False, "page"), (True, "spring")]


def test_the_mapping_brings_its_order_and_the_code_has_its_label(grown: Grown) -> None:
    order = "select sku, units, unit_price_eur::varchar from marts.fct_order_lines where order_id = 'TOY-1'"
    assert grown.published(order) == [("SKU-00001", 2, "99.50")]
    code = "select label_en, label_fr from marts.dim_fault_codes where fault_code = 'D77'"
    assert grown.published(code) == [("Folding handle", "Guidon pliant")]


def test_the_distribution_fits_what_it_made(grown: Grown) -> None:
    code = (
        "import numpy as np\nfrom pipelines.reliability import FRECHET, exact, fit_location_scale\n"
        "p = (np.arange(400) + 0.5) / 400\nages = np.exp(3 + 0.5 * FRECHET.quantile(p))\n"
        "fit = fit_location_scale(exact(ages), FRECHET)\nprint(round(fit.mu, 1), round(fit.sigma, 1))\n"
    )
    done = grown.run("-c", code)
    assert done.stdout.split() == ["3.0", "0.5"], done.stderr[-2000:]


def test_the_section_is_in_the_report(grown: Grown) -> None:
    done = grown.run("-m", "pipelines.cli", "report", "--week", "2025-W20")
    assert done.returncode == 0, done.stderr[-2000:]
    page = (grown.home / "reports" / "everything" / "2025-W20" / "report.html").read_text(encoding="utf-8")
    assert ">Machines watched</h2>" in page
