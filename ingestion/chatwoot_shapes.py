"""Parts of the queries to a Chatwoot's PostgreSQL: enums by their names, clocks, people, pages.

Rails keeps enums as numbers that only its code names, and instants without a zone, in UTC.
"""

STATUSES = ("open", "resolved", "pending", "snoozed")
PRIORITIES = ("low", "medium", "high", "urgent")
CONTENT_TYPES = (
    "text",
    "input_text",
    "input_textarea",
    "input_email",
    "input_select",
    "cards",
    "form",
    "article",
    "incoming_email",
    "input_csat",
    "integrations",
    "sticker",
    "voice_call",
)
DELIVERIES = ("sent", "delivered", "read", "failed")


def named(column: str, names: tuple[str, ...]) -> str:
    """The name of an enum's number; the number where it is none that we know."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"coalesce((array[{listed}])[{column} + 1], {column}::text)"


def epoch(column: str) -> str:
    return f"floor(extract(epoch from {column}))::bigint"


def page(table: str, clock: str, where: str = "true") -> str:
    """The import of each walk: the next rows in the order of (clock, id)."""
    return f"""page as (
    select * from {table}
    where account_id = %(account)s and ({clock}, id) > (%(at)s::timestamp, %(id)s) and {where}
    order by {clock}, id
    limit %(size)s
)"""


# The API lists no contact that is known by a conversation only.
KNOWN = "(coalesce(email, '') <> '' or coalesce(phone_number, '') <> ''"
KNOWN += " or coalesce(identifier, '') <> '')"

CONTACT = """json_build_object(
            'id', contacts.id,
            'name', contacts.name,
            'email', contacts.email,
            'phone_number', contacts.phone_number,
            'identifier', contacts.identifier
        )"""
USER = """json_build_object(
            'id', users.id,
            'name', users.name,
            'available_name', coalesce(nullif(users.display_name, ''), users.name),
            'email', users.email
        )"""
