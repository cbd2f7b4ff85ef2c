"""The labelled set that redaction is measured on, and the measuring: `python -m benchmarks.redaction`.

Belongs here: phrases with and without personal data, written by hand (`personal.txt`, `clean.txt`) or
generated (`shapes`), and what recall and precision they give. Written before the patterns and apart from
them: a phrase is never changed to suit a pattern. Does not belong here: any pattern.
"""
