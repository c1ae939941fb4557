"""What a team sees: the pages that are for it, without money and without agents' names.

Both are taken out of the tables before a page asks: whatever a page's query says, also one of the
account's own, a file for the team has nothing in it that the team is not to see.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

# The folder of its pages, and what the front matter of a page for it says: `audience: team`.
TEAM = "team"

# Of money or of persons through and through: no row of them.
HIDDEN = frozenset(
    {
        "marts.agent_performance", "marts.business_case", "marts.churn_risk",
        "marts.customer_segments", "marts.kpi_relations", "core.fct_orders", "core.dim_customers",
    }
)  # fmt: skip
# Columns that say nothing.
BLANK: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "core.dim_agents": ("name", "agent_id"),
        "core.fct_episodes": ("ai_cost", "human_cost", "ai_saving"),
        "marts.account": ("currency",),
    }
)
_MONEY = (
    "select kpi from published.marts.kpi_catalog where quadrant = 'revenue' or unit like '%cur%'"
)


def seen_by_team(name: str, columns: Sequence[str]) -> str:
    """The query for what of the table `schema.table` is for a team."""
    # Of the type that they have, and empty.
    blank = ", ".join(
        f"case when false then {column} end as {column}"
        for column in BLANK.get(name, ())
        if column in columns
    )
    text = f"select *{f' replace ({blank})' if blank else ''} from published.{name}"
    if name in HIDDEN:
        return f"{text} where false"
    return f"{text} where kpi is null or kpi not in ({_MONEY})" if "kpi" in columns else text
