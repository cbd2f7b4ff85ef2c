"""What is emerging: the list, one signal in full, the acts, and who may act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries import emerging
from pipelines.queries.grants import Grant
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.signals import alerts, record_alerts

Open = Callable[..., AppTest]
ALERT = "family_code=chainsaw|sku=CH1|fault_code=D01|lot_code=L03"


@pytest.fixture(scope="module")
def snapshot(small_home: Home) -> Iterator[Snapshot]:
    opened = open_snapshot(small_home)
    yield opened
    opened.close()


@pytest.fixture
def ledger_home(small_home_builder, tmp_path: Path) -> Home:
    """A small home of its own, whose ledger holds the alert."""
    small_home_builder.make(tmp_path)
    home = Home.at(tmp_path).make()
    opened = open_snapshot(home)
    signals = opened.rows("select * from marts.fct_signals where signal_id = ?", [ALERT])
    opened.close()
    record_alerts(home, signals, "b1")
    return home


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "text", "info", "warning", "success", "subheader")
    return "\n".join(str(getattr(each, "value", "")) for kind in kinds for each in app.get(kind)).replace(
        "\\", ""
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_list_tells_alerts_what_is_watched_and_what_is_not(open_page: Open, language: str) -> None:
    app = open_page("emerging", lang=language)
    assert not app.exception
    assert not app.error
    said = words(app)
    assert "lot L03, CH1" in said
    assert ("24 demandes" if language == "fr" else "24 claims where like machines would have had 6.0") in said
    assert "2 " + ("fausses alertes" if language == "fr" else "false alerts") in said
    reasons = app.dataframe[-1].value["not_watchable_reason"].to_list()
    assert reasons[0].startswith("Moins" if language == "fr" else "Fewer")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_one_signal_tells_its_evidence_its_like_its_machines_and_its_claims(
    open_page: Open, snapshot: Snapshot, language: str
) -> None:
    app = open_page("emerging", lang=language, signal=ALERT)
    assert not app.exception
    assert not app.error
    shown = {each.label: each.value for each in app.metric}
    assert shown["Unités sous garantie" if language == "fr" else "Units under warranty"] == "80"
    machines = emerging.containment(snapshot, ALERT)
    assert machines.height > 5
    claims, total = emerging.claims_behind(snapshot, emerging.signal(snapshot, ALERT) or {})
    assert claims.height == total > 0
    frames = [each.value for each in app.dataframe]
    assert any(len(frame) == machines.height and "serial_number" in frame for frame in frames)
    assert any(len(frame) == total and "ticket_id" in frame for frame in frames)


def test_texts_of_customers_and_names_of_lots_are_inert(open_page: Open) -> None:
    app = open_page("emerging", signal=ALERT)
    said = "\n".join(each.value for each in app.markdown)
    assert "<script>" not in said
    assert "[link](http" not in said


def test_the_claims_behind_are_those_that_the_link_opens(open_page: Open, snapshot: Snapshot) -> None:
    row = emerging.signal(snapshot, ALERT) or {}
    parameters, is_exact = emerging.claims_link(row)
    assert is_exact
    app = open_page("claims", **parameters)
    shown = app.dataframe[0].value["ticket_id"].to_list()
    assert sorted(shown) == sorted(emerging.claims_behind(snapshot, row)[0]["ticket_id"].to_list())
    wider = emerging.claims_link(row | {"sku": None, "power_source": "mains"})
    assert not wider[1]


def test_a_signal_that_is_not_there_is_said_and_shows_nothing(open_page: Open) -> None:
    app = open_page("emerging", signal="lot=NOPE")
    assert "signal = lot=NOPE" in words(app)
    assert not app.metric


def test_weaker_evidence_and_coding_are_labelled(open_page: Open) -> None:
    assert "The weaker evidence" in words(open_page("emerging", signal="sku=CH2"))
    coding = words(open_page("emerging", signal="center=SC2"))
    assert "nothing about machines" in coding
    assert "Still out there" not in coding


def test_the_first_thing_that_needs_a_decision_is_what_is_emerging(open_page: Open) -> None:
    app = open_page("decisions")
    assert not app.exception
    first = next(each.value for each in app.markdown if "material/" in each.value)
    assert "is emerging" in first
    assert "1,234" in first


def test_people_act_on_an_alert_and_the_ledger_keeps_it(open_page: Open, ledger_home: Home) -> None:
    app = open_page("emerging", ledger_home, signal=ALERT)
    assert "no owner" in words(app)
    app.selectbox(key="act_kind").set_value("owner").run()
    app.text_input(key="act_note").set_value("Quality [x](http://evil)")
    next(each for each in app.button if each.label == "Add").click().run()
    assert not app.exception
    [alert] = alerts(ledger_home)
    assert alert.owner == "Quality [x](http://evil)"
    assert alert.acts[0].actor == "owner"
    assert "owner Quality [x](http://evil)" in words(app)
    assert "](http" not in "\n".join(each.value for each in app.markdown)


def test_an_act_that_the_ledger_refuses_is_said(open_page: Open, ledger_home: Home) -> None:
    app = open_page("emerging", ledger_home, signal=ALERT)
    app.selectbox(key="act_kind").set_value("owner").run()
    next(each for each in app.button if each.label == "Add").click().run()
    assert "needs a note" in words(app)
    assert alerts(ledger_home)[0].acts == ()


def test_who_may_not_act_sees_no_form(open_page: Open, ledger_home: Home, monkeypatch) -> None:
    from dashboards import alert_acts
    from pipelines.roles import Person

    monkeypatch.setattr(alert_acts, "visitor", lambda: Person("ana@example.com", "analyst"))
    app = open_page("emerging", ledger_home, signal=ALERT)
    assert "Your role reads" in words(app)
    assert "act_kind" not in [each.key for each in app.selectbox]


def test_a_supplier_sees_the_signals_of_its_products_alone(small_home: Home) -> None:
    own = open_snapshot(small_home, Grant(families=("lawn_mower",)))
    assert emerging.alerts(own, Scope()).is_empty()
    assert emerging.signal(own, ALERT) is None
    assert emerging.history(own, ALERT).is_empty()
    assert emerging.containment(own, ALERT).is_empty()
    own.close()
    theirs = open_snapshot(small_home, Grant(families=("chainsaw",)))
    assert emerging.alerts(theirs, Scope())["signal_id"].to_list() == [ALERT]
    assert emerging.history(theirs, ALERT).height == 12
    theirs.close()
