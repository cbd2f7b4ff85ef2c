"""Planted strings, each with a core of its own that can be searched for, and one row for each place.

Belongs here: making them. Does not belong here: what must become of them (`test_canaries`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from pipelines.feeds.contract import Feed

FIRST_NAMES = ("Jean", "Marie", "Anne-Sophie", "Karim", "Élodie")
VALID = {
    "products": {"sku": "P", "family_code": "chainsaw"},
    "service_centers": {"service_center_id": "SC"},
    "orders": {
        "order_id": "O", "line_number": "1", "contract_at": "2024-03-01T10:00:00", "sku": "SKU-1",
        "quantity": "1", "unit_price_eur": "100.00",
    },
    "tickets": {"ticket_id": "T", "channel": "phone", "requested_at": "2024-03-01T10:00:00"},
    "repairs": {"repair_id": "R", "received_at": "2024-03-01T10:00:00"},
}  # fmt: skip


@dataclass(frozen=True)
class Canary:
    """`text` is planted; `cores` are what must not be found again."""

    kind: str
    text: str
    cores: tuple[str, ...]
    place: str = ""


def canaries(number: int) -> list[Canary]:
    """The planted strings of one place; no core is part of another's."""
    eight = f"{10_000_000 + number * 7919 % 89_999_999:08d}"
    pairs = [eight[at : at + 2] for at in range(0, 8, 2)]
    word = "Q" + "".join("aeioulnrst"[int(digit)] for digit in f"{number:05d}") + "vec"
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    account = f"3000600001{number:011d}89"
    check = 98 - int("".join(str(int(letter, 36)) for letter in f"{account}FR00")) % 97
    iban = f"FR{check:02d}{account}"
    spaced = " ".join(iban[at : at + 4] for at in range(0, 27, 4))
    phones = (
        f"06 {' '.join(pairs)}",
        f"07\u00a0{chr(0xA0).join(pairs)}",
        f"06\u2011{chr(0x2011).join(pairs)}",
        f"+33 (0)6.{'.'.join(pairs)}",
        f"07{eight}",
    )
    mails = (f"{word.lower()}@orange.fr", f"{word.lower()}.a (at) free.fr", f"B.{word}+sav@mail.example.com")
    streets = (f"{number % 90 + 1} rue {word}", f"{number % 90 + 1} Bd. de {word}", f"avenue {word}")
    names = (f"Mme {word}", f"{first} {word}", f"Cordialement,\n{first} {word}")
    return [
        *(Canary("phone", text, (text, eight) if eight in text else (text,)) for text in phones),
        *(Canary("e-mail", text, (text,)) for text in mails),
        *(Canary("iban", text, (text, iban)) for text in (iban, spaced)),
        *(Canary("street", text, (word,)) for text in streets),
        *(Canary("name", text, (word,)) for text in names),
    ]


def planted(feed: Feed, number: int, is_refused: bool) -> tuple[str, list[Canary]]:
    """A file with one row for each canary in each column, and the canaries with their places.

    `is_refused`: each row has another fault too, so that all of it goes to quarantine.
    """
    base = VALID[feed.name]
    out = io.StringIO()
    writer = csv.DictWriter(out, feed.column_names, lineterminator="\n")
    writer.writeheader()
    found = []
    for column in feed.columns:
        for place in range(len(canaries(0))):
            number += 1
            canary = canaries(number)[place]
            row = {**base, feed.key[0]: f"{base[feed.key[0]]}{number}"}
            if is_refused:
                row["updated_at"] = "never"
            row[column.name] = canary.text
            writer.writerow(row)
            found.append(Canary(canary.kind, canary.text, canary.cores, f"{feed.name}.{column.name}"))
    return out.getvalue(), found
