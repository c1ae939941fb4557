"""Zendesk's current surveys: what lands of responses, and which ratings staging makes of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import zendesk_surveys
from ingestion.errors import IngestError
from tests.models import Model
from tests.recordings_support import bodies, playing
from tests.sandbox_support import Sandbox, on, rated, sandbox
from tests.source_support import Desk, calls_of, rows

RESPONSES, SURVEYS = "/api/v2/guide/survey_responses", "/api/v2/guide/en-us/surveys"
FIRST = ("T1", on(2, "12:00:00"), "2", "1-5", "human", on(2, "10:30:00"), 1)
RATINGS = """select ticket_id, strftime(rated_at, '%d %H:%M:%S'), score, scale, target,
        strftime(survey_sent_at, '%d %H:%M:%S')
    from staging.stg_zendesk__csat_responses order by ticket_id, rated_at, score"""
SENT = """select ticket_id, strftime(occurred_at, '%d %H:%M:%S'), actor_kind
    from staging.stg_zendesk__ticket_events where event_type = 'survey_sent' order by all"""


def at(box: Sandbox, folder: Path) -> Desk:
    return Desk("zendesk", f"{box.base}/zendesk", folder)


def staged(desk: Desk, models: list[Model], sql: str) -> list[tuple[object, ...]]:
    with desk.staged(models) as connection:
        return rows(connection, sql)


def versions(desk: Desk) -> int:
    with duckdb.connect(str(desk.warehouse)) as connection:
        found = connection.execute("select count(*) from raw_desk.survey_responses").fetchone()
    assert found
    return int(found[0])


def test_a_rating_is_one_on_the_scale_of_its_survey_and_once_more_when_it_changes(
    tmp_path: Path, models: list[Model]
) -> None:
    """A 2 on the 2nd, a 4 on the 3rd; the survey was sent at 10:30."""
    with sandbox(on(2, "11:59:59")) as box:
        desk = at(box, tmp_path)
        for step, seen in (("00:00:00", 1), ("00:00:01", 2), ("24:00:00", 3), ("24:00:00", 3)):
            hours, minutes, seconds = map(int, step.split(":"))
            box.clock.advance(timedelta(hours=hours, minutes=minutes, seconds=seconds))
            desk.sync()
            assert versions(desk) == seen
            if seen == 1:
                assert staged(desk, models, RATINGS) == []
        assert staged(desk, models, RATINGS) == [
            ("1", "02 12:00:00", "2", "1-5", "ticket", "02 10:30:00"),
            ("1", "03 12:00:00", "4", "1-5", "ticket", "02 10:30:00"),
        ]
        assert staged(desk, models, SENT) == [("1", "02 10:30:00", "system")]


def test_a_rating_that_had_changed_before_it_was_read_is_dated_by_the_first(
    tmp_path: Path, models: list[Model]
) -> None:
    with sandbox(on(5, "00:00:00")) as box:
        desk = at(box, tmp_path)
        desk.sync()
    assert staged(desk, models, RATINGS) == [
        ("1", "02 12:00:00", "4", "1-5", "ticket", "02 10:30:00"),
        ("1", "03 12:00:00", "4", "1-5", "ticket", "02 10:30:00"),
    ]


def test_what_was_offered_up_to_a_month_ago_is_read_again(
    tmp_path: Path, models: list[Model]
) -> None:
    """The first survey is answered anew 23 days later, after a younger one was answered."""
    shop = rated(
        FIRST,
        ("T2", on(20, "12:00:00"), "5", "1-5", "human", on(20, "10:00:00"), 1),
        ("T1", on(25, "12:00:00"), "4", "1-5", "human", on(2, "10:30:00"), 1),
    )
    with sandbox(on(21, "00:00:00"), shop) as box:
        desk = at(box, tmp_path)
        desk.sync()
        box.clock.advance(timedelta(days=5))
        desk.sync()
    assert [row[:3] for row in staged(desk, models, RATINGS)] == [
        ("1", "02 12:00:00", "2"),
        ("1", "25 12:00:00", "4"),
        ("2", "20 12:00:00", "5"),
    ]


def test_the_next_sync_asks_from_a_month_before_the_newest_answer(tmp_path: Path) -> None:
    """An answer of April 29th was known: what was offered before March 30th is not asked for."""
    shop = rated(FIRST, ("T2", on(2, "12:00:00") + timedelta(days=58), "5", "1-5", "human",
                         on(2, "10:30:00") + timedelta(days=58), 1))  # fmt: skip
    with sandbox(on(2, "00:00:00") + timedelta(days=60), shop) as box:
        desk = at(box, tmp_path)
        desk.sync()
        calls_of(box)
        assert desk.sync().rows == {}
        (call,) = [call for call in calls_of(box) if call["path"].endswith("_responses")]
    since = int((on(2, "12:00:00") + timedelta(days=28)).timestamp()) * 1000
    assert f"filter%5Bcreated_at_start%5D={since}" in call["query"]
    assert versions(desk) == 2


def test_pages_are_walked_by_their_cursor_from_the_start_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop says itself that T1 was sent one on the 2nd, beside that which it answered then."""
    monkeypatch.setattr(zendesk_surveys, "PAGE", 1)
    days = ((ticket, on(day, "12:00:00")) for ticket, day in (("T1", 2), ("T2", 3), ("T3", 4)))
    shop = rated(*((ticket, day, "5", "1-5", "human", None, 1) for ticket, day in days))
    with sandbox(on(9, "00:00:00"), shop) as box:
        desk, later = at(box, tmp_path), at(box, tmp_path / "later")
        later.start_at = on(3, "00:00:00")
        desk.sync()
        later.sync()
    assert (versions(desk), versions(later)) == (4, 2)


