"""False alerts, finding and delay of the evidence for emerging defects, against what many shops use.

    python -m benchmarks.signals [--histories 20000] [--bad 40] [--seed 1] [--only abd] [--sizes 500]

A history is one family: products of unequal sales, seasonal surge, growth, lots of three months, hazards by
age and season, faults, claims that become known after a delay that drifts. (a) histories without any bad
lot, with no spread between products and lots, and with the simulator's own: realised false alerts a year
against the declared number. (b) a bad lot of some size and ratio, a fifth of its fault coded wrong: share
found, delay, share named rightly. (c) four usual rules on the same histories, each tuned on other seeds to
the false alerts that ours realises. (d) seconds and memory of the watch over a range that sells ten million
order lines a year. Everything is drawn here; nothing of the evidence is shared.

    histories   what is drawn
    watch       the evidence of `pipelines.reliability` over it: false alerts, finds
    rivals      the four usual rules
    tables      (a), (b) and (c)
    scale       (d)

Results with their date stand in `docs/signals.md`.
"""
