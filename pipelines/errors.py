"""What users are told when something is wrong. Every message names the thing, the value and the remedy."""


class SavoirError(Exception):
    """An error whose text is written for the user: the command line prints it alone, without a traceback."""
