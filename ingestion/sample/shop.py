"""The sample shop: an online shop's orders and support tickets as an export, made up on the spot.

It stands in for a helpdesk until one is connected, so it has to hold what a real one holds: a
growing AI agent, seasons, incidents, and all the oddities that bend a careless number. The same
spec and day give the same bytes, and a shop that goes on living keeps its history.
"""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ingestion.sample import settings
from ingestion.sample.conversations import live
from ingestion.sample.customers import Identities
from ingestion.sample.demand import make_tickets
from ingestion.sample.dice import Dice
from ingestion.sample.episodes import Scene
from ingestion.sample.oddities import add_oddities
from ingestion.sample.opinion_tables import csat_table, nps_table, review_table, time_table
from ingestion.sample.order_tables import number_orders, order_tables
from ingestion.sample.orders import make_orders
from ingestion.sample.ratings import rate, review
from ingestion.sample.recovery import settle
from ingestion.sample.staff import Staff
from ingestion.sample.story import SampleSpec, Story, tell
from ingestion.sample.ticket_tables import event_table, message_table, open_desk, ticket_table

FORMATS = ("parquet", "csv")


def build_shop(spec: SampleSpec, *, now: datetime) -> dict[str, pa.Table]:
    """Each entity's table with EXPORT_FORMAT.md's column names, up to the day before `now`.

    Instants are timestamp[us, UTC]; money is in the currency of its order.
    """
    return build_story(tell(spec, now))


def build_story(story: Story) -> dict[str, pa.Table]:
    """`build_shop` for a story whose dates are settled."""
    dice = Dice(story.spec.seed)
    staff = Staff(story, dice)
    scene = Scene(story, dice, make_orders(story, dice), staff)
    lives = live(scene, make_tickets(story, dice, scene.orders))
    ratings, reviews = rate(scene, lives), review(scene, lives)
    aftermath = settle(scene, lives)
    tickets, is_test = add_oddities(scene, lives)
    desk = open_desk(scene, tickets, is_test)
    book = number_orders(scene, aftermath)
    people = Identities(scene)
    return {
        "tickets": ticket_table(desk, book, people),
        "messages": message_table(desk, book),
        "ticket_events": event_table(desk),
        "csat_responses": csat_table(desk, ratings),
        "agents": settings.agents(staff),
        "customers": people.table(),
        **order_tables(scene, aftermath, book, people),
        "time_entries": time_table(desk),
        "nps_responses": nps_table(scene, people),
        "qa_reviews": review_table(desk, reviews),
        "cost_rates": settings.cost_rates(staff),
        "support_costs": settings.support_costs(staff),
        "fx_rates": settings.fx_rates(scene),
        "roster": settings.roster(staff),
        "calendar_context": settings.calendar_context(scene),
        "schedules": settings.schedules(staff),
        "holidays": settings.holidays(staff),
        "targets": settings.targets(staff),
    }


def write_export(shop: dict[str, pa.Table], folder: Path, format: str = "parquet") -> list[Path]:
    """Write each table as `<entity>.<format>` into `folder`; returns the files."""
    if format not in FORMATS:
        raise ValueError(
            f"sample shop: cannot write format {format!r}; use one of {', '.join(FORMATS)}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for entity, table in shop.items():
        path = folder / f"{entity}.{format}"
        if format == "parquet":
            pq.write_table(table, path, compression="zstd")
        else:
            pyarrow.csv.write_csv(table, path)
        paths.append(path)
    return paths
