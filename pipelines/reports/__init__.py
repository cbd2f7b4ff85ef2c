"""The weekly defect reports: one HTML page and one workbook per product family.

Belongs here: what a report looks like and how it reaches its folder. Does not belong here: any figure (they
are the query layer's, the same that the pages show) and delivery by mail.
"""

from pipelines.reports.weekly import write_reports

__all__ = ["write_reports"]
