"""Saved views are each person's own, and a view of the same name is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.saved_views import MOST_VIEWS, SavedView, SavedViewError, forget, save, saved


def test_a_view_is_its_owners_alone_until_it_is_forgotten(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()
    assert saved(home, "a") == []
    save(home, "a", SavedView("  My   saws ", "overview", "family=chainsaw"))
    save(home, "b", SavedView("My saws", "claims", ""))
    assert saved(home, "a") == [SavedView("My saws", "overview", "family=chainsaw")]
    save(home, "a", SavedView("My saws", "claims", "cause=defect"))
    assert saved(home, "a") == [SavedView("My saws", "claims", "cause=defect")]
    forget(home, "a", "My saws")
    assert saved(home, "a") == []
    assert len(saved(home, "b")) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavedViewError, match="1 to 80 characters"):
        save(Home.at(tmp_path).make(), "a", SavedView(name, "claims", ""))


def test_the_views_of_a_person_are_bounded(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()
    for place in range(MOST_VIEWS):
        save(home, "a", SavedView(f"view {place}", "claims", ""))
    save(home, "a", SavedView("view 3", "claims", "replaced=1"))
    with pytest.raises(SavedViewError, match="forget one first"):
        save(home, "a", SavedView("one more", "claims", ""))
