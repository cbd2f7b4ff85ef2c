"""`subscriptions.yml`: every mistake is a sentence, and hinders no other subscription."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.delivery.subscriptions import DEFAULT, SubscriptionsError, read_subscriptions
from pipelines.home import Home
from pipelines.queries.grants import Grant
from pipelines.queries.snapshot import open_snapshot

GOOD = "- {name: good, families: [chainsaw]}"


def told(folder: Path, text: str) -> Home:
    (folder / "subscriptions.yml").write_text("subscriptions:\n" + text)
    return Home.at(folder)


def test_without_the_file_one_subscription_covers_everything_and_writes_files(tmp_path: Path) -> None:
    read = read_subscriptions(Home.at(tmp_path))
    assert read.subscriptions == (DEFAULT,)
    assert (DEFAULT.grant, DEFAULT.channel, DEFAULT.schedule) == (None, "file", "weekly")


def test_a_subscription_says_its_scope_and_its_recipients(tmp_path: Path) -> None:
    entry = "- {name: saws, families: [a], suppliers: [S1], channel: mail, recipients: [ben@example.com]}"
    [read] = read_subscriptions(told(tmp_path, entry)).subscriptions
    assert read.grant == Grant(families=("a",), suppliers=("S1",))
    assert read.recipients == ("ben@example.com",)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            "- {name: x, families: [chainsow]}",
            "'chainsow' is in no row of the data. Did you mean 'chainsaw'?",
        ),
        ("- {name: x, centers: [SC9]}", "centers 'SC9' is in no row of the data"),
        ("- {name: x, language: de}", "language is 'de': use 'en' or 'fr'"),
        ("- {name: x, channel: mail, recipients: [ben]}", "'ben' is no mail address"),
        ("- {name: x, channel: mail, recipients: ['Ben <b@example.com>']}", "is no mail address"),
        ("- {name: x, channel: mail}", "channel mail needs recipients"),
        ("- {name: x, channel: chat, recipients: ['slack://T/B/C']}", "no name of a variable"),
        ("- {name: x, recipients: [b@example.com]}", "channel file has no recipients"),
        ("- {name: x, familys: [chainsaw]}", "unknown key 'familys'. Did you mean 'families'?"),
        ("- {name: x, families: chainsaw}", "families is 'chainsaw': write a list such as [a, b]"),
        ("- {families: [chainsaw]}", "name is missing"),
        ("- {name: 2026-w44}", "no name for a folder"),
        ("- {name: ../x}", "no name for a folder"),
        ("- {name: x}\n- {name: x}", "'x': is there 2 times"),
        ("- weekly", "subscription 1: is 'weekly'"),
    ],
)
def test_a_mistake_is_a_sentence_and_the_other_subscription_stands(
    tmp_path: Path, small_home: Home, entry: str, sentence: str
) -> None:
    snapshot = open_snapshot(small_home)
    read = read_subscriptions(told(tmp_path, f"{entry}\n{GOOD}"), snapshot)
    snapshot.close()
    assert [each.name for each in read.subscriptions] == ["good"]
    assert any(sentence in problem for problem in read.problems), read.problems


@pytest.mark.parametrize("text", ["{", "[]", "other: 1", "subscriptions: all"])
def test_a_file_that_is_no_list_is_refused_whole(tmp_path: Path, text: str) -> None:
    (tmp_path / "subscriptions.yml").write_text(text)
    with pytest.raises(SubscriptionsError, match=r"subscriptions\.yml"):
        read_subscriptions(Home.at(tmp_path))
