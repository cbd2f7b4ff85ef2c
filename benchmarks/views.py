"""Views of the pages, drawn from a home's data: pages × filters × steps of a drill, seeded.

Belongs here: what a reader may open. Does not belong here: opening it (`benchmarks.pages`).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import timedelta

from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.behind import names_behind
from pipelines.queries.snapshot import open_snapshot

PAGES = PROJECT_DIR / "dashboards" / "app_pages"
# Pages about one thing, which their address names.
OF_ONE = {"lot": "lot", "supplier": "supplier", "search": "find"}
# The case from which each filter is drawn: what is claimed often is looked at often.
COLUMNS = {
    "family": "family_code",
    "sku": "sku",
    "supplier": "supplier_id",
    "lot": "lot_code",
    "centre": "service_center_id",
}


@dataclass(frozen=True)
class View:
    """One address: the page and what stands behind the question mark."""

    page: str
    parameters: dict[str, str] = field(default_factory=dict)


def filters() -> dict[str, tuple[str, ...]]:
    """The filters of each page, as its file names them."""
    found = {}
    for path in sorted(PAGES.glob("*.py")):
        named = re.search(r"scope_filter\(\((.*?)\)\)", path.read_text(encoding="utf-8"))
        found[path.stem] = tuple(re.findall(r'"(\w+)"', named[1])) if named else ()
    return found


def first_views() -> list[View]:
    """Every page as it opens, unfiltered: what the first reader after a publish asks."""
    return [View(page) for page in filters() if page not in OF_ONE]


def views(home: Home, each: int, seed: int) -> list[View]:
    """So many views of every page, in a drawn order; none twice."""
    drawn = random.Random(seed)  # noqa: S311
    snapshot = open_snapshot(home)
    columns = ", ".join(("ticket_id", "requested_on", *COLUMNS.values()))
    count = each * 60
    cases = snapshot.rows(
        f"select {columns} from marts.fct_claims where is_claim and sku is not null "
        f"order by hash(ticket_id, {seed}) limit {count}"
    ).to_dicts()
    behind = [name for name in names_behind(snapshot) if name]
    snapshot.close()
    if not cases:
        return []

    def view(page: str, parts: tuple[str, ...]) -> View:
        case = drawn.choice(cases)
        named = {part: case[column] for part, column in COLUMNS.items() if case[column] is not None}
        if page in OF_ONE:
            asked = {"find": drawn.choice((case["ticket_id"], case["sku"])), **named}
            return View(page, {OF_ONE[page]: asked.get(OF_ONE[page], "")})
        if page == "claims" and drawn.random() < 1 / 3:
            return View(page, {"claim": case["ticket_id"]})
        # One filter most often, two now and then: a family and more would name the product's own.
        told = {
            part: named[part]
            for part in drawn.sample(parts, min(len(parts), drawn.choice((1, 1, 2))))
            if part in named
        }
        if "period" in parts and drawn.random() < 1 / 3:
            told["from"] = str(case["requested_on"] - timedelta(days=180))
        if page == "claims":
            told = {"behind": drawn.choice(behind)} | told
        return View(page, {"lang": drawn.choice(("en", "fr")), **told})

    found: list[View] = []
    for page, parts in filters().items():
        own: list[View] = []
        for _ in range(20 * each):
            one = view(page, parts)
            if len(own) < each and one not in own:
                own.append(one)
        found += own
    drawn.shuffle(found)
    return found
