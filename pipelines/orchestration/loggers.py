"""How a run speaks to a person at a terminal. Does not belong here: alerts (`alerts`)."""

from __future__ import annotations

import logging
import time

import dagster as dg

from pipelines.terminal import say


class _PersonsHandler(logging.Handler):
    """Prints what the steps say themselves; Dagster's own events are for its page."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        if meta.get("dagster_event") is None and record.levelno < logging.ERROR:
            text = meta.get("orig_message") or record.getMessage()
            say(f"{time.monotonic() - self.began:6.1f} s  {text}")


@dg.logger(config_schema=None, description="Progress lines for people.")
def progress(_: dg.InitLoggerContext) -> logging.Logger:
    """The lines that steps log, without Dagster's events, each with the seconds since the run began."""
    logger = logging.Logger("savoir.progress", logging.INFO)
    logger.addHandler(_PersonsHandler())
    return logger
