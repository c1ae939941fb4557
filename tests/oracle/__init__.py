"""A second reading of the definitions: the KPIs of one export folder in plain Python.

It shares no code and no library with the pipeline, so that a value both agree on is a value two
readers of METRICS.md agree on. Clarity beats speed; comments name the rule (K5, S3 …) they follow.
"""

from .export import Account
from .facts import fct_episodes, fct_reply_turns, fct_tickets
from .kpis import kpi_rows
from .shop import account_of
from .tally import Row
from .world import World, world_of

__all__ = [
    "Account",
    "Row",
    "World",
    "account_of",
    "fct_episodes",
    "fct_reply_turns",
    "fct_tickets",
    "kpi_rows",
    "world_of",
]
