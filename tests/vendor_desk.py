"""Tickets that each have a trait on which the vendors' rules part, and their figures by hand.

Times alone are those of one day, UTC. In the figures y and n stand for true and false, a blank for
NULL.
"""

from collections.abc import Mapping
from typing import Any

DAY, AS_OF = "2026-10-05", "2026-11-02T00:00:00Z"

TICKETS = """
ticket_id,created_at,channel,team,merged_into
one,10:00,messaging,care,
none,10:00,messaging,care,
back,10:00,messaging,care,
thanks,10:00,messaging,care,
ours,10:00,email,care,
unanswered,10:00,email,care,
handed,10:00,email,care,
unhanded,10:00,email,care,
bot,10:00,email,care,
returned,10:00,email,care,
merged,10:02,email,care,one
trashed,10:00,email,care,
junk,10:00,email,care,
closed,10:00,email,care,
two_agents,10:00,messaging,care,
unsigned,10:00,messaging,care,
automatic,10:00,email,care,
late,2026-11-01T02:00:00Z,email,,
"""

MESSAGES = """
ticket_id,sent_at,author_kind,author_id,is_auto,is_gratitude
one,10:00,customer,,,
one,10:30,human_agent,ann,,
none,10:00,customer,,,
back,10:00,customer,,,
back,10:10,human_agent,ann,,
back,12:00,customer,,,
back,13:00,human_agent,ann,,
thanks,10:00,customer,,,
thanks,10:10,human_agent,ann,,
thanks,11:00,customer,,,true
ours,10:00,human_agent,ann,,
ours,12:00,customer,,,
ours,12:45,human_agent,ann,,
unanswered,10:00,human_agent,ann,,
handed,10:00,customer,,,
handed,10:00:05,ai_agent,fin,,
handed,10:34:05,human_agent,ann,,
unhanded,10:00,customer,,,
unhanded,10:01,ai_agent,fin,,
unhanded,10:05,customer,,,
unhanded,10:20,human_agent,ann,,
bot,10:00,customer,,,
bot,10:01,ai_agent,fin,,
bot,10:02,customer,,,
bot,10:03,ai_agent,fin,,
returned,10:00,customer,,,
returned,10:01,ai_agent,fin,,
returned,14:00,customer,,,
returned,14:10,human_agent,ann,,
merged,10:02,customer,,,
trashed,10:00,customer,,,
trashed,10:10,human_agent,ann,,
junk,10:00,customer,,,
closed,10:00,customer,,,
closed,10:05,human_agent,ann,,
closed,11:00,customer,,,
two_agents,10:00,customer,,,
two_agents,10:10,human_agent,ann,,
two_agents,10:20,human_agent,bob,,
unsigned,10:00,customer,,,
unsigned,10:10,human_agent,,,
unsigned,10:20,human_agent,,,
automatic,10:00,customer,,,
automatic,10:00:30,automation,rule,true,
automatic,10:01,human_agent,ann,true,
automatic,10:30,human_agent,ann,,
late,2026-11-01T02:00:00Z,customer,,,
"""

EVENTS = """
ticket_id,occurred_at,event_type,to_value,actor_kind,actor_id
one,11:00,status_changed,solved,human_agent,ann
none,10:20,status_changed,solved,human_agent,ann
back,10:20,status_changed,solved,human_agent,ann
back,12:00,status_changed,open,customer,
back,12:30,status_changed,pending,human_agent,ann
thanks,10:20,status_changed,solved,human_agent,ann
thanks,11:00,reopened,,customer,
thanks,11:05,status_changed,solved,human_agent,ann
thanks,2026-10-10T10:00:00Z,status_changed,closed,automation,
ours,13:00,status_changed,solved,human_agent,ann
unanswered,10:01,status_changed,solved,human_agent,ann
handed,10:04:05,handoff,customer_request,ai_agent,fin
handed,11:00,status_changed,solved,human_agent,ann
unhanded,10:30,status_changed,solved,human_agent,ann
bot,10:30,resolved,,ai_agent,fin
returned,10:30,resolved,,ai_agent,fin
returned,14:20,resolved,,human_agent,ann
merged,10:05,merged_into,one,human_agent,ann
merged,10:05,closed,,human_agent,ann
trashed,10:30,deleted,,human_agent,ann
junk,10:10,spam_marked,,human_agent,ann
closed,10:10,status_changed,solved,human_agent,ann
closed,11:00,status_changed,open,customer,
closed,12:00,status_changed,closed,automation,
two_agents,10:15,status_changed,pending,human_agent,ann
two_agents,10:18,status_changed,open,human_agent,ann
two_agents,10:30,status_changed,solved,human_agent,ann
unsigned,10:30,status_changed,solved,human_agent,ann
automatic,11:00,status_changed,solved,human_agent,ann
"""

CREATED = """
ticket_id,zendesk,freshdesk,gorgias,intercom,chatwoot
one,y,y,y,y,y
late,y,y,y,y,y
merged,y,n,y,y,y
trashed,y,n,n,y,n
junk,n,n,y,y,y
unanswered,y,y,y,n,y
"""

