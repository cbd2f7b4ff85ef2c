"""Personal data: finding it, forgetting it, keeping nothing longer than declared, changing the key.

Does not belong here: which columns are personal (the feed contract says), reading files (`pipelines.feeds`).
"""
