"""The evidence for emerging defects: its formula, its guarantee where it is exact, and what it cannot see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.reliability import (
    Counts,
    ObservationError,
    born_periods,
    claims_needed,
    evidence_of,
    explained_by,
    power,
    split_budget,
    visible_ratio,
)
from pipelines.reliability.emergence import RATIO_WEIGHTS, RATIOS


def table(units: np.ndarray, claims: np.ndarray) -> Counts:
    """Nodes side by side in one stratum a period: units (nodes,), claims (periods, nodes), any fault."""
    periods, nodes = claims.shape
    stratum = np.repeat(np.arange(periods), nodes)
    node = np.tile(np.arange(nodes), periods)
    cell = np.arange(periods * nodes)
    hit = np.flatnonzero(claims.ravel())
    return Counts(
        stratum=stratum,
        units=np.tile(units, periods).astype(float),
        pair_node=node,
        pair_cell=cell,
        event_cell=hit,
        event_fault=np.zeros(len(hit), np.intp),
        event_period=stratum[hit],
        event_count=claims.ravel()[hit].astype(float),
        stratum_period=np.arange(periods),
    )


def exactly(counts: Counts, nodes: int, periods: int, **more):
    """theta0 1 and no spread: the guarantee holds exactly."""
    return evidence_of(
        counts, np.arange(nodes), nodes=nodes, faults=1, periods=periods, theta0=1.0, spread=0.0, **more
    )


def test_the_evidence_is_the_formula_written_out():
    units, claims = np.array([20, 80]), np.array([[3, 4], [2, 1], [0, 6]])
    found = exactly(table(units, claims), 2, 3, life=5)
    number, own = claims.sum(axis=1), claims[:, 0]
    expected = 0.0
    for ratio, weight in zip(RATIOS, RATIO_WEIGHTS, strict=True):
        factor = ratio**own / (1 + 0.2 * (ratio - 1)) ** number
        anew = sum(factor[start:].prod() / 5 for start in range(3))
        expected += weight * (factor.prod() + anew) / 2
    assert np.exp(found.log_evidence[-1, 0, 0]) == pytest.approx(expected)
    assert found.observed[-1, :, 0].tolist() == [5, 11]
    assert found.expected[-1, :, 0] == pytest.approx([16 * 0.2, 16 * 0.8])


def test_without_spread_the_chance_of_ever_reaching_a_limit_is_at_most_its_inverse():
    # 3,000 sound nodes, each a tenth of a comparison set of its own, 24 looks at 0 to 12 claims a look.
    rng, nodes, periods = np.random.default_rng(1), 3000, 24
    number = rng.poisson(4, (periods, nodes))
    own = rng.binomial(number, 0.1)
    stratum = np.arange(periods * nodes).reshape(periods, nodes)
    inside, outside = np.arange(periods * nodes), periods * nodes + np.arange(periods * nodes)
    counts = Counts(
        stratum=np.concatenate([stratum.ravel(), stratum.ravel()]),
        units=np.concatenate([np.full(periods * nodes, 10.0), np.full(periods * nodes, 90.0)]),
        pair_node=np.tile(np.arange(nodes), periods),
        pair_cell=inside,
        event_cell=np.concatenate([inside, outside]),
        event_fault=np.zeros(2 * periods * nodes, np.intp),
        event_period=np.tile(np.repeat(np.arange(periods), nodes), 2),
        event_count=np.concatenate([own.ravel(), (number - own).ravel()]).astype(float),
        stratum_period=np.repeat(np.arange(periods), nodes),
    )
    top = exactly(counts, nodes, periods).log_evidence[:, :, 0].max(axis=0)
    for alpha in (0.2, 0.05, 0.01):
        assert (top >= -np.log(alpha)).mean() <= alpha
    assert (top >= np.log(5)).mean() > 0.02  # not for want of trying


def test_a_surge_of_all_is_no_evidence_against_one():
    # Ten times the claims in the same shares: a spring, a sale, a delay that ends.
    units = np.array([100, 300])
    calm = np.tile([2, 6], (6, 1))
    surge = calm.copy()
    surge[3:] *= 10
    assert exactly(table(units, surge), 2, 6).log_evidence.max() <= 0.05


def test_order_of_rows_changes_nothing():
    counts = table(np.array([20, 80, 50]), np.random.default_rng(2).poisson(3, (8, 3)))
    turn = np.random.default_rng(3).permutation(len(counts.event_cell))
    pairs = np.random.default_rng(4).permutation(len(counts.pair_cell))
    shuffled = Counts(
        counts.stratum, counts.units, counts.pair_node[pairs], counts.pair_cell[pairs],
        *(column[turn] for column in (counts.event_cell, counts.event_fault, counts.event_period)),
        counts.event_count[turn], counts.stratum_period,
    )  # fmt: skip
    same = exactly(counts, 3, 8).log_evidence
    assert exactly(shuffled, 3, 8).log_evidence == pytest.approx(same, abs=1e-12)


def test_what_has_no_peers_or_too_few_units_gives_no_evidence():
    alone = exactly(table(np.array([50]), np.array([[9], [9]])), 1, 2)
    assert alone.log_evidence.max() <= 0
    assert not alone.has_peers[0]
    single = table(np.array([1, 99]), np.array([[1, 0], [1, 0]]))
    assert born_periods(single, 2, 10.0).tolist() == [-1, 0]
    assert exactly(single, 2, 2).log_evidence[:, 0].max() <= 0


def test_a_product_that_always_claims_twice_as_much_hands_its_lots_that_offset():
    # Node 0 is the product (cells 1 and 2), node 1 its lot; other lots of it claimed twice their share.
    rng, periods = np.random.default_rng(5), 30
    shares = np.array([0.2, 0.1, 0.7])
    claims = rng.multinomial(60, np.array([0.4, 0.2, 0.4]), periods)
    base = table(shares * 1000, claims)
    counts = Counts(
        base.stratum, base.units,
        np.concatenate([np.zeros(2 * periods, np.intp), np.ones(periods, np.intp)]),
        np.concatenate([np.arange(start, 3 * periods, 3) for start in (0, 1, 1)]),
        base.event_cell, base.event_fault, base.event_period, base.event_count, base.stratum_period,
    )  # fmt: skip
    found = evidence_of(counts, [0, 0], nodes=2, faults=1, periods=periods)
    assert found.offset[-1, 1, 0] == pytest.approx(2, rel=0.12)
    assert found.log_evidence[:, 1].max() < np.log(50)
    bare = evidence_of(counts, [0, 1], nodes=2, faults=1, periods=periods, spread=0.0, theta0=1.0)
    assert bare.log_evidence[-1, 1, 0] > np.log(1e6)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-1, 40), st.integers(0, 2)), max_size=200))
def test_the_budget_of_a_year_is_never_exceeded_whatever_is_born(births: list[tuple[int, int]]):
    born, level = np.array(births, np.intp).reshape(-1, 2).T if births else (np.zeros(0), np.zeros(0))
    split = split_budget(born, level, [0.2, 0.5, 0.3], declared=2.0)
    assert all(total <= 2.0 + 1e-9 for total in split.by_year.values())
    assert np.all(split.alpha[np.asarray(born) < 0] == 0)
    assert np.all(split.alpha[np.asarray(born) >= 0] > 0)


def test_a_weight_does_not_change_when_later_nodes_are_born():
    few = split_budget([0, 0, 3, 13], [0, 0, 0, 0], [1.0])
    more = split_budget([0, 0, 3, 13, 14, 15, 30], [0] * 7, [1.0])
    assert more.alpha[:4].tolist() == few.alpha.tolist()


def test_the_lot_explains_its_product_and_its_delivery_months():
    # Cells: bad lot in two delivery months (0, 1), the product's good lots (2), others (3).
    units, claims = np.array([50, 50, 300, 1600]), np.tile([6, 5, 3, 16], (4, 1))
    base = table(units, claims)
    by_cell = np.arange(16).reshape(4, 4)
    members = [by_cell[:, :2], by_cell[:, :3], by_cell[:, :1], by_cell[:, 1:2]]
    counts = Counts(
        base.stratum, base.units,
        np.concatenate([np.full(m.size, node) for node, m in enumerate(members)]),
        np.concatenate([m.ravel() for m in members]),
        base.event_cell, base.event_fault, base.event_period, base.event_count, base.stratum_period,
    )  # fmt: skip
    cause = explained_by(counts, [1, 2, 0, 3], [0] * 4, [np.log(300)] * 4, [1.1] * 4, size=[400, 50, 100, 50])
    assert cause.tolist() == [2, 2, 2, 2]  # all four refer to the third alert, the lot


def test_power_is_that_of_the_claims_needed():
    needed = claims_needed([0.5, 5.0, 50.0], np.log(300))
    for e, x in zip([0.5, 5.0, 50.0], needed, strict=True):

        def shown(k: float, e: float = e) -> float:
            return (
                sum(w * r**k * np.exp(-(r - 1) * e) for r, w in zip(RATIOS, RATIO_WEIGHTS, strict=True)) / 2
            )

        assert shown(x) >= 300 > shown(x - 1)
    assert power(5.0, np.log(300), 3.0) == pytest.approx(stats.poisson.sf(needed[1] - 1, 15))
    ratio = visible_ratio(np.array([5.0]), np.log(300))
    assert power(5.0, np.log(300), ratio)[0] == pytest.approx(0.8, abs=1e-6)
    assert power(0.0, np.log(300), 3.0) == 0


def test_settings_without_meaning_are_refused():
    with pytest.raises(ObservationError, match="theta0"):
        evidence_of(
            table(np.array([1, 1]), np.ones((1, 2))), [0, 1], nodes=2, faults=1, periods=1, theta0=0.5
        )
    with pytest.raises(ObservationError, match="declared"):
        split_budget([0], [0], [1.2])
