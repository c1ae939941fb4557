"""What can go wrong while a report is made.

    ReportError
    ├── PeriodError             the period asked for is none, or the data begin later
    │   └── NotCompleteError    the data do not reach its end yet
    └── PublishedError          the published copy lacks what a report cannot do without

Each message names the thing, the place and the cure, in one paragraph: the command prints it as is.
"""


class ReportError(Exception):
    """A report that cannot be made."""


class PeriodError(ReportError):
    """The period is malformed, unknown or without figures."""


class NotCompleteError(PeriodError):
    """The period is not over in the data; it may be reported later."""


class PublishedError(ReportError):
    """A table that every report needs is not in the published copy."""
