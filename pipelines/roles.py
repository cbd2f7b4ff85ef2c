"""Who may see what: `roles.yml` in the home, read again on every run of a page.

    people:
      anna@example.com: {role: manager}
      ben@example.com:
        role: quality
        families: [chainsaw, tiller]

Roles: `manager` sees every page; `quality` sees the rows of its families, suppliers or centers (one kind or
several, all of which a row must satisfy); `analyst` sees every row and may write SQL; `admin` may do
everything, Dagster's page included. Without the file, who reached the pages is admin: they answer on loopback
alone then.

Does not belong here: how a person shows who they are (`pipelines.web`), or how rows are kept back
(`pipelines.queries.grants`).
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.grants import Grant
from pipelines.state import record

ROLES = ("manager", "quality", "analyst", "admin")
KINDS = ("families", "suppliers", "centers")


LOG = logging.getLogger("savoir.roles")


class RolesError(SavoirError):
    """`roles.yml` cannot be followed. Nobody is let in until it can."""


class NoRoleError(SavoirError):
    """A person who is known to nobody here."""


@dataclass(frozen=True)
class Person:
    """Somebody at a page. `grant` is None where all rows are theirs to see."""

    name: str
    role: str
    grant: Grant | None = None

    @property
    def may_write_sql(self) -> bool:
        """Free SQL is for roles that see every row."""
        return self.role in ("analyst", "admin")

    @property
    def may_operate(self) -> bool:
        """Dagster's page starts runs and shows all that they wrote."""
        return self.role == "admin"


# Set by the guard before the pages; the name in it is percent-encoded.
PERSON_HEADER = "X-Savoir-Person"
OWNER = Person("owner", "admin")


def person(home: Home, name: str | None) -> Person:
    """The person of this name (an address or a login, capitals do not matter), by the file as it is now.

    Without the file there is one person, the owner of the home, whom nobody names.
    """
    if name is None and not home.roles.exists():
        return OWNER
    try:
        people = _people(home) if home.roles.exists() else {}
    except RolesError as error:
        # What is wrong names others: it is for whoever keeps the file.
        LOG.error("%s", error)
        raise RolesError(
            f"Nobody is let in while {home.roles.name} cannot be followed: the server's log says why."
        ) from None
    found = people.get((name or "").strip().casefold())
    if found is None:
        who = f"{name!r} has no role" if name else "Nobody is signed in"
        raise NoRoleError(f"{who} here. Whoever keeps {home.roles.name} can add one.")
    return found


def check(home: Home) -> int:
    """How many people the file names; a RolesError where it cannot be followed."""
    return len(_people(home))


def record_download(home: Home, who: Person, file_name: str, rows: int) -> None:
    """A table leaves the pages: who took which, and how long it was."""
    record(home, "download", f"{file_name}, {rows:,} rows", who.name)


def _people(home: Home) -> dict[str, Person]:
    try:
        read = yaml.load(home.roles.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise RolesError(f"{home.roles} cannot be read: {problem}") from None
    if not isinstance(read, dict) or set(read) != {"people"} or not isinstance(read["people"], dict):
        raise RolesError(f"{home.roles} must hold one key, 'people': an address, then its role, per person.")
    people: dict[str, Person] = {}
    for name, entry in read["people"].items():
        found = _person(home, name, entry)
        if found.name.casefold() in people:
            raise RolesError(f"{home.roles} names {name!r} twice: capitals do not matter. Keep one.")
        people[found.name.casefold()] = found
    return people


def _person(home: Home, name: Any, entry: Any) -> Person:
    where = f"{home.roles}: {name!r}"
    if not isinstance(name, str) or not name.strip():
        raise RolesError(f"{where} is not a name: write the address that the sign-in gives, in quotes.")
    if not isinstance(entry, dict):
        raise RolesError(f"{where} holds {entry!r}: write it as {{role: manager}}.")
    for key in entry:
        if key not in ("role", *KINDS):
            raise RolesError(f"{where} has an unknown key {key!r}.{_nearest(key, ('role', *KINDS))}")
    role = entry.get("role")
    if role not in ROLES:
        known = ", ".join(ROLES)
        raise RolesError(f"{where} has the role {role!r}. Known are {known}.{_nearest(role, ROLES)}")
    kinds = {kind: _values(where, kind, entry[kind]) for kind in KINDS if kind in entry}
    if role == "quality" and not kinds:
        raise RolesError(f"{where} has the role quality, which needs families, suppliers or centers.")
    if role != "quality" and kinds:
        raise RolesError(
            f"{where} has {', '.join(kinds)}, but the role {role} sees every row. Limited is quality alone."
        )
    return Person(name.strip(), role, Grant(**kinds) if kinds else None)


def _values(where: str, kind: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise RolesError(
            f"{where} has {kind} {values!r}: write a list such as [a, b], with one code at least."
        )
    for value in values:
        if not isinstance(value, str) or not value:
            raise RolesError(f"{where} has {value!r} among its {kind}: put the code in quotes.")
    return tuple(sorted(set(values)))


def _nearest(word: Any, known: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(str(word), known, 1)
    return f" Did you mean {found[0]!r}?" if found else ""


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key written twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise ConstructorError(None, None, f"{name!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
