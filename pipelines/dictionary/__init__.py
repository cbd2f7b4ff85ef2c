"""What is where: which tables exist, what they mean, who reads them; and the data dictionary that says so.

Belongs here: the code and the dbt manifest, read as text. Does not belong here: data, a query, dbt itself.
"""

from pipelines.dictionary.pages import write_dictionary

__all__ = ["write_dictionary"]
