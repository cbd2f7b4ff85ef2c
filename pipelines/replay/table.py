"""A replay as the short table that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.queries.formats import euros, number
from pipelines.queries.words import code_label
from pipelines.replay.estimates import Estimate
from pipelines.replay.verdicts import Replay

MOVES_SHOWN = 12
_LABELS = {
    "flips": "Claims that flip",
    "cost": "Cost of claims that move",
    "deferred": "Decided by one policy only",
    "refusals": "Refusals",
    "repeat_repairs": "Repairs that fail again",
    "below_law": "Claims below the law",
    "exposure": "Owed by law on top",
}
_MONEY = ("cost", "deferred", "exposure")
_EXPLAINED = (
    "95% intervals. Euros: from the spread of labour and parts that nobody knows (log-normal around the",
    "quote, else around machines like it, whose claims share an error). Counts: what another history of this",
    "size would give (Poisson limits of claims gained and lost). Repeat repairs: each machine by itself.",
)


def written(done: Replay) -> Iterator[str]:
    """The lines."""
    yield f"Policy version {done.version} over {number(done.claims, 'en')} claims with a verdict."
    yield from _numbers(done)
    yield ""
    yield f"{'':28}{'on record':>12}{'replayed':>12}{'change':>12}   95% interval"
    for each in done.estimates:
        yield _line(each)
    if done.payer_changes:
        yield f"{'Only the payer changes':28}{'':24}{number(done.payer_changes, 'en'):>12}"
    moves = [row for row in done.matrix.rows(named=True) if row["before_outcome"] != row["after_outcome"]]
    if moves:
        yield ""
        yield f"{'from':34}{'to':34}{'claims':>8}{'change':>12}"
    for row in moves[:MOVES_SHOWN]:
        change = euros(row["change_eur"], "en") if row["unpriced"] < row["claims"] else "not priced"
        before, after = code_label(row["before_outcome"], "en"), code_label(row["after_outcome"], "en")
        yield f"{before:34}{after:34}{number(row['claims'], 'en'):>8}{change:>12}"
    if len(moves) > MOVES_SHOWN:
        yield f"and {len(moves) - MOVES_SHOWN} more pairs"
    if done.open_flips:
        yield ""
        yield f"{number(done.open_flips, 'en')} of the flips are claims still open."
    if done.unpriced.height:
        yield ""
        yield "Not in the change of cost:"
        for reason, claims in done.unpriced.rows():
            yield f"{number(claims, 'en'):>9} x {reason}"
    yield ""
    yield from _EXPLAINED


def _numbers(done: Replay) -> Iterator[str]:
    for each in done.numbers:
        here, now = each.here or "unset", each.in_force or "unset"
        ignored = "" if each.is_replayed else "; a build follows it, the verdicts here do not"
        yield f"{each.parameter} ({each.unit}): {here} instead of {now}{ignored}"


def _line(each: Estimate) -> str:
    def say(value: float | None) -> str:
        if value is None:
            return ""
        if each.name in _MONEY:
            return euros(value, "en")
        return number(value, "en", 1 if each.name == "repeat_repairs" else 0)

    interval = "" if each.low == each.high else f"{say(each.low)} to {say(each.high)}"
    numbers = "".join(f"{say(value):>12}" for value in (each.before, each.after, each.change))
    return f"{_LABELS[each.name]:28}{numbers}   {interval}".rstrip()
