"""How long a replay of a million claims takes: `python -m benchmarks.replay [--home DIR] [--claims N]`.

Copies of the home's claims with their facts drawn at random, so that there are thousands of combinations of
facts and most verdicts change: the worst case. Prints the seconds of the replay and of writing its list.
"""

from __future__ import annotations

import resource
import tempfile
import time
from contextlib import closing
from pathlib import Path

import click
import duckdb

from pipelines.home import Home
from pipelines.queries.snapshot import open_file, snapshot_path
from pipelines.replay import Vocabulary, flips_csv, replay, seed_rules, vocabulary


def copies(source: Path, path: Path, claims: int, words: Vocabulary) -> None:
    """A file with so many claims, each fact drawn from its values."""
    drawn = ", ".join(
        f"{list(each.values)}[1 + floor(random() * {len(each.values)})::int]"
        + ("::boolean" if each.is_boolean else "")
        + f" as {each.claim_column}"
        for each in words.conditions
    )
    with duckdb.connect(str(path)) as con:
        con.execute(f"attach '{source}' as published (read_only); create schema marts; select setseed(0.5)")
        for table in ("dim_policy_conditions", "dim_verdict_outcomes"):
            con.execute(f"create table marts.{table} as from published.marts.{table}")
        con.execute("create temp table judged as from published.marts.fct_claim_verdicts")
        found = con.execute("select count(*) from judged").fetchone() or (0,)
        times = -(-claims // max(found[0], 1))
        con.execute(
            f"""
            create table marts.fct_claim_verdicts as
            select * exclude (copy) replace (concat(ticket_id, '-', copy) as ticket_id, {drawn})
            from judged, range({times}) as copies(copy)
            limit {claims}
            """
        )
        for table in ("fct_claims", "fct_outcome_prices"):
            con.execute(
                f"""
                create table marts.{table} as
                select * exclude (copy) replace (concat(ticket_id, '-', copy) as ticket_id)
                from published.marts.{table}, range({times}) as copies(copy)
                """
            )


@click.command()
@click.option("--home", "root", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--claims", default=1_000_000, show_default=True)
def main(root: Path, claims: int) -> None:
    """Replay the policy in force over copies of this home's claims with other facts."""
    source = snapshot_path(Home.at(root))
    with closing(open_file(source)) as published:
        words = vocabulary(published)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.duckdb"
        copies(source, path, claims, words)
        with closing(open_file(path)) as snapshot:
            rules = seed_rules(words)
            version = next(iter(rules.versions))
            begun = time.monotonic()
            done = replay(snapshot, rules.version(version), words)
            replayed = time.monotonic()
            size = len(flips_csv(done.moved))
            written = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    click.echo(
        f"{done.claims:,} claims replayed in {replayed - begun:.1f} s, {done.flips:,} flips; "
        f"their list of {size / 1e6:.0f} MB in {written - replayed:.1f} s; peak {peak:.1f} GB"
    )


if __name__ == "__main__":
    main()
