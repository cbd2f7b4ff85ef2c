"""Views that people saved under a name: a page and the parameters of its address, each person's own.

Belongs here: keeping and forgetting them. Does not belong here: what a parameter means; a view is checked
like any link when it is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.state import Tables, opened

MOST_VIEWS = 50
MOST_CHARACTERS = 80
VIEWS = Tables(
    "saved_views",
    (
        "create table saved_views (person text not null, name text not null, page text not null, "
        "query text not null, saved_at text not null, primary key (person, name)) strict",
    ),
)


class SavedViewError(SavoirError):
    """The view cannot be saved as asked."""


@dataclass(frozen=True)
class SavedView:
    """One saved view: its name, its page, and the address's parameters as they stood."""

    name: str
    page: str
    query: str


def saved(home: Home, person: str) -> list[SavedView]:
    """A person's views by name; none where nothing was ever saved."""
    if not home.state.exists():
        return []
    with opened(home, VIEWS) as connection:
        rows = connection.execute(
            "select name, page, query from saved_views where person = ? order by name", (person,)
        ).fetchall()
    return [SavedView(*row) for row in rows]


def save(home: Home, person: str, view: SavedView) -> None:
    """Keep a view; one of the same name is replaced."""
    name = " ".join(view.name.split())
    if not name or len(name) > MOST_CHARACTERS:
        raise SavedViewError(f"A view's name has 1 to {MOST_CHARACTERS} characters.")
    with opened(home, VIEWS) as connection:
        others = connection.execute(
            "select count(*) as n from saved_views where person = ? and name <> ?", (person, name)
        ).fetchone()
        if others["n"] >= MOST_VIEWS:
            raise SavedViewError(f"{MOST_VIEWS} views are saved: forget one first.")
        at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        connection.execute(
            "insert into saved_views values (?, ?, ?, ?, ?) on conflict (person, name) do update set "
            "page = excluded.page, query = excluded.query, saved_at = excluded.saved_at",
            (person, name, view.page, view.query, at),
        )


def forget(home: Home, person: str, name: str) -> None:
    """Forget a view; one that is not there is no matter."""
    with opened(home, VIEWS) as connection:
        connection.execute("delete from saved_views where person = ? and name = ?", (person, name))
