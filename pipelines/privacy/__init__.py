"""Personal data in a text or a value: finding it, and what stands in its place. Pure: no files, no home.

Does not belong here: which columns are personal (the feed contract says), erasing what is kept
(`pipelines.erasure`).
"""
