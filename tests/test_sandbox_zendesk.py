"""What the sandbox's Zendesk says of the shop, field by field."""

from datetime import timedelta
from typing import Any

from ingestion.sandbox.clock import seconds
from ingestion.sandbox.rows import number
from ingestion.sandbox.zendesk_fields import FIELDS
from tests.sandbox_support import API, on, rated, sandbox


def changes(event: dict[str, Any]) -> list[dict[str, Any]]:
    """The children of a ticket event without what is the same in each."""
    same = ("id", "via", "via_reference_id", "html_body", "plain_body", "attachments", "audit_id")
    return [{key: value for key, value in child.items() if key not in same}
            for child in event["child_events"]]  # fmt: skip


def test_a_ticket_row_carries_the_shop() -> None:
    with sandbox(on(9, "00:00:00")) as box:
        row = box.get(f"{API}/tickets/1.json").body["ticket"]
        assert (row["external_id"], row["subject"], row["description"], row["via"]["channel"]) == (
            "T1", "Where?", "Where is it?", "email")  # fmt: skip
        assert row["created_at"] == "2026-03-02T08:00:00Z"
        assert row["requester_id"] == row["submitter_id"] == number("customer", "C1")
        assert row["assignee_id"] == number("agent", "agent-1")
        listed = box.get(f"{API}/ticket_fields.json").body["ticket_fields"]
        titles = {field["id"]: field["title"] for field in listed}
        assert {titles[field["id"]]: field["value"] for field in row["custom_fields"]} == {
            "Category": "wismo", "Subcategory": "late", "Product": None, "Order ID": "#7",
            "Language": "en", "Total time spent (sec)": "240",
            "Time spent last update (sec)": "120"}  # fmt: skip
        snoozed, missing = box.get(f"{API}/tickets/2.json").body["ticket"], f"{API}/tickets/4.json"
        assert (snoozed["status"], snoozed["subject"]) == ("hold", "Hello")
        assert snoozed["tags"] == ["ai_handoff", "ai_handoff_policy", "snoozed"]
        # The schedule is no field of Zendesk: it moves the stamp of the export alone.
        assert snoozed["updated_at"] == "2026-03-02T09:40:00Z"
        assert snoozed["generated_timestamp"] == seconds(on(2, "09:50:00"))
        gone = box.get(missing)
        assert (gone.status, gone.body["error"]) == (404, "RecordNotFound")
        many = box.get(f"{API}/tickets/show_many.json", ids="1,3,4,5,99").body["tickets"]
        assert [row["id"] for row in many] == [1, 3]


def test_ticket_events_tell_each_change_by_its_field() -> None:
    with sandbox(on(9, "00:00:00")) as box:
        path = f"{API}/incremental/ticket_events.json"
        (events,) = box.walk(path, "ticket_events", start_time=0, include="comment_events")
    mine = {n: [event for event in events if event["ticket_id"] == n] for n in range(1, 6)}
    assert [event["created_at"][8:19] for event in mine[1]] == [
        "02T08:00:00", "02T08:00:02", "02T08:00:03", "02T09:00:00", "02T09:07:00", "02T09:10:00",
        "02T09:10:05", "02T09:17:00", "02T09:20:00", "02T10:00:00", "02T10:30:00", "02T12:00:00",
        "03T12:00:00", "06T10:00:00"]  # fmt: skip
    born, category, team, taken, worked, _, noted, again, auto, solved, *rated, _ = mine[1]
    first, *fields = changes(born)
    assert first == {
        "event_type": "Comment", "type": "Comment", "author_id": number("customer", "C1"),
        "body": "Where is it?", "public": True, "created_at": "2026-03-02T08:00:00Z"}  # fmt: skip
    assert {"event_type": "Create", "status": "new"} in fields
    assert {"event_type": "Create", "priority": "high"} in fields
    assert all(field["event_type"] == "Create" for field in fields)
    assert (born["via"], category["via"], category["updater_id"]) == ("Mail", "Rule", -1)
    of = {title: str(key) for title, key in FIELDS.items()}
    assert changes(category) == [
        {"event_type": "Change", "custom_ticket_fields": {of["Category"]: "wismo"},
         "previous_value": None},
        {"event_type": "Change", "custom_ticket_fields": {of["Subcategory"]: "late"},
         "previous_value": None}]  # fmt: skip
    care = number("zendesk group", "care")
    assert changes(team) == [{"event_type": "Change", "group_id": care, "previous_value": None}]
    assert changes(taken) == [
        {"event_type": "Change", "status": "open", "previous_value": "new"},
        {"event_type": "Change", "assignee_id": number("agent", "agent-1"),
         "previous_value": None}]  # fmt: skip
    assert len(changes(worked)) == 2
    # As long as the last time: only the total tells that time was spent.
    assert changes(again) == [
        {"event_type": "Change", "custom_ticket_fields": {of["Total time spent (sec)"]: "240"},
         "previous_value": "120"}]  # fmt: skip
    note, pending = changes(noted)
    assert (note["body"], note["public"]) == ("Late!", False)
    assert pending == {"event_type": "Change", "status": "pending", "previous_value": "open"}
    assert auto["metadata"] == {"custom": {"auto": True}}
    assert changes(auto)[0]["metadata"]["custom"] == {"auto": True}
    assert changes(solved)[0]["status"] == "solved"
    assert [changes(event)[0]["satisfaction_score"] for event in rated] == [
        "offered", "bad", "good"]  # fmt: skip
    tags = [child for event in mine[2] for child in changes(event) if "tags" in child]
    assert [(child["added_tags"], child["removed_tags"]) for child in tags] == [
        (["ai_outcome_assumed"], []), ([], ["ai_outcome_assumed"]),
        (["ai_handoff", "ai_handoff_policy"], []), (["snoozed"], [])]  # fmt: skip
    assert len(mine[2]) == 6  # the schedule leaves no audit
    merge, status, tag = changes(mine[3][-1])
    assert merge["body"] == 'This request was closed and merged into request #1 "Where?".'
    assert (merge["public"], status["status"], tag["tags"]) == (False, "closed",
                                                                ["closed_by_merge"])  # fmt: skip
    assert changes(mine[4][-1])[0] == {
        "event_type": "Change", "status": "deleted", "previous_value": "new"}  # fmt: skip


