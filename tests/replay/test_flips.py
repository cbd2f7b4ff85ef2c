"""The list that people open in a spreadsheet."""

from __future__ import annotations

import polars as pl

from pipelines.replay import flips_csv


def test_cells_that_a_spreadsheet_would_run_become_text_and_amounts_stay_numbers() -> None:
    frame = pl.DataFrame(
        {"ticket_id": ["=1+1", " @SUM(A1)", "T-1", 'é,"x"', None], "eur": [-1.5, 0, 1, 2, None]}
    )
    assert flips_csv(frame).decode("utf-8-sig").split("\r\n") == [
        "ticket_id,eur", "'=1+1,-1.5", "' @SUM(A1),0.0", "T-1,1.0", '"é,""x""",2.0', ",", "",
    ]  # fmt: skip
    assert flips_csv(frame).startswith(b"\xef\xbb\xbf")
