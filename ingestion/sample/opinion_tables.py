"""Ratings, reviews, NPS answers and tracked time as tables, cut at the end of the shop."""

import numpy as np
import pyarrow as pa

from ingestion.sample import columns
from ingestion.sample.catalogue import CATEGORIES
from ingestion.sample.customers import FIRST_ID, Identities
from ingestion.sample.episodes import Scene
from ingestion.sample.ratings import TARGETS, Ratings, Reviews, ask_nps
from ingestion.sample.staff import FIRST_HUMAN
from ingestion.sample.ticket_tables import Desk, author_ids

METHODS = ("tracked", "helpdesk")


def csat_table(desk: Desk, ratings: Ratings) -> pa.Table:
    end = desk.scene.story.end_at
    number = desk.number[ratings.ticket]
    rank = np.lexsort((ratings.target, number, ratings.at))
    rank = rank[(number[rank] > 0) & (ratings.at[rank] <= end)]
    seq = ratings.seq[rank]
    return pa.table(
        {
            "ticket_id": desk.ids(ratings.ticket[rank]),
            "rated_at": columns.instants(ratings.at[rank]),
            "score": columns.ids("", ratings.score[rank]),
            "scale": columns.texts(["1-5"] * len(rank)),
            "target": columns.words(ratings.target[rank], TARGETS),
            "survey_sent_at": columns.instants(ratings.sent_at[rank]),
            "episode_seq": columns.numbers(seq, seq > 1),
        }
    )


def review_table(desk: Desk, reviews: Reviews) -> pa.Table:
    number = desk.number[reviews.ticket]
    rank = np.lexsort((number, reviews.at))
    rank = rank[(number[rank] > 0) & (reviews.at[rank] <= desk.scene.story.end_at)]
    return pa.table(
        {
            "ticket_id": desk.ids(reviews.ticket[rank]),
            "reviewed_at": columns.instants(reviews.at[rank]),
            "is_correct": columns.flags(reviews.is_correct[rank] == 1),
            "reviewer": columns.texts(["qa-lead"] * len(rank)),
            "category": columns.words(reviews.category[rank], CATEGORIES),
        }
    )


def nps_table(scene: Scene, people: Identities) -> pa.Table:
    customer, at, score, survey = ask_nps(scene)
    rank = np.lexsort((customer, at))
    rank = rank[at[rank] <= scene.story.end_at]
    return pa.table(
        {
            "customer_id": people.ids(customer[rank] + FIRST_ID),
            "responded_at": columns.instants(at[rank]),
            "score": columns.numbers(score[rank]),
            "survey": columns.texts([survey[row] for row in rank]),
        }
    )


def time_table(desk: Desk) -> pa.Table:
    """Half of the people track their time, a quarter has the helpdesk's own figure."""
    ticket, agent, at, seconds = (np.concatenate(column) for column in zip(
        *desk.scene.work, strict=True))  # fmt: skip
    person = agent - FIRST_HUMAN
    method = np.where(person % 2 == 0, 0, np.where(person % 4 == 1, 1, -1))
    started = np.maximum(at - seconds, desk.tickets.at[ticket] + 1)
    number = desk.number[ticket]
    rank = np.flatnonzero((number > 0) & (method >= 0) & (at <= desk.scene.story.end_at))
    rank = rank[np.lexsort((number[rank], started[rank], at[rank]))]
    return pa.table(
        {
            "entry_id": columns.ids("W", np.arange(1, len(rank) + 1)),
            "ticket_id": desk.ids(ticket[rank]),
            "agent_id": columns.words(agent[rank], author_ids(desk.scene)),
            "started_at": columns.instants(started[rank]),
            "seconds": columns.numbers(seconds[rank]),
            "method": columns.words(method[rank], METHODS),
        }
    )
