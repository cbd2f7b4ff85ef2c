"""Faults in numbers: `python -m benchmarks.faults` gives Savoir hostile files, kills, full disks and I/O
errors, and counts what was lost.

    files      small mutated files; conservation against a count that walks the bytes by the rule
    large      files above 16 MB with faults at every border of 8 MiB
    kills      the door, the build and the publishing killed at named points and at random: healed
    histories  the same rows in any order, split and repetition, with kills between: the same content
    disks      a disk of n kilobytes (needs root to mount one): a sentence, then healed
    reads      an I/O error at every read of a file: refused, healed by the next run
    writes     an I/O error at every write of the door: a sentence, healed by the next run
    rows       random rows within the contract, edges among them, through the whole build: never red

The counts here share nothing with the door. Results with their date stand in `docs/reliability.md`.
"""