def test_without_the_sideload_a_comment_is_only_known_to_be_there() -> None:
    with sandbox(on(2, "08:30:59")) as box:
        path = f"{API}/incremental/ticket_events.json"
        (early,) = box.walk(path, "ticket_events", start_time=0)
        box.clock.advance(timedelta(seconds=1))
        (events,) = box.walk(path, "ticket_events", start_time=0)
    assert [event["ticket_id"] for event in early] == [1, 1, 1]
    assert [event["ticket_id"] for event in events] == [1, 1, 1, 3]  # a minute after
    assert changes(events[-1])[0] == {
        "event_type": "Comment", "comment_present": True, "comment_public": True}  # fmt: skip


def test_audits_tell_the_same_as_ticket_events() -> None:
    with sandbox(on(9, "00:00:00")) as box:
        audits = box.get(f"{API}/tickets/1/audits.json").body["audits"]
        (events,) = box.walk(f"{API}/incremental/ticket_events.json", "ticket_events", start_time=0)
        assert [audit["id"] for audit in audits] == [
            event["id"] for event in events if event["ticket_id"] == 1]  # fmt: skip
        assert audits[3]["events"][0] == {
            "id": audits[3]["id"] + 1, "type": "Change", "field_name": "status", "value": "open",
            "previous_value": "new"}  # fmt: skip
        page = box.get(f"{API}/ticket_audits.json", **{"page[size]": 10}).body
        found = page["audits"]
        while page["meta"]["has_more"]:
            page = box.get(page["links"]["next"]).body
            found += page["audits"]
        shown = [event["id"] for event in events if event["ticket_id"] not in (4, 5)]
        assert [audit["id"] for audit in found] == shown
        comments = box.get(f"{API}/tickets/1/comments.json").body["comments"]
        assert [comment["body"] for comment in comments] == [
            "Where is it?", "Soon.", "Late!", "Out of office"]  # fmt: skip
        box.clock.advance(timedelta(days=125))
        archived = box.get(f"{API}/ticket_audits.json").body["audits"]
        assert {audit["ticket_id"] for audit in archived} == {2}


