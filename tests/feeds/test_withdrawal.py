"""A withdrawn delivery has never been sent: what it brought leaves, what it hid comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.feeds import quarantined, take_all, withdraw
from pipelines.feeds.retiring import UnknownDeliveryError
from pipelines.home import Home
from pipelines.state.log import entries
from tests.feeds.conftest import ORDER_HEADER, landed

Put = Callable[..., Path]


def orders(*numbers: int, price: str = "5") -> str:
    """A file of these orders."""
    lines = [f"O{number},1,2024-03-01,S,1,{price}" for number in numbers]
    return "\n".join([ORDER_HEADER, *lines, "BAD,1,2024-03-01,S,0,5", ""])


def counting(home: Home) -> list[tuple]:
    """The orders of deliveries that count, by content."""
    gone = {row[0] for row in landed(home, "retirements", "retired_delivery_id")}
    rows = landed(home, "orders", "_delivery_id, order_id, _content_hash, _file_row")
    return sorted(row[1:] for row in rows if row[0] not in gone)


def sent(home: Home, put: Put, *files: str) -> list[str]:
    """Send the files one after the other; their deliveries."""
    ids = []
    for place, text in enumerate(files):
        put("orders", text, f"{place}.csv")
        ids += [str(delivery.delivery_id) for delivery in take_all(home)]
    return ids


def test_a_withdrawn_delivery_leaves_and_what_it_hid_comes_back(home: Home, put: Put, tmp_path: Path) -> None:
    wrong, right, other = orders(1, 2, 3), orders(2, 3, 4), orders(9)
    withdrawn = sent(home, put, wrong, right, other)[0]
    assert withdraw(home, withdrawn) == 2
    never = Home(tmp_path / "never").make()

    def put_there(source: str, text: str, name: str) -> Path:
        path = never.inbox / source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    sent(never, put_there, right, other)
    assert counting(home) == counting(never)
    assert len(quarantined(home)) == len(quarantined(never))
    assert [entry.detail for entry in entries(home, "withdraw")] == [
        f"0.csv: {withdrawn}; 2 rows of others came back"
    ]


def test_a_withdrawn_file_can_be_sent_again(home: Home, put: Put) -> None:
    (first,) = sent(home, put, orders(1, 2))
    withdraw(home, first)
    assert counting(home) == []
    sent(home, put, orders(1, 2))
    assert len(counting(home)) == 2


def test_an_unknown_delivery_is_named_with_the_latest(home: Home, put: Put) -> None:
    (only,) = sent(home, put, orders(1))
    with pytest.raises(UnknownDeliveryError, match=f"20990101 is not a delivery .* the latest are {only}"):
        withdraw(home, "20990101")