def test_a_list_that_goes_round_in_a_circle_is_an_error(tmp_path: Path) -> None:
    circle = {"survey_responses": [], "meta": {"has_more": True, "after_cursor": "A"}}
    with playing(bodies(account({2: []}, **{RESPONSES: circle}))) as player:
        desk = Desk("zendesk", player.base, tmp_path)
        with pytest.raises(IngestError, match="names the page that it has just given"):
            desk.sync()


def test_a_survey_says_its_scale_and_a_second_one_is_not_a_change_of_the_first(
    tmp_path: Path, models: list[Model]
) -> None:
    shop = rated(
        FIRST,
        ("T1", on(8, "12:00:00"), "3", "1-3", "human", on(8, "10:00:00"), 2),
        ("T2", on(8, "12:00:00"), "good", "good_bad", "human", on(8, "10:00:00"), 1),
        ("T3", on(8, "12:00:00"), "bad", "good_bad", "human", on(8, "10:00:00"), 1),
    )
    with sandbox(on(9, "00:00:00"), shop) as box:
        desk = at(box, tmp_path)
        desk.sync()
    told = """select ticket_id, score, scale, episode_seq
        from staging.stg_zendesk__csat_responses order by ticket_id, rated_at"""
    assert staged(desk, models, told) == [
        ("1", "2", "1-5", None),
        ("1", "3", "1-3", -1),
        ("2", "good", "good_bad", None),
        ("3", "bad", "good_bad", None),
    ]
    assert [row[:2] for row in staged(desk, models, SENT)] == [
        ("1", "02 10:30:00"), ("1", "08 10:00:00"),
        ("2", "08 10:00:00"), ("3", "08 10:00:00"),
    ]  # fmt: skip


def test_an_account_without_surveys_has_good_and_bad(tmp_path: Path, models: list[Model]) -> None:
    shop = rated(
        ("T1", on(2, "12:00:00"), "bad", "good_bad", "human", on(2, "10:30:00"), 1),
        ("T1", on(3, "12:00:00"), "good", "good_bad", "human", on(2, "10:30:00"), 1),
    )
    with sandbox(on(2, "13:00:00"), shop) as box:
        desk = at(box, tmp_path)
        assert set(desk.sync().refused) == {"survey_responses", "surveys"}
        told = [row[:4] for row in staged(desk, models, RATINGS)]
        assert told == [("1", "02 12:00:00", "bad", "good_bad")]
        box.clock.advance(timedelta(days=2))
        desk.sync()
    assert [row[:4] for row in staged(desk, models, RATINGS)] == [
        ("1", "03 12:00:00", "good", "good_bad")
    ]
    assert staged(desk, models, SENT) == [("1", "02 10:30:00", "system")]


def response(key: str, zrn: str, *ratings: tuple[int, str]) -> dict[str, Any]:
    """Offered on October 9th at 06:00:00."""
    return {
        "id": key,
        "expires_at": "2026-11-06T06:00:00.500Z",
        "responder_id": "70",
        "subject_zrns": [zrn],
        "survey": {"id": "S", "state": "enabled", "version": 1},
        "answers": [
            {"type": "skipped", "question": {"id": "Q2", "type": "open_ended"},
             "created_at": "2026-10-09T07:00:00.000Z", "updated_at": "2026-10-09T07:00:00.000Z"},
            *({"type": "rating_scale", "rating": rating, "rating_category": category,
               "question": {"id": "Q1", "sub_type": "customer_satisfaction",
                            "type": "rating_scale_numeric"},
               "created_at": "2026-10-09T07:00:00.000Z",
               "updated_at": "2026-10-09T07:00:00.000Z"} for rating, category in ratings),
        ],
    }  # fmt: skip


def rating(key: int, ticket: int, score: str) -> dict[str, Any]:
    stamps = {"created_at": "2026-10-09T06:00:00Z", "updated_at": "2026-10-09T07:00:01Z"}
    return {"id": key, "ticket_id": ticket, "score": score, **stamps}


def score_change(key: int, before: str, after: str) -> dict[str, Any]:
    return {"id": key, "type": "Change", "field_name": "satisfaction_score",
            "previous_value": before, "value": after}  # fmt: skip


