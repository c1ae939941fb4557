"""What is asked of a Chatwoot's PostgreSQL as a whole: its lists, and the ids of what is there.

Documents are in the API's shape, as those of `chatwoot_queries`. The ids are all that a weekly look
for deleted rows needs.
"""

from ingestion.chatwoot_shapes import KNOWN, USER, named

AGENTS = f"""
select {USER}::jsonb || jsonb_build_object(
    'account_id', account_users.account_id,
    'role', {named("account_users.role", ("agent", "administrator"))}
) as document
from account_users
inner join users on account_users.user_id = users.id
where account_users.account_id = %(account)s
"""

AGENT_BOTS = f"""
select json_build_object(
    'id', id,
    'name', name,
    'description', description,
    'bot_type', {named("bot_type", ("webhook", "csml"))},
    'system_bot', account_id is null
) as document
from agent_bots
where account_id = %(account)s or account_id is null
"""

TEAMS = """
select json_build_object(
    'id', id,
    'name', name,
    'description', description,
    'allow_auto_assign', allow_auto_assign,
    'account_id', account_id
) as document
from teams
where account_id = %(account)s
"""

TEAM_MEMBERS = f"""
select json_build_object(
    'team_id', teams.id,
    'members', coalesce(
        json_agg({USER} order by users.id) filter (where account_users.id is not null), '[]'
    )
) as document
from teams
left join team_members on teams.id = team_members.team_id
left join users on team_members.user_id = users.id
left join account_users
    on users.id = account_users.user_id and teams.account_id = account_users.account_id
where teams.account_id = %(account)s
group by teams.id
"""

INBOXES = f"""
select json_build_object(
    'id', inboxes.id,
    'name', inboxes.name,
    'channel_type', inboxes.channel_type,
    'medium', {named("twilio.medium", ("sms", "whatsapp"))}
) as document
from inboxes
left join channel_twilio_sms as twilio
    on inboxes.channel_type = 'Channel::TwilioSms' and inboxes.channel_id = twilio.id
where inboxes.account_id = %(account)s
"""

LABELS = """
select json_build_object(
    'id', id,
    'title', title,
    'description', description,
    'color', color,
    'show_on_sidebar', show_on_sidebar
) as document
from labels
where account_id = %(account)s
"""

# Those of conversations.
CUSTOM_ATTRIBUTE_DEFINITIONS = """
select json_build_object(
    'id', id,
    'attribute_display_name', attribute_display_name,
    'attribute_key', attribute_key,
    'attribute_description', attribute_description
) as document
from custom_attribute_definitions
where account_id = %(account)s and attribute_model = 0
"""

CONVERSATION_IDS = "select display_id from conversations where account_id = %(account)s"
CONTACT_IDS = f"select id from contacts where account_id = %(account)s and {KNOWN}"
CSAT_IDS = "select id from csat_survey_responses where account_id = %(account)s"

ACCOUNTS_AND_TABLES = """
select
    array(select id from accounts order by id),
    array(
        select table_name::text from information_schema.tables
        where table_schema = any(current_schemas(false))
    )
"""
