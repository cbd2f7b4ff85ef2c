"""`roles.yml`: who it lets in, and the sentence for every way to write it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.queries.grants import Grant
from pipelines.roles import OWNER, NoRoleError, Person, RolesError, check, person

ROLES = """
people:
  Anna@Example.com: {role: manager}
  ben@example.com: {role: quality, families: [tiller, chainsaw]}
  cleo@example.com: {role: quality, suppliers: [SUP1], centers: ["SC001"]}
  dora: {role: analyst}
  eve: {role: admin}
"""


def home_with(folder: Path, text: str) -> Home:
    (folder / "roles.yml").write_text(text)
    return Home.at(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anna@example.COM", Person("Anna@Example.com", "manager")),
        (" ben@example.com ", Person("ben@example.com", "quality", Grant(families=("chainsaw", "tiller")))),
        (
            "cleo@example.com",
            Person("cleo@example.com", "quality", Grant(suppliers=("SUP1",), centers=("SC001",))),
        ),
        ("dora", Person("dora", "analyst")),
        ("eve", Person("eve", "admin")),
    ],
)
def test_a_person_is_found_whatever_the_capitals(tmp_path: Path, name: str, expected: Person) -> None:
    assert person(home_with(tmp_path, ROLES), name) == expected


def test_what_each_role_may_do(tmp_path: Path) -> None:
    home = home_with(tmp_path, ROLES)
    who = {name: person(home, name) for name in ("anna@example.com", "ben@example.com", "dora", "eve")}
    assert [each.may_write_sql for each in who.values()] == [False, False, True, True]
    assert [each.may_operate for each in who.values()] == [False, False, False, True]
    assert [each.grant is None for each in who.values()] == [True, False, True, True]


@pytest.mark.parametrize(
    "name", [None, "", "mallory@example.com", "ben@example.com.evil", "people", "eve\x00"]
)
def test_nobody_else_is_let_in(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(NoRoleError, match=r"here\. Whoever keeps roles\.yml can add one"):
        person(home_with(tmp_path, ROLES), name)


def test_without_the_file_there_is_the_owner_and_nobody_else(tmp_path: Path) -> None:
    assert person(Home.at(tmp_path), None) == OWNER
    with pytest.raises(NoRoleError):
        person(Home.at(tmp_path), "anna@example.com")


def test_the_file_is_read_again_each_time(tmp_path: Path) -> None:
    home = home_with(tmp_path, ROLES)
    assert person(home, "eve").may_operate
    home_with(tmp_path, ROLES.replace("eve: {role: admin}", "eve: {role: manager}"))
    assert not person(home, "eve").may_operate


WRONG = {
    "people: {a: {role: mananger}}": "'a' has the role 'mananger'. Known are manager, quality, analyst, "
    "admin. Did you mean 'manager'?",
    "people: {a: {}}": "'a' has the role None",
    "people: {a: manager}": "'a' holds 'manager': write it as {role: manager}",
    "people: {a: {role: quality}}": "needs families, suppliers or centers",
    "people: {a: {role: quality, families: []}}": "has families []: write a list",
    "people: {a: {role: quality, families: chainsaw}}": "has families 'chainsaw': write a list",
    "people: {a: {role: quality, centers: [1]}}": "has 1 among its centers: put the code in quotes",
    "people: {a: {role: quality, family: [x]}}": "unknown key 'family'. Did you mean 'families'?",
    "people: {a: {role: manager, families: [x]}}": "the role manager sees every row",
    "people: {a: {role: admin, suppliers: [x]}}": "the role admin sees every row",
    "people: {1: {role: admin}}": "1 is not a name",
    "people: {a: {role: admin}, A: {role: manager}}": "names 'A' twice",
    "people: {a: {role: manager}, a: {role: admin}}": "'a' is there twice",
    "people: {a: {role: manager, role: admin}}": "'role' is there twice",
    "people: {}\nroles: {}": "must hold one key, 'people'",
    "a: {role: admin}": "must hold one key, 'people'",
    "": "must hold one key, 'people'",
    "people: [a]": "must hold one key, 'people'",
    "people: {a: {role: admin": "cannot be read",
    "people: {a: !!python/object/apply:os.system [ls]}": "cannot be read",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_is_told_to_its_keeper_and_lets_nobody_in(tmp_path: Path, text: str) -> None:
    home = home_with(tmp_path, text)
    with pytest.raises(RolesError) as told:
        check(home)
    assert WRONG[text] in str(told.value)
    assert str(home.roles) in str(told.value)
    for name in (None, "a", "1"):
        with pytest.raises(RolesError, match=r"Nobody is let in while roles\.yml cannot be followed"):
            person(home, name)
