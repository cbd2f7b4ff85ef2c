"""How things are called in a report."""

from __future__ import annotations

import re

import pytest

from pipelines.reports.names import Names, part_of, slug_of

NODE = {
    "signal_id": "a", "family_code": "tiller", "sku": None, "lot_code": None, "supplier_id": None,
    "service_center_id": None, "delivery_month": None, "fault_code": None,
}  # fmt: skip


@pytest.mark.parametrize("lot", ["../../etc/passwd", "Lot é 7", "", "x" * 300, "a b", "A b"])
def test_a_file_never_leaves_its_folder_nor_takes_anothers_name(lot: str) -> None:
    name = slug_of(NODE | {"signal_id": f"lot_code={lot}", "lot_code": lot})
    assert re.fullmatch(r"[A-Za-z0-9-]{1,60}", name)
    others = ("../../etc/passwd", "Lot é 7", "", "a b", "A b", "a-b")
    assert name not in {
        slug_of(NODE | {"signal_id": f"lot_code={other}", "lot_code": other})
        for other in others
        if other != lot
    }


def test_a_product_has_its_name_beside_its_code() -> None:
    names = Names("en", {"D01": "Carburettor"}, {"S1": "Tiller 500"})
    assert names.node(NODE | {"sku": "S1", "lot_code": "L1", "fault_code": "D01"}) == (
        "S1 Tiller 500, lot L1, D01 · Carburettor"
    )
    assert names.product("S2") == "S2"
    assert part_of(NODE | {"sku": "S1", "lot_code": "L1"}) == "L1"
