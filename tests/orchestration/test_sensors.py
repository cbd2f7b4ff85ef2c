"""The inbox sensor starts one build per set of files, once they have stopped growing."""

from __future__ import annotations

import os

import dagster as dg
import pytest

from pipelines.home import Home
from pipelines.orchestration.resources import HomeResource
from pipelines.orchestration.sensors import fingerprint, inbox, waiting_files


class Looks:
    """Evaluates the sensor again and again, as the daemon does, keeping its cursor."""

    def __init__(self, home: Home, instance: dg.DagsterInstance) -> None:
        self.home, self.instance, self.cursor = home, instance, None

    def __call__(self) -> dg.RunRequest | str:
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            resources={"home": HomeResource(root=str(self.home.root))},
        )
        answer = inbox(context)
        self.cursor = context.cursor
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer if isinstance(answer, dg.RunRequest) else str(answer.skip_message)


@pytest.fixture
def look(home: Home, instance: dg.DagsterInstance) -> Looks:
    return Looks(home, instance)


def deliver(home: Home, name: str, text: str = "order_id\n1\n") -> None:
    path = home.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_empty_inbox_starts_nothing(look: Looks) -> None:
    assert look() == "The inbox is empty."


def test_files_start_one_build_at_the_second_look_and_never_again(home: Home, look: Looks) -> None:
    deliver(home, "orders/a.csv")
    assert "waiting until they stop growing" in str(look())
    assert isinstance(look(), dg.RunRequest)
    assert "already started" in str(look())
    assert "already started" in str(look())


def test_a_file_that_still_grows_waits(home: Home, look: Looks) -> None:
    deliver(home, "orders/a.csv")
    look()
    deliver(home, "orders/a.csv", "order_id\n1\n2\n")
    assert "waiting until they stop growing" in str(look())
    assert isinstance(look(), dg.RunRequest)


def test_a_further_file_starts_a_further_build_with_a_run_key_of_its_own(home: Home, look: Looks) -> None:
    deliver(home, "orders/a.csv")
    look()
    first = look()
    deliver(home, "tickets/b.csv")
    look()
    second = look()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key != second.run_key


def test_no_build_starts_while_another_works(home: Home, look: Looks, instance: dg.DagsterInstance) -> None:
    @dg.job(name="build")
    def build() -> None:
        pass

    run = instance.create_run_for_job(build, status=dg.DagsterRunStatus.STARTED)
    deliver(home, "orders/a.csv")
    look()
    assert "A build is running" in str(look())
    instance.report_run_canceled(run)
    assert isinstance(look(), dg.RunRequest)


def test_unfinished_and_hidden_files_do_not_count(home: Home) -> None:
    deliver(home, "orders/a.csv.part")
    deliver(home, "orders/.hidden")
    assert waiting_files(home) == []
    assert fingerprint([]) == ""


def test_the_same_name_and_size_changed_later_is_another_delivery(home: Home) -> None:
    deliver(home, "orders/a.csv", "1")
    before = fingerprint(waiting_files(home))
    os.utime(home.inbox / "orders" / "a.csv", (0, 0))
    assert fingerprint(waiting_files(home)) != before
