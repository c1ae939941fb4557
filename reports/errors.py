"""What can go wrong while a report is made or sent.

    ReportError
    ├── PeriodError             the period asked for is none, or the data begin later
    │   └── NotCompleteError    the data do not reach its end yet
    ├── PublishedError          the published copy lacks what a report cannot do without
    ├── NoPdfError              this machine has not what PDF files take
    └── NoMailError             a text is in the data that no mail can hold

    SendError                   a message did not arrive

Each message names the thing, the place and the cure, in one paragraph: the command prints it as is.
"""


class SendError(Exception):
    """A message that did not arrive; it says why. `is_final`: it never will."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class ReportError(Exception):
    """A report that cannot be made."""


class PeriodError(ReportError):
    """The period is malformed, unknown or without figures."""


class NotCompleteError(PeriodError):
    """The period is not over in the data; it may be reported later."""


class PublishedError(ReportError):
    """A table that every report needs is not in the published copy."""


class NoMailError(ReportError):
    """The report cannot be a mail; its other files can be made."""


class NoPdfError(ReportError):
    """This machine cannot make PDF files."""
