"""The exceptions of ingestion: there is one way to fail: a source was not landed.

The message is what the user reads: a paragraph that says what is wrong, where (file and line,
source or table) and how to cure it. Rows that break their contract are no errors: see quarantine.
"""


class IngestError(Exception):
    """A source that could not be landed; nothing of it was."""


class UnavailableError(IngestError):
    """A source that does not answer, or not as it should, now: to try again may help."""
