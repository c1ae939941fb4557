"""What can go wrong while a report is made.

    ReportError
    ├── PeriodError        the period asked for is no period, or not a complete one
    └── PublishedError     the published copy lacks what a report cannot do without

Each message names the thing, the place and the cure, in one paragraph: the command prints it as is.
"""


class ReportError(Exception):
    """A report that cannot be made."""


class PeriodError(ReportError):
    """The period is malformed, unknown or not complete."""


class PublishedError(ReportError):
    """A table that every report needs is not in the published copy."""