def account(audits: dict[int, list[dict[str, Any]]], **lists: Any) -> dict[str, Any]:
    """An account without the export of events: tickets and, of each, the events of one audit."""
    stamp = "2026-10-09T06:00:03Z"
    tickets = [{"id": key, "created_at": "2026-10-08T06:00:00Z", "status": "solved",
                "updated_at": stamp, "via": {"channel": "email"}} for key in audits]  # fmt: skip
    end = {"end_of_stream": True, "after_cursor": None}
    return {
        "/api/v2/incremental/tickets/cursor.json": {"tickets": tickets, **end},
        "/api/v2/incremental/users/cursor.json": {"users": [], **end},
        "/api/v2/groups.json": {"groups": [], "next_page": None},
        **{f"/api/v2/tickets/{key}/audits.json": {
            "audits": [{"id": key * 100, "ticket_id": key, "created_at": stamp, "author_id": -1,
                        "via": {"channel": "rule"}, "events": events}],
            "next_page": None} for key, events in audits.items()},
        **lists,
    }  # fmt: skip


def test_no_rating_and_no_offer_is_told_twice(tmp_path: Path, models: list[Model]) -> None:
    """Beside each answer of a survey a ticket keeps a good or bad, and tells of it as it did before
    there were surveys. Ticket 3 was rated before; 4 was offered a survey that it did not answer.
    """
    offered, answered = {"id": 1, "type": "SurveyOffered", "survey_id": "S"}, "bad"
    pages = account(
        {
            2: [{**offered, "id": 201}, score_change(202, "unoffered", "offered"),
                score_change(203, "offered", answered)],
            3: [score_change(301, "unoffered", "offered"), score_change(302, "offered", "good")],
            4: [{**offered, "id": 401}, score_change(402, "unoffered", "offered")],
        },
        **{
            RESPONSES: {"survey_responses": [response("A", "zen:ticket:2", (3, "neutral"))],
                        "meta": {"has_more": False, "after_cursor": "A"}},
            "/api/v2/satisfaction_ratings.json": {"next_page": None, "satisfaction_ratings": [
                rating(12, 2, answered), rating(13, 3, "good"), rating(14, 4, "offered")]},
        },
    )  # fmt: skip
    with playing(bodies(pages)) as player:
        desk = Desk("zendesk", player.base, tmp_path)
        desk.sync()
    assert staged(desk, models, RATINGS) == [
        ("2", "09 07:00:00", "3", "1-5", "ticket", "09 06:00:00"),
        ("3", "09 07:00:01", "good", "good_bad", "ticket", None),
    ]
    assert staged(desk, models, SENT) == [
        ("2", "09 06:00:00", "system"), ("3", "09 06:00:03", "system"),
        ("4", "09 06:00:03", "system"),
    ]  # fmt: skip


def test_an_answer_about_a_conversation_is_its_tickets_and_a_scale_may_be_unknown(
    tmp_path: Path, models: list[Model]
) -> None:
    """The audit names the response. A 2 that is good is none of five."""
    pages = account(
        {2: [{"id": 201, "type": "SurveyResponseSubmitted", "survey_response_id": "A"}], 3: []},
        **{RESPONSES: {"survey_responses": [response("A", "zen:conversation:4b", (5, "good")),
                                            response("B", "zen:ticket:3", (2, "good")),
                                            response("C", "zen:conversation:4c", (1, "bad"))],
                       "meta": {"has_more": False, "after_cursor": "C"}}},
    )  # fmt: skip
    with playing(bodies(pages)) as player:
        desk = Desk("zendesk", player.base, tmp_path)
        desk.sync()
    assert [row[:4] for row in staged(desk, models, RATINGS)] == [
        ("2", "09 07:00:00", "5", "1-5"),
        ("3", "09 07:00:00", "good", "good_bad"),
    ]


def test_an_answer_keeps_the_scale_that_it_was_given_on(
    tmp_path: Path, models: list[Model]
) -> None:
    """The survey has three options and then, as its version 2, five."""
    pages = account(
        {2: []},
        **{RESPONSES: {"survey_responses": [response("A", "zen:ticket:2", (3, "good"))],
                       "meta": {"has_more": False, "after_cursor": "A"}}},
    )  # fmt: skip
    desk = Desk("zendesk", "", tmp_path)
    for version, options in ((1, 3), (2, 5)):
        question = {"id": "Q1", "sub_type": "customer_satisfaction",
                    "options": [{"rating": n + 1} for n in range(options)]}  # fmt: skip
        survey = {"id": "S", "version": version, "questions": [question, {"id": "Q2"}]}
        pages[SURVEYS] = {"surveys": [survey], "meta": {"has_more": False}}
        with playing(bodies(pages)) as player:
            desk.url = player.base
            desk.sync()
        assert [row[2:4] for row in staged(desk, models, RATINGS)] == [("3", "1-3")]
