"""Free questions to the published file: SQL in a limited child process, the prompt, the assistants' server.

Belongs here: what somebody typed or an assistant asked, and its limits. Does not belong here: the questions
that pages ask (`pipelines.queries`), or who may ask freely (`pipelines.roles`).
"""

from pipelines.analysts.limited import Answer, Limits, SqlError, answer

__all__ = ["Answer", "Limits", "SqlError", "answer"]
