"""Files made to harm, and how many records they hold by the rule.

Belongs here: bytes. Does not belong here: what the door makes of them (`files`).
"""

from __future__ import annotations

import gzip
import random

HEADER = "order_id,line_number,contract_at,sku,quantity,unit_price_eur,lot_code"
BORDER = 8 << 20
_COMMA, _QUOTE, _LINE_END = b',"\n'


def count_by_rule(text: bytes) -> int:
    """Records of a text, header and blank lines left out: the rule of the door, byte by byte."""
    records, place = 0, 0
    while place < len(text):
        if text[place] == _LINE_END:
            place += 1
            continue
        records += 1
        while True:
            if place < len(text) and text[place] == _QUOTE:
                seek = place + 1
                while (seek := text.find(b'"', seek)) >= 0 and text[seek + 1 : seek + 2] == b'"':
                    seek += 2
                if seek < 0 or (seek + 1 < len(text) and text[seek + 1] not in (_COMMA, _LINE_END)):
                    place = text.find(b"\n", place)
                    place = len(text) if place < 0 else place
                else:
                    place = seek + 1
            else:
                line_end, comma = text.find(b"\n", place), text.find(b",", place)
                ends = [end for end in (line_end, comma) if end >= 0]
                place = min(ends) if ends else len(text)
            if place >= len(text):
                break
            place += 1
            if text[place - 1] == _LINE_END:
                break
    return records - 1


def row(number: int, pad: int = 40) -> str:
    """A good row."""
    return (
        f"O{number},1,2024-03-{1 + number % 28:02}T10:00:00,SKU-{number % 97},1,{number % 900}.50,{'x' * pad}"
    )


def hostile(chance: random.Random) -> tuple[str, bytes]:
    """A name and the bytes of a small file with some faults."""
    lines = [row(number, chance.randint(0, 60)) for number in range(chance.randint(0, 400))]
    kind = chance.choice(
        [
            "bytes",
            "short",
            "long",
            "quotes",
            "nested",
            "blank",
            "cells",
            "gzip",
            "cut",
            "utf8",
            "ends",
            "deleted",
        ]
    )
    at = [chance.randrange(len(lines) + 1) for _ in range(chance.randint(1, 30))]
    for place in sorted(at, reverse=True):
        if kind == "short":
            lines[place:place] = [f"S{place},1"] * chance.randint(1, 20)
        elif kind == "long":
            lines[place:place] = [row(place) + ",more"] * chance.randint(1, 20)
        elif kind == "quotes":
            lines.insert(
                place, chance.choice(['Q,1,"open', 'Q,"a"b,1', '"Q"",1', 'Q"x,1,2024-03-01,S,1,5,l', '"'])
            )
        elif kind == "nested":
            lines.insert(place, f'N{place},1,2024-03-01,S,1,5,"two\n""lines"", {place}\n"')
        elif kind == "blank":
            lines.insert(place, "\n" * chance.randint(0, 5))
        elif kind == "cells":
            lines.insert(place, f"C{place},1,2024-03-01,S,1,5,{'y' * chance.randint(1, 40_000)}")
    text = "\n".join([HEADER, *lines]) + chance.choice(["", "\n", "\n\n"])
    if kind == "ends":
        text = text.replace("\n", chance.choice(["\r\n", "\r"]))
    body = bytearray(text.encode())
    if kind in ("bytes", "utf8", "deleted"):
        for _ in range(chance.randint(1, 40)):
            place = chance.randrange(len(HEADER) + 1, len(body) + 1) if len(body) > len(HEADER) else len(body)
            if kind == "deleted":
                del body[place : place + chance.randint(1, 9)]
            else:
                body[place:place] = b"\xe9" if kind == "utf8" else chance.randbytes(1)
    content = bytes(body)
    if kind in ("gzip", "cut"):
        content = gzip.compress(content, 1)
    if kind == "cut":
        content = content[: chance.randrange(2, len(content))]
    return kind, content


def bordered(chance: random.Random, megabytes: int) -> tuple[str, bytes, int]:
    """A file of that size with a fault around each border of 8 MiB, and how many rows of it are good."""
    kind = chance.choice(["short", "long", "quote", "cell", "quoted cell"])
    parts, size, good, number = [HEADER], len(HEADER) + 1, 0, 0
    block = chance.choice([1, 50, 500, 5_000])
    while size < megabytes << 20:
        target = (size // BORDER + 1) * BORDER - chance.randint(0, 200 * min(block, 50))
        while size < target:
            parts.append(row(number, 150))
            size += len(parts[-1]) + 1
            number, good = number + 1, good + 1
        bad = {
            "short": [row(number, 150).rsplit(",", 1)[0]] * block,
            "long": [row(number, 150) + ",more"] * block,
            "quote": ['Q,1,2024-03-01,"S,1,5,l'] * min(block, 50),
            "cell": [f"C{number},1,2024-03-01,S,1,5,{'9' * chance.randint(2_000_001, 12 << 20)}"],
            "quoted cell": [
                f'C{number},1,2024-03-01,S,1,5,"' + "x,y\n" * chance.randint(600_000, 3 << 20) + '"'
            ],
        }[kind]
        parts += bad
        size += sum(len(line) + 1 for line in bad)
        number += 1
    return kind, ("\n".join(parts) + "\n").encode(), good
