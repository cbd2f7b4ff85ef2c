"""Who gets which report, when, and whether they did: subscriptions, outbox, channels.

Belongs here: `subscriptions.yml`, planning and sending, the memory of what was last reported. Does not belong
here: what a report says (`pipelines.reports`), any figure (`pipelines.queries`), the clock
(`pipelines.orchestration`).
"""
