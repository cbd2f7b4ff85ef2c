"""The chain ladder with Mack's error against the published triangles."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import ObservationError, chain_ladder

# Reinsurance Association of America, Historical Loss Development Study 1991; Mack 1994 (CAS Forum), table 1.
RAA = [
    [5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834],
    [106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704],
    [3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466],
    [5655, 11555, 15766, 21266, 23425, 26083, 27067],
    [1092, 9565, 15836, 22169, 25955, 26180],
    [1513, 6445, 11702, 12935, 15852],
    [557, 4020, 10946, 12314],
    [1351, 6947, 13112],
    [3133, 5395],
    [2063],
]
# Taylor & Ashe 1983 (J. Econometrics 23:37); Mack 1993 (ASTIN Bulletin 23:213), tables 1-3.
TAYLOR_ASHE = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]


def triangle(rows: list[list[int]]) -> np.ndarray:
    width = max(len(row) for row in rows)
    return np.array([row + [np.nan] * (width - len(row)) for row in rows], float)


def test_the_raa_triangle_meets_the_published_reserve_and_error():
    # Mack 1994: 52,135 with standard error 26,909
    found = chain_ladder(triangle(RAA))
    assert (round(found.total_reserve), round(found.total_standard_error)) == (52135, 26909)
    # R package ChainLadder, MackChainLadder(RAA) with its log-linear last sigma: 26,880.74
    assert round(chain_ladder(triangle(RAA), last_sigma="log-linear").total_standard_error, 2) == 26880.74


def test_the_taylor_ashe_triangle_meets_macks_tables():
    # Mack 1993, table 3: reserves and standard errors in thousands, total 18,681 and 2,447
    found = chain_ladder(triangle(TAYLOR_ASHE))
    assert np.round(found.reserves / 1000).tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]
    assert np.round(found.standard_errors / 1000).tolist() == [
        0, 76, 122, 134, 261, 411, 558, 875, 971, 1363,
    ]  # fmt: skip
    assert (round(found.total_reserve / 1000), round(found.total_standard_error / 1000)) == (18681, 2447)
    assert found.factors[:3] == pytest.approx([3.49, 1.75, 1.46], abs=5e-3)


def test_increments_and_cumulative_cells_are_the_same_triangle():
    cells = triangle(RAA)
    increments = np.diff(cells, axis=1, prepend=0.0)
    assert chain_ladder(increments, is_cumulative=False).total_standard_error == pytest.approx(
        chain_ladder(cells).total_standard_error
    )


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
def test_a_triangle_that_follows_its_factors_has_no_error(alpha: float):
    cells = triangle([[100, 150, 165], [200, 300], [400]])
    found = chain_ladder(cells, alpha=alpha)
    assert found.ultimates == pytest.approx([165, 330, 660])
    assert found.total_standard_error == pytest.approx(0, abs=1e-9)
    assert chain_ladder(cells, tail_factor=1.1).ultimates == pytest.approx([181.5, 363, 726])


def test_the_error_is_that_of_triangles_drawn_from_macks_model():
    # 3,000 triangles by the model: the spread of the reserve's miss is the error that is stated.
    rng, factors, sigmas = np.random.default_rng(11), [2.0, 1.4, 1.1], [9.0, 5.0, 2.0]
    misses, stated = [], []
    for _ in range(3000):
        full = np.full((12, 4), 1000.0)
        for k in range(3):
            full[:, k + 1] = factors[k] * full[:, k] + sigmas[k] * np.sqrt(full[:, k]) * rng.normal(size=12)
        seen = full.copy()
        for cohort in (9, 10, 11):
            seen[cohort, 12 - cohort :] = np.nan
        found = chain_ladder(seen)
        misses.append(found.ultimates.sum() - full[:, -1].sum())
        stated.append(found.total_standard_error**2)
    assert np.sqrt(np.mean(stated)) == pytest.approx(np.std(misses), rel=0.06)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([[1.0, 2.0]], "two cohorts"),
        ([[1, np.nan, 3], [1, 2, np.nan]], "holes"),
        ([[1, 2, np.nan], [1, np.nan, np.nan]], "not complete"),
        ([[0, 2, 3], [1, 2, np.nan]], "cannot carry"),
    ],
)
def test_what_is_no_triangle_is_refused(rows: list[list[float]], word: str):
    with pytest.raises(ObservationError, match=word):
        chain_ladder(rows)
