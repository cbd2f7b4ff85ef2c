"""Orchestration: the Dagster code location, one Dagster concept per module, assembled in `code_location`.

Belongs here: what runs when, in which order, under which checks. Does not belong here: computing. Every asset
calls a pure function of `pipelines.feeds`, `pipelines.reliability`, `pipelines.publishing` or
`pipelines.reports`, or runs dbt; none of those imports Dagster.
"""
