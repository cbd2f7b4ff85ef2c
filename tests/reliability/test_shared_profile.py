"""One year that families follow more or less strongly."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import SharedProfile, shared_profile

YEAR = np.log(np.array([0.3, 0.3, 0.9, 2.2, 1.6, 1.5, 1.3, 1.2, 1.0, 0.9, 0.6, 0.4]))
STRENGTHS = np.array([1.5, 1.4, 1.3, 1.2, 0.6, 0.0])


def drawn(claims: float, seed: int = 1) -> tuple[SharedProfile, np.ndarray]:
    """Six families of so many claims a month, and the factors that they are drawn from."""
    factor = np.exp(STRENGTHS[:, None] * YEAR)
    factor /= factor.mean(axis=1, keepdims=True)
    expected = np.full(factor.shape, claims)
    return shared_profile(np.random.default_rng(seed).poisson(claims * factor), expected), factor


def test_each_family_gets_back_how_strongly_it_follows_the_year() -> None:
    """The profile's unit is that of an average family, so strengths come back up to one factor."""
    found, factor = drawn(2000)
    assert found.factor == pytest.approx(factor, rel=0.08)
    assert found.strength / found.strength[0] == pytest.approx(STRENGTHS / STRENGTHS[0], abs=0.04)
    assert (found.factor.mean(axis=1)) == pytest.approx(np.ones(6), abs=1e-9)


def test_a_family_without_a_year_does_not_hide_how_deep_the_winter_of_the_others_is() -> None:
    """With 15 claims a month the strong families' winter is found; that of all together is half as deep."""
    winters = [drawn(15, seed)[0].factor[:4, [0, 1]].mean() for seed in range(20)]
    truth = drawn(15)[1]
    assert np.mean(winters) == pytest.approx(truth[:4, [0, 1]].mean(), rel=0.15)
    assert truth.mean(axis=0)[:2].mean() > 1.5 * truth[:4, [0, 1]].mean()


def test_the_limits_of_strengths_hold_what_families_follow() -> None:
    """Strength times profile is what can be known: its error, as a share of what is said, is about one."""
    scores = []
    for seed in range(40):
        found, factor = drawn(20, seed)
        error = np.log(found.factor) - np.log(factor)
        variance = found.log_variance + found.strength[:, None] ** 2 * found.profile_log_variance
        scores.append((error**2 / variance).mean())
    assert 0.5 < np.mean(scores) < 1.5


def test_where_no_month_differs_less_is_said_than_chance_alone_would_say() -> None:
    """Eight families of 30 a month: a month of all would stray by one in root 240, a family's by root 30."""
    strays = []
    for seed in range(10):
        events = np.random.default_rng(seed).poisson(30, (8, 12))
        strays.append(np.sqrt(((shared_profile(events, np.full((8, 12), 30.0)).factor - 1) ** 2).mean()))
    assert np.mean(strays) < 240**-0.5
    assert np.median(strays) < 0.5 * 240**-0.5


def test_one_family_alone_has_the_profile_and_nothing_is_nothing() -> None:
    expected = np.full((1, 12), 500.0)
    alone = shared_profile(np.round(expected * np.exp(YEAR)), expected)
    assert alone.factor[0] / alone.factor[0, 0] == pytest.approx(np.exp(YEAR - YEAR[0]), rel=0.05)
    none = shared_profile(np.zeros((2, 12)), np.array([[0.0] * 12, [3.0] * 12]))
    assert np.all(np.isfinite(none.factor))
    assert np.all(np.isfinite(none.log_variance))
