"""Erasing what a home keeps: a person at their word, what is too old each night, the hashes of a former key.

Does not belong here: finding what names a person in a text (`pipelines.privacy`), which rows are a person's
(`pipelines.feeds.forgotten`).
"""
