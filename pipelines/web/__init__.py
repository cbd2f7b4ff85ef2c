"""What stands between a browser and the two servers: one layer of ASGI middleware, the same before both.

Belongs here: which requests pass (host, origin, method, session), the headers on every answer, and starting
the dashboards and Dagster's page behind it. Does not belong here: what the pages show, and the processes'
lives (`pipelines.serving`).
"""
