"""What a replay counts and prices, on hand-made claims and on the demo."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest

from pipelines.queries.intervals import poisson
from pipelines.queries.snapshot import Snapshot
from pipelines.replay import Estimate, Replay, Vocabulary, read_rules, replay, seed_rules
from pipelines.replay.matching import first_matches

Draft = Callable[..., bytes]
Made = Callable[..., Snapshot]
Z = 1.959963984540054
WAITING = {"policy_outcome": "suspended_paypal", "paypal_state": "open", "policy_payer_inbound": "customer"}
MISUSE = {
    "verdict_cause": "misuse", "policy_outcome": "rejected_misuse", "legal_outcome": "rejected_misuse",
    "policy_payer_inbound": "customer", "policy_payer_work": "customer", "policy_payer_outbound": "customer",
}  # fmt: skip
UNSURE = {
    "work_basis": "cell", "work_variance": 400, "salvage_variance": 100, "work_salvage_covariance": -150,
    "work_per_level_eur": 100, "salvage_per_level_eur": -60, "level_variance": 0.01,
}  # fmt: skip
# Repairs become new units: D14 alone decides claims with a centre nearby.
ALWAYS_NEW = {"outcome": "replacement", "payer_work": ""}


def played(snapshot: Snapshot, content: bytes, words: Vocabulary) -> Replay:
    return replay(snapshot, read_rules(content, "draft.csv", words).version("draft"), words)


def estimate(done: Replay, name: str) -> Estimate:
    return next(each for each in done.estimates if each.name == name)


def test_the_policy_in_force_reproduces_its_own_verdicts(demo: Snapshot, words: Vocabulary) -> None:
    done = replay(demo, seed_rules(words).version("page"), words)
    assert done.claims > 1000
    assert (done.flips, done.payer_changes, done.moved.height) == (0, 0, 0)
    assert all((each.change, each.low, each.high) == (0, 0, 0) for each in done.estimates)


def test_the_policy_in_force_reproduces_the_rows_that_decided(demo: Snapshot, words: Vocabulary) -> None:
    rules = seed_rules(words).version("page")
    claims = demo.rows(
        f"""
        select {words.combination_sql()} as combination, policy_rule_id from marts.fct_claim_verdicts
        """
    )
    found = first_matches(claims["combination"].to_numpy(), [rule.cover for rule in rules])
    assert [f"page/{rules[place].code}" for place in found] == claims["policy_rule_id"].to_list()


def test_every_judged_claim_is_in_the_matrix(demo: Snapshot, words: Vocabulary, draft: Draft) -> None:
    done = played(demo, draft(leave_out=("D02",), D07={"outcome": "repair_pickup"}), words)
    judged = demo.rows("select count(*) from marts.fct_claims where is_judged").item()
    assert done.matrix["claims"].sum() == done.claims == judged
    off_diagonal = done.matrix.filter(pl.col("before_outcome") != pl.col("after_outcome"))
    assert off_diagonal["claims"].sum() == done.flips == done.moved["is_flip"].sum() > 0
    priced = done.moved["change_eur"].drop_nulls()
    assert estimate(done, "cost").claims == priced.len()
    assert float(priced.sum()) == pytest.approx(estimate(done, "cost").change, abs=0.005)


def test_a_refusal_made_a_repair_costs_the_repair(made: Made, draft: Draft, words: Vocabulary) -> None:
    snapshot = made(MISUSE, {**MISUSE, "units": 2, "refusal_expected_eur": -90.0}, {})
    done = played(snapshot, draft(leave_out=("D07",)), words)
    assert done.moved.select("ticket_id", "before_outcome", "after_outcome", "change_eur").rows() == [
        ("T0", "rejected_misuse", "repair_sav_centre", Decimal("213.80")),
        ("T1", "rejected_misuse", "repair_sav_centre", Decimal("607.60")),
    ]
    cost = estimate(done, "cost")
    # Work that is known has no spread.
    assert cost.change == cost.low == cost.high == pytest.approx(213.80 + 607.60)
    assert (estimate(done, "refusals").before, estimate(done, "refusals").after) == (2, 0)
    # Three machines more are repaired, each fails again with probability 0.1.
    repeats = estimate(done, "repeat_repairs")
    assert repeats.change == pytest.approx(0.3)
    assert repeats.high - repeats.change == pytest.approx(Z * math.sqrt(3 * 0.1 * 0.9))


def test_who_pays_a_leg_moves_its_euros(made: Made, draft: Draft, words: Vocabulary) -> None:
    changes = {"payer_inbound": "customer", "payer_work": "customer"}
    done = played(made({}), draft(D14=changes), words)
    assert (done.flips, done.payer_changes) == (0, 1)
    assert estimate(done, "cost").change == pytest.approx(-(35 + 15 + 100))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"outcome": "replacement", "payer_work": ""}, 347.00),
        ({"outcome": "replacement", "payer_work": "", "payer_outbound": "customer"}, 347.00 - 35),
        ({"outcome": "refund_or_reduction"}, 450.00),
        ({"outcome": "withdrawal_refund", "payer_inbound": "customer"}, 450.00 - 35),
        ({"outcome": "spare_part_shipped"}, 55.00),
        ({"outcome": "spare_part_shipped", "payer_work": "customer"}, 15.00),
        ({"outcome": "no_fault_found"}, 97.00),
        ({"outcome": "no_fault_found", "payer_work": "customer"}, 82.00),
        ({"outcome": "rejected_wear"}, 0.00),
        ({"outcome": "remote_resolved"}, 0.00),
        ({"outcome": "repair_pickup"}, 213.80),
    ],
)
def test_each_verdict_has_its_price(
    made: Made, draft: Draft, words: Vocabulary, outcome: dict[str, str], expected: float
) -> None:
    done = played(made({}), draft(D14=outcome), words)
    assert done.flips == 1
    assert estimate(done, "cost").after == pytest.approx(expected)


def test_unknown_work_makes_an_interval_and_a_shared_cell_widens_it(
    made: Made, draft: Draft, words: Vocabulary
) -> None:
    # Repair to new unit: −R − S, variance 400 + 100 + 2·(−150) = 200; d = −100 − (−60) = −40 each.
    alone = estimate(played(made(UNSURE), draft(D14=ALWAYS_NEW), words), "cost")
    assert alone.high - alone.change == pytest.approx(Z * math.sqrt(200))
    same = estimate(played(made(UNSURE, UNSURE), draft(D14=ALWAYS_NEW), words), "cost")
    # Two claims of one cell: + 0.01 × ((−80)² − 2·(−40)²) = 32.
    assert same.high - same.change == pytest.approx(Z * math.sqrt(2 * 200 + 32))
    apart = estimate(played(made(UNSURE, UNSURE | {"cell": "other"}), draft(D14=ALWAYS_NEW), words), "cost")
    assert apart.high - apart.change == pytest.approx(Z * math.sqrt(2 * 200))


def test_claims_without_a_price_are_counted_and_named(made: Made, draft: Draft, words: Vocabulary) -> None:
    prices = dict.fromkeys(
        f"{name}_expected_eur" for name in ("repair", "replacement", "refund", "part", "refusal")
    )
    lost = {"is_priced": False, "unpriced_reason": "no product is known", **prices}
    done = played(made({}, lost, lost), draft(D14=ALWAYS_NEW), words)
    assert done.flips == 3
    assert done.unpriced.rows() == [("no product is known", 2)]
    assert estimate(done, "cost").claims == 1
    assert done.moved["unpriced_reason"].to_list() == [None, "no product is known", "no product is known"]


def test_a_claim_before_any_policy_is_counted_and_named(made: Made, draft: Draft, words: Vocabulary) -> None:
    none = dict.fromkeys(("policy_version", "policy_rule_id", "policy_outcome", "policy_payer_inbound"))
    done = played(made({}, none), draft(), words)
    assert (done.claims, done.flips) == (2, 1)
    assert done.unpriced.rows() == [("no policy was in force at the request", 1)]


def test_a_hold_that_ends_is_brought_forward_not_lost(made: Made, draft: Draft, words: Vocabulary) -> None:
    done = played(made(WAITING), draft(leave_out=("D02",)), words)
    assert estimate(done, "cost").claims == 0
    assert estimate(done, "deferred").change == pytest.approx(213.80)
    assert done.unpriced.rows() == [("undecided on record: suspended_paypal", 1)]


def test_a_verdict_below_the_legal_one_is_exposure(made: Made, draft: Draft, words: Vocabulary) -> None:
    asked_new = {"legal_outcome": "replacement"}
    done = played(made(asked_new, {}), draft(D14={"outcome": "rejected_wear"}), words)
    below = estimate(done, "below_law")
    assert (below.before, below.after) == (1, 2)
    exposure = estimate(done, "exposure")
    assert exposure.before == pytest.approx(347.00 - 213.80)
    assert exposure.after == pytest.approx(347.00 + 213.80)
    # A new unit where a repair was due is not below the law.
    assert estimate(played(made({}), draft(D14=ALWAYS_NEW), words), "below_law").after == 0


def test_counts_have_the_limits_of_what_moved(made: Made, draft: Draft, words: Vocabulary) -> None:
    done = played(made(*[MISUSE] * 4, {}), draft(leave_out=("D07",)), words)
    flips, refusals = estimate(done, "flips"), estimate(done, "refusals")
    assert (flips.change, flips.low, flips.high) == (4, *poisson(4))
    # Four lost, none gained: low = −4 − √(0² + (10.24 − 4)²); high = −4 + √(3.69² + (4 − 1.09)²).
    assert refusals.change == -4
    assert refusals.low == pytest.approx(-10.242, abs=0.001)
    assert refusals.high == pytest.approx(-4 + math.hypot(3.689, 4 - 1.090), abs=0.001)
