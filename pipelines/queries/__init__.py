"""The one way to read a published snapshot: pages, reports and scripts all ask here.

Belongs here: opening the snapshot, evaluating declared measures, the confidence intervals that go with them,
and the questions that a page or a report asks, each answered as a polars frame or a frozen dataclass.
Does not belong here: rules about rows (they are dbt models), formulas of ratios (they are measures in the
marts' YAML), and anything that draws.
"""
