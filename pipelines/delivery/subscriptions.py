"""`subscriptions.yml` in the home: who gets which report, when, how. One wrong entry hinders no other.

    subscriptions:
      - name: saws
        families: [chainsaw, tiller]      # scope: families, suppliers, centers; none: everything
        schedule: weekly                  # weekly, monthly, on_signal
        language: fr                      # en, fr
        channel: mail                     # file, mail, chat
        recipients: [ben@example.com]     # chat: names of variables that hold an apprise URL
        minimum_severity: 2               # alerts of at least this ratio get a page
        when_nothing_changed: skip        # send, skip

Without the file there is one subscription that covers everything and writes to `reports/`.

Does not belong here: who may see what (`pipelines.roles`), sending.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.mail import MailSettingsError, addresses
from pipelines.queries.build_facts import families, service_centers, suppliers
from pipelines.queries.grants import Grant
from pipelines.queries.snapshot import Snapshot

Schedule = Literal["weekly", "monthly", "on_signal"]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_WEEK = re.compile(r"\d{4}-w\d{2}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_KINDS = ("families", "suppliers", "centers")


class SubscriptionsError(SavoirError):
    """`subscriptions.yml` as a whole cannot be followed."""


class Subscription(BaseModel):
    """One subscription, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    families: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    centers: tuple[str, ...] = ()
    schedule: Schedule = "weekly"
    language: Literal["en", "fr"] = "en"
    channel: Literal["file", "mail", "chat"] = "file"
    recipients: tuple[str, ...] = ()
    minimum_severity: float = Field(default=0.0, ge=0)
    when_nothing_changed: Literal["send", "skip"] = "send"

    @field_validator("name")
    @classmethod
    def _is_a_folder_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or _WEEK.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a folder: use small letters, digits, - and _, 40 at most, "
                "and no week"
            )
        return name

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Subscription:
        if self.channel == "file" and self.recipients:
            raise ValueError("channel file has no recipients: it writes to reports/; use mail or chat")
        if self.channel != "file" and not self.recipients:
            raise ValueError(f"channel {self.channel} needs recipients")
        if len(set(self.recipients)) < len(self.recipients):
            raise ValueError("a recipient is named twice")
        for recipient in self.recipients:
            if self.channel == "chat" and not _VARIABLE.fullmatch(recipient):
                raise ValueError(
                    f"{recipient!r} is no name of a variable: put the apprise URL, which holds a password, "
                    "into the environment, and its variable's name here, as SAVOIR_CHAT_QUALITY"
                )
            if self.channel == "mail":
                _is_address(recipient)
        return self

    @property
    def grant(self) -> Grant | None:
        """What the report may draw on; None where it covers everything."""
        if not (self.families or self.suppliers or self.centers):
            return None
        return Grant(self.families, self.suppliers, self.centers)


DEFAULT = Subscription(name="everything")


@dataclass(frozen=True)
class Read:
    """What the file says: the subscriptions that can be followed, and a sentence for each that cannot."""

    subscriptions: tuple[Subscription, ...]
    problems: tuple[str, ...] = ()


def read_subscriptions(home: Home, snapshot: Snapshot | None = None) -> Read:
    """The home's subscriptions; with the whole snapshot, codes that it does not know are problems too.

    Raises:
        SubscriptionsError: the file is no list of subscriptions.
    """
    path = home.root / "subscriptions.yml"
    if not path.exists():
        return Read((DEFAULT,))
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SubscriptionsError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if (
        not isinstance(told, dict)
        or set(told) != {"subscriptions"}
        or not isinstance(told["subscriptions"], list)
    ):
        raise SubscriptionsError(f"{path} must hold one key, 'subscriptions', with a list: docs/reports.md.")
    names = Counter(each.get("name") for each in told["subscriptions"] if isinstance(each, dict))
    known = _known(snapshot) if snapshot is not None else {}
    good: list[Subscription] = []
    problems: list[str] = []
    for place, entry in enumerate(told["subscriptions"], 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"{path.name}: subscription {name!r}" if name else f"{path.name}: subscription {place}"
        try:
            if not isinstance(entry, dict):
                raise ValueError(f"is {entry!r}: write its name, schedule, recipients as keys")
            if names[name] > 1:
                raise ValueError(f"is there {names[name]} times: give each a name of its own")
            read = Subscription.model_validate(entry)
            _check_codes(read, known)
        except ValidationError as error:
            problems += [f"{where}: {_in_words(each)}." for each in error.errors()]
        except ValueError as error:
            problems.append(f"{where}: {error}.")
        else:
            good.append(read)
    return Read(tuple(good), tuple(problems))


def _is_address(recipient: str) -> None:
    try:
        found = addresses("recipients", recipient)
    except MailSettingsError:
        found = []
    if found != [recipient]:
        raise ValueError(f"{recipient!r} is no mail address: write one as name@example.org")


def _known(snapshot: Snapshot) -> dict[str, list[str]]:
    return {
        "families": families(snapshot),
        "suppliers": suppliers(snapshot),
        "centers": service_centers(snapshot)["service_center_id"].to_list(),
    }


def _check_codes(read: Subscription, known: dict[str, list[str]]) -> None:
    for kind, codes in known.items():
        for value in getattr(read, kind):
            if value not in codes:
                raise ValueError(
                    f"{kind} {value!r} is in no row of the data.{_nearest(value, codes)}".rstrip(".")
                )


def _in_words(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    given = error.get("input")
    if error["type"] == "extra_forbidden":
        return f"unknown key {key!r}.{_nearest(key, list(Subscription.model_fields))}".rstrip(".")
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "literal_error":
        return f"{key} is {given!r}: use {error['ctx']['expected']}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in ("tuple_type", "string_type"):
        wanted = "a list such as [a, b]" if error["type"] == "tuple_type" else "text, in quotes"
        return f"{key} is {given!r}: write {wanted}"
    return f"{key} is {given!r}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _nearest(word: str, known: list[str]) -> str:
    found = difflib.get_close_matches(str(word), [str(each) for each in known], 1)
    return f" Did you mean {found[0]!r}?" if found else ""