def test_the_list_of_tickets_withholds_nothing_and_is_sorted_by_cursor() -> None:
    """At 10:00:05 T4 and T5 are five seconds old; T4 is spam ten seconds later."""
    path = f"{API}/tickets.json"

    def listed(**query: object) -> list[tuple[int, str]]:
        rows = box.get(path, **query).body["tickets"]
        return [(row["id"], row["updated_at"][11:19]) for row in rows]

    with sandbox(on(2, "10:00:05")) as box:
        size = {"page[size]": 2}
        first = box.get(path, sort="-updated_at", include="users", **size).body
        assert [row["id"] for row in first["tickets"]] == [5, 4]
        assert [row["name"] for row in first["users"]] == ["Qa", "Win"]
        assert first["meta"]["has_more"] is True
        second = box.get(first["links"]["next"]).body
        # Of T2 the export tells a change at 09:50:00, which left no audit.
        assert [(row["id"], row["updated_at"][11:19]) for row in second["tickets"]] == [
            (1, "10:00:00"), (2, "09:40:00")]  # fmt: skip
        third = box.get(second["links"]["next"]).body
        assert [row["id"] for row in third["tickets"]] == [3]
        assert third["meta"]["has_more"] is False and third["links"]["next"] is None
        assert listed(sort="updated_at", **size) == [(3, "08:30:00"), (2, "09:40:00")]
        assert [key for key, _ in listed(sort="-status", **size)] == [1, 5]
        assert [key for key, _ in listed(**size)] == [1, 2]
        by_number = box.get(path, per_page=2, page=2).body
        assert [row["id"] for row in by_number["tickets"]] == [3, 4]
        assert (by_number["count"], "fields" in by_number["tickets"][0]) == (5, True)
        refused = box.get(path, sort="subject", **size)
        assert (refused.status, refused.body) == (
            400,
            {"error": "InvalidPaginationParameter", "description": "sort is not valid"},
        )
        after = {"page[after]": first["meta"]["after_cursor"], **size}
        assert box.get(path, sort="id", **after).status == 400
        # T1 was on the next page; updated between the two, it is before them.
        box.clock.advance(timedelta(minutes=30))
        moved = box.get(first["links"]["next"]).body["tickets"]
        assert [row["id"] for row in moved] == [2, 3]
        newest = {"sort": "-updated_at", "page[size]": 100}
        assert listed(**newest)[0] == (1, "10:30:00")
        assert 4 not in dict(listed(**newest))  # deleted
        box.clock.advance(timedelta(days=125))
        assert [key for key, _ in listed(**newest)] == [2]  # the others are archived or deleted


def test_users_are_the_agents_and_whoever_wrote() -> None:
    with sandbox(on(2, "10:00:00")) as box:
        users = {row["name"]: row for row in box.get(f"{API}/users.json").body["users"]}
        assert sorted(users) == ["Amara", "One", "Paige", "Qa", "Win"]  # Two is merged into One
        assert (users["One"]["email"], users["One"]["external_id"]) == ("one@mail.example", "C1")
        assert (users["Paige"]["role"], users["Paige"]["tags"]) == ("agent", ["ai_agent"])
        assert users["Qa"]["tags"] == ["test"]
        path = f"{API}/incremental/users/cursor.json"
        box.clock.advance(timedelta(days=5))
        (rows,) = box.walk(path, "users", start_time=seconds(on(2, "10:00:15")))
        assert [(row["name"], row["role"], row["suspended"]) for row in rows] == [
            ("Win", "end-user", True), ("Amara", "end-user", False)]  # fmt: skip
        query = {"start_time": 0, "include": "users,metric_sets"}
        page = box.get(f"{API}/incremental/tickets/cursor.json", **query).body
        assert {row["name"] for row in page["users"]} == {"Amara", "One", "Qa", "Win"}
        metrics = {row["id"]: row["metric_set"] for row in page["tickets"]}[1]
        assert metrics["reply_time_in_minutes"]["calendar"] == 70
        assert metrics["full_resolution_time_in_minutes"]["calendar"] == 120
        assert (metrics["reopens"], metrics["replies"]) == (0, 1)


def test_the_small_lists() -> None:
    with sandbox(on(3, "00:00:00")) as box:
        assert [row["name"] for row in box.get(f"{API}/brands.json").body["brands"]] == ["Pine"]
        groups = box.get(f"{API}/groups.json", per_page=1).body
        onward = box.get(groups["next_page"]).body
        assert {row["name"] for row in groups["groups"] + onward["groups"]} == {"care", "chat"}
        assert (groups["count"], onward["next_page"]) == (2, None)
        by_cursor = box.get(f"{API}/groups.json", **{"page[size]": 1}).body
        last = box.get(by_cursor["links"]["next"]).body
        assert by_cursor["groups"] + last["groups"] == groups["groups"] + onward["groups"]
        assert (by_cursor["meta"]["has_more"], last["meta"]["has_more"]) == (True, False)
        box.clock.advance(timedelta(days=2))
        deleted = box.get(f"{API}/deleted_tickets.json").body["deleted_tickets"]
        assert [(row["id"], row["deleted_at"], row["previous_state"]) for row in deleted] == [
            (4, "2026-03-02T10:00:15Z", "new"), (5, "2026-03-04T12:00:00Z", "new")]  # fmt: skip


