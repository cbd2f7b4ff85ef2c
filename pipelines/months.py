"""How long a month of age is, in Python; in SQL it is the macro `days_per_month()`."""

from __future__ import annotations

DAYS_PER_MONTH = 30.4375
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7
