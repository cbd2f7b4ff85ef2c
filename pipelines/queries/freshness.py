"""Whether the data is alive: per feed the last event and delivery, its usual rhythm, and what came in."""

from __future__ import annotations

import polars as pl

from pipelines.queries.snapshot import Snapshot


def feeds(snapshot: Snapshot) -> pl.DataFrame:
    """One row per feed of events: feed, last_event_on, days_quiet, usual_gap_days, state, last_received_at.

    state: alive, quiet, stopped, unknown (too few days to know its rhythm), or none (no event ever came), as
    the build says. Days count to the as-of date.
    """
    return snapshot.rows(
        """
        select
            feed, last_event_on, silent_days as days_quiet, usual_gap_days, state,
            last_delivery_at as last_received_at
        from meta.freshness
        order by case feed when 'orders' then 1 when 'tickets' then 2 else 3 end
        """
    )


def deliveries(snapshot: Snapshot) -> pl.DataFrame:
    """Every delivery, newest first, with the law of conservation: is_conserved."""
    return snapshot.rows(
        """
        select
            received_at, source, feed, rows_read, rows_loaded, rows_duplicate, rows_quarantined, rows_skipped,
            rows_read = rows_loaded + rows_duplicate + rows_quarantined + rows_skipped as is_conserved
        from meta.deliveries
        order by received_at desc, feed
        """
    )


def findings(snapshot: Snapshot) -> pl.DataFrame:
    """What the data says against itself, by kind: finding_kind, feed, rows, how it was read."""
    return snapshot.rows(
        """
        select finding_kind, feed, count(*) as rows, min(sentence_en) as sentence_en,
            min(sentence_fr) as sentence_fr
        from meta.findings
        group by finding_kind, feed
        order by rows desc, finding_kind, feed
        """
    )


def changes(snapshot: Snapshot) -> pl.DataFrame:
    """What changed when this file replaced another, the unusual first; empty for a first or older file.

    kind (rows, measure), name, label_en, label_fr, format, value_before, value_now, step, usual_step,
    is_unusual, replaced_build_id.
    """
    if not snapshot.has("meta", "changes"):
        return pl.DataFrame()
    return snapshot.rows(
        """
        select
            changes.kind, changes.name, label_en, label_fr, format, value_before, value_now, step, usual_step,
            is_unusual, replaced_build_id
        from meta.changes
        left join meta.measures
            on changes.kind = 'measure' and changes.name = measures.mart || '.' || measures.name
        where build_id = (select max(build_id) from meta.build)
            and value_before is distinct from value_now
        order by is_unusual desc, abs(step) desc nulls last, changes.kind, changes.name
        """
    )


def completeness(snapshot: Snapshot) -> pl.DataFrame:
    """How complete what figures rest on is, among claims: part, known, of."""
    return snapshot.rows(
        """
        with counted as (
            select
                count(*) as "of", count(*) filter (is_linked) as linked,
                count(*) filter (cause <> 'unknown') as cause, count(serial_number) as serial,
                count(lot_code) as lot, count(supplier_id) as supplier,
                count(*) filter (is_cost_complete) as cost
            from marts.fct_claims
            where is_claim
        )
        select part, known, "of"
        from counted unpivot (known for part in (linked, cause, serial, lot, supplier, cost))
        """
    )