def test_ratings_that_are_all_good_or_bad_are_those_of_an_older_account() -> None:
    shop = rated(
        ("T1", on(2, "12:00:00"), "bad", "good_bad", "human", on(2, "10:30:00"), 1),
        ("T1", on(3, "12:00:00"), "good", "good_bad", "human", on(2, "10:30:00"), 1),
    )
    path = f"{API}/satisfaction_ratings.json"
    with sandbox(on(3, "00:00:00"), shop) as box:
        (rating,) = box.get(path).body["satisfaction_ratings"]
        assert (rating["ticket_id"], rating["score"], rating["comment"]) == (1, "bad", None)
        assert (rating["created_at"][11:], rating["updated_at"][11:]) == ("10:30:00Z", "12:00:00Z")
        box.clock.advance(timedelta(days=2))
        later = box.get(path, start_time=seconds(on(3, "00:00:00"))).body["satisfaction_ratings"]
        assert [(row["id"], row["score"]) for row in later] == [(rating["id"], "good")]
        assert box.get(f"{API}/guide/survey_responses").status == 404
        assert box.get(f"{API}/guide/en-us/surveys").status == 404
        audits = box.get(f"{API}/tickets/1/audits.json").body["audits"]
        assert "SurveyOffered" not in {event["type"] for a in audits for event in a["events"]}


def test_other_ratings_are_survey_responses() -> None:
    """Offered at 10:30, a 2 at 12:00 and a 4 a day later; 28 days to change it again."""
    path = f"{API}/guide/survey_responses"
    with sandbox(on(2, "10:29:59")) as box:
        assert box.get(path).body["survey_responses"] == []
        box.clock.advance(timedelta(seconds=1))
        (offered,) = box.get(path).body["survey_responses"]
        assert offered["answers"] == []
        assert offered["expires_at"] == "2026-03-30T10:30:00.000Z"
        assert offered["subjects"] == [{"id": "1", "type": "ticket", "zrn": "zen:ticket:1"}]
        box.clock.advance(timedelta(days=2))
        (rated_twice,) = box.get(path).body["survey_responses"]
        (rating,) = rated_twice["answers"]
        assert (rating["type"], rating["rating"], rating["rating_category"]) == (
            "rating_scale", 4, "good")  # fmt: skip
        assert (rating["created_at"], rating["updated_at"]) == (
            "2026-03-02T12:00:00.000Z", "2026-03-03T12:00:00.000Z")  # fmt: skip
        one = box.get(f"{API}/guide/en-us/survey_responses/{offered['id']}").body
        assert one == {"survey_response": rated_twice}
        assert box.get(f"{API}/guide/en-us/survey_responses/none").status == 404
        (survey,) = box.get(f"{API}/guide/en-us/surveys").body["surveys"]
        assert survey["id"] == offered["survey"]["id"]
        assert [option["rating"] for option in survey["questions"][0]["options"]] == [
            1, 2, 3, 4, 5]  # fmt: skip
        assert box.get(f"{API}/satisfaction_ratings.json").body["satisfaction_ratings"] == []
        audits = box.get(f"{API}/tickets/1/audits.json").body["audits"]
        told = [event for audit in audits for event in audit["events"]
                if event["type"].startswith("Survey")]  # fmt: skip
        assert [event["type"] for event in told] == [
            "SurveyOffered", "SurveyResponseSubmitted", "SurveyResponseSubmitted"]  # fmt: skip
        assert {event.get("survey_response_id") for event in told} == {None, offered["id"]}
        assert {event["assigned_user_id"] for event in told} == {number("agent", "agent-1")}


def test_survey_responses_are_listed_from_when_they_were_offered() -> None:
    """By cursor, fifty at the most, and without links."""
    shop = rated(
        ("T1", on(2, "12:00:00"), "2", "1-5", "human", on(2, "10:30:00"), 1),
        ("T2", on(4, "12:00:00"), "5", "1-5", "human", on(4, "10:30:00"), 1),
        ("T3", on(4, "13:00:00"), "3", "1-3", "human", on(3, "10:30:00"), 1),
    )
    path, size = f"{API}/guide/survey_responses", {"page[size]": 2}

    def told(body: dict[str, Any]) -> list[tuple[str, int]]:
        rows = body["survey_responses"]
        return [(row["subjects"][0]["id"], row["answers"][0]["rating"]) for row in rows]

    with sandbox(on(9, "00:00:00"), shop) as box:
        first = box.get(path, **size).body
        assert told(first) == [("1", 2), ("3", 3)]
        assert "links" not in first and first["meta"]["has_more"] is True
        last = box.get(path, **size, **{"page[after]": first["meta"]["after_cursor"]}).body
        assert (told(last), last["meta"]["has_more"]) == ([("2", 5)], False)
        since = {"filter[created_at_start]": seconds(on(3, "10:30:00")) * 1000}
        assert told(box.get(path, **since).body) == [("3", 3), ("2", 5)]
        since = {"filter[created_at_start]": seconds(on(3, "10:30:00")) * 1000 + 1}
        assert told(box.get(path, **since).body) == [("2", 5)]
        assert box.get(path, **{"page[size]": 51}).status == 400
        scales = [
            len(survey["questions"][0]["options"])
            for survey in box.get(f"{API}/guide/en-us/surveys").body["surveys"]
        ]
        assert sorted(scales) == [3, 5]