TOUCHES = """
ticket_id,zendesk,messaging,dbt_zendesk,freshdesk,zoho,once_intercom,reopens,reopens_dbt,closes
one,y,y,y,y,y,y,0,0,1
none,y,n,n,n,n,n,0,0,1
back,n,n,n,y,n,y,1,0,1
thanks,y,n,y,y,y,n,1,1,2
ours,y,,n,y,y,y,0,0,1
unanswered,y,,y,n,n,y,0,0,1
handed,y,,y,y,y,y,0,0,1
unhanded,y,,y,y,y,y,0,0,1
bot,y,,n,n,n,n,0,0,1
returned,y,,y,n,y,n,1,1,2
merged,y,,n,n,n,n,0,0,1
trashed,n,,n,n,n,n,0,,0
junk,n,,n,n,n,n,0,,0
closed,y,,y,y,y,n,1,0,2
two_agents,n,n,n,n,n,n,0,0,1
unsigned,n,y,n,n,n,,0,0,1
automatic,y,,n,y,y,y,0,0,1
late,n,,n,n,n,n,0,,0
"""

CLOCKS = """
ticket_id,frt,frt_dbt,frt_gorgias,frt_incl,frt_excl,first,full,full_dbt,full_gorgias,work
one,1800,1800,1800,1800,1800,3600,3600,3600,3600,3600
none,,,,,,1200,1200,1200,1200,1200
back,600,600,600,600,600,1200,1200,1200,,3000
thanks,600,600,600,600,600,1200,3900,3900,3900,1500
ours,9900,0,,2700,2700,10800,10800,10800,3600,10800
unanswered,,0,,,,60,60,60,,60
handed,2045,2045,2045,2045,1800,3600,3600,3600,3600,3600
unhanded,1200,1200,1200,1200,,1800,1800,1800,1800,1800
bot,,,,,,1800,1800,1800,1800,1800
returned,15000,15000,15000,15000,,1800,15600,15600,15600,3000
merged,,,,,,180,180,180,180,180
trashed,600,600,600,600,600,,,,,1800
junk,,,,,,,,,,2383200
closed,300,300,300,300,300,600,7200,600,7200,4200
two_agents,600,600,600,600,600,1800,1800,1800,1800,1620
unsigned,600,600,600,600,600,1800,1800,1800,1800,1800
automatic,1800,60,1800,1800,1800,3600,3600,3600,3600,3600
late,,,,,,,,,,79200
"""

BOTS = """
ticket_id,deflected,bot_resolved,saved
one,,n,0
handed,n,n,120
unhanded,n,n,120
bot,y,y,240
returned,n,y,120
automatic,,n,0
"""

BY_HAND = {"created": CREATED, "touches": TOUCHES, "clocks": CLOCKS, "bots": BOTS}

# What the document's queries say of these tickets, counted by hand over the tables above.
ANSWERS: Mapping[str, list[tuple[Any, ...]]] = {
    "Count first": [
        ("counted", 14),
        ("deleted", 1),
        ("merged", 1),
        ("outbound_only", 1),
        ("spam", 1),
    ],
    "Zendesk": [(17, 14, 12, 4, 15.0, 30.0)],
    "dbt_zendesk": [(18, 7, 2, 30.0)],
    "Freshdesk": [(14, 13, 7, 53.8)],
    "Zoho Desk": [(14, 8)],
    # 6 of 16: what nobody can tell of `unsigned` is in neither.
    "Intercom": [(17, 17, 37.5, 900.0, 25.0)],
    "Gorgias": [(17, 900.0, 3600.0)],
    "Chatwoot": [(17, 11.8, 0.17)],
}


# The example of dbt_zendesk's decision log, and what its authors round its instants to.
TWO_SCHEDULES = {
    "schedules": "\n".join(
        [
            "schedule,timezone,weekday,opens,closes",
            *(f"chicago,America/Chicago,{day},07:00,21:00" for day in range(1, 8)),
            *(f"frisco,America/Los_Angeles,{day},08:00,17:30" for day in range(1, 6)),
        ]
    ),
    "tickets": """
ticket_id,created_at,team
exact,2020-09-29T17:01:38Z,chicago
rounded,2020-09-29T17:02:00Z,chicago
later,2020-09-29T17:01:38Z,chicago
closed_hours,2020-10-03T20:00:00Z,frisco
unscheduled,2020-09-29T17:00:00Z,
""",
    "messages": """
ticket_id,sent_at,author_kind,is_public
exact,2020-09-29T17:01:38Z,customer,
exact,2020-09-30T19:01:25Z,human_agent,false
exact,2020-09-30T19:01:46Z,human_agent,
exact,2020-10-01T15:03:44Z,human_agent,
rounded,2020-09-29T17:02:00Z,customer,
rounded,2020-09-30T19:01:27.6Z,human_agent,
later,2020-09-29T17:01:38Z,customer,
later,2020-09-30T19:01:46Z,human_agent,
closed_hours,2020-10-03T20:00:00Z,customer,
closed_hours,2020-10-03T21:00:00Z,human_agent,
unscheduled,2020-09-29T17:00:00Z,customer,
unscheduled,2020-09-29T18:00:00Z,human_agent,
""",
    "ticket_events": """
ticket_id,occurred_at,event_type,to_value
exact,2020-09-30T19:01:25Z,schedule_set,frisco
rounded,2020-09-30T19:01:15Z,schedule_set,frisco
later,2020-09-30T20:00:00Z,schedule_set,frisco
""",
}
