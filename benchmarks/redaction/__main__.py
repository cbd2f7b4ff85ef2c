"""Recall and precision of redaction per kind: `python -m benchmarks.redaction`.

A label counts as found where every letter and digit of it is gone; a redacted place counts as right where it
meets a label; a clean phrase in which anything was redacted is a false alarm.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import click

from benchmarks.redaction import shapes
from benchmarks.redaction.phrases import KINDS, Phrase, written
from pipelines.privacy.redaction import found

SEED = 20261126
GENERATED = 1200


def sets(seed: int = SEED) -> dict[str, tuple[list[Phrase], list[Phrase]]]:
    """The labelled sets by name: phrases with and without."""
    return {
        "written by hand": (written("personal"), written("clean")),
        "unseen forms": (written("unseen_personal"), written("unseen_clean")),
        "held out": (written("held_out_personal"), written("held_out_clean")),
        "generated shapes": (shapes.personal(seed, GENERATED), shapes.clean(seed, GENERATED)),
    }


def missed(phrases: list[Phrase], kind: str) -> list[Phrase]:
    """The phrases in which a label of the kind, or a part of it, is still there; once per label."""
    left = []
    for each in phrases:
        gone = {at for span in found(each.text) for at in range(span.start, span.end)}
        for label in each.labels:
            if label.kind == kind and any(
                at not in gone and each.text[at].isalnum() for at in range(label.start, label.end)
            ):
                left.append(each)
    return left


def labels(phrases: list[Phrase], kind: str) -> int:
    """How often the kind stands in the phrases."""
    return sum(label.kind == kind for each in phrases for label in each.labels)


def right_and_all(phrases: list[Phrase], kind: str) -> tuple[int, int]:
    """Places redacted as this kind: those that meet a label of any kind, and all."""
    right = total = 0
    for each in phrases:
        for span in found(each.text):
            if span.kind == kind:
                total += 1
                right += any(span.start < label.end and label.start < span.end for label in each.labels)
    return right, total


def alarms(phrases: list[Phrase]) -> list[Phrase]:
    """Clean phrases in which something was redacted."""
    return [each for each in phrases if found(each.text)]


@click.command()
@click.option("--texts", help="A CSV of texts without personal data, and its column: FILE.csv:COLUMN.")
@click.option("--seed", default=SEED, show_default=True, help="Of the generated shapes.")
@click.option("--missed", "is_shown", is_flag=True, help="Show what was missed and what was harmed.")
def main(texts: str | None, seed: int, is_shown: bool) -> None:
    """Print recall and precision per kind, false alarms, and the time of a million texts."""
    for name, (personal, clean) in sets(seed).items():
        click.echo(f"{name}: {len(personal)} phrases with personal data, {len(clean)} without")
        for kind in KINDS:
            total, left = labels(personal, kind), missed(personal, kind)
            if not total:
                continue
            right, marked = right_and_all([*personal, *clean], kind)
            click.echo(
                f"  {kind:8} recall {1 - len(left) / total:6.1%} of {total:4}   "
                f"precision {right / marked if marked else 1:6.1%} of {marked:4}"
            )
            for each in left if is_shown else ():
                click.echo(
                    f"      missed {each.text!r}: {[each.text[s.start : s.end] for s in found(each.text)]}"
                )
        _say_alarms(clean, is_shown)
    if texts:
        path, _, column = texts.rpartition(":")
        with Path(path).open(encoding="utf-8", newline="") as file:
            real = [Phrase(row[column]) for row in csv.DictReader(file)]
        click.echo(f"{Path(path).name}: {len(real)} texts")
        _say_alarms(real, is_shown)
    _say_speed(seed)


def _say_alarms(clean: list[Phrase], is_shown: bool) -> None:
    harmed = alarms(clean)
    click.echo(f"  false alarms {len(harmed) / len(clean):.2%} of {len(clean)}")
    for each in harmed if is_shown else ():
        click.echo(
            f"      harmed {each.text!r}: {[(each.text[s.start : s.end], s.kind) for s in found(each.text)]}"
        )


def _say_speed(seed: int) -> None:
    phrases = [each.text for each in (*shapes.personal(seed, 5000), *shapes.clean(seed, 15000))]
    begun = time.process_time()
    for text in phrases:
        found(text)
    click.echo(
        f"a million texts, a quarter of them personal: {(time.process_time() - begun) * 50:.0f} s of one core"
    )


if __name__ == "__main__":
    main()
