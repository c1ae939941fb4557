"""bookbag.toml: what it becomes, and what each mistake says."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from bookbag_orchestration.account import stranger_in, write_account
from bookbag_orchestration.config import ConfigError, load_config
from bookbag_orchestration.settings import Settings, read_environment, write_environment

DESK = '[[source]]\nname = "desk"\nkind = "zendesk"\n'
SOURCE = '[[source]]\nname = "support"\nkind = "files"\npath = "exports"\n'
ACCOUNT = '[account]\nid = "acme"\ntimezone = "America/New_York"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "bookbag.toml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    config = load_config(
        written(
            tmp_path,
            'as_of = "2026-11-20T00:00:00-05:00"\n'
            + ACCOUNT
            + 'currency = "USD"\nweek_start = "sunday"\nai_launch_date = 2026-03-01\n'
            + SOURCE
            + 'timezone = "Europe/Rome"\nnulls = ["?"]\n'
            + "[source.tables.ticket_events]\n"
            + 'file = "events.csv"\ncolumns = { ticket_id = "Case ID" }\n'
            + 'values.event_type = { "Note" = "" }\n'
            + "[definitions]\nai_assume_h = { sync = 12, async = 48 }\nmin_n = 30\n"
            + "[kpi.csat]\nowner = 'CX lead'\nalert_below = 4.1\n",
        )
    )
    assert config.as_of == datetime(2026, 11, 20, tzinfo=timezone(timedelta(hours=-5)))
    assert config.account.first_weekday == 7
    assert config.account.ai_launch_date == date(2026, 3, 1)
    spec = config.source("support").spec(config.base)
    assert spec.path == tmp_path / "exports"
    assert spec.nulls == ("?",)
    assert spec.tables["ticket_events"].columns == {"ticket_id": "Case ID"}
    assert spec.tables["ticket_events"].values == {"event_type": {"Note": ""}}
    assert config.definitions.ai_assume_h.async_ == 48
    assert config.kpi["csat"].owner == "CX lead"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acount = 1\n" + ACCOUNT + SOURCE, ":1: unknown key 'acount'. Did you mean 'account'?"),
        (ACCOUNT + "curency = 'USD'\n" + SOURCE, ":4: unknown key 'account.curency'"),
        (ACCOUNT + SOURCE.replace("path", "pth"), "unknown key 'source.support.pth'"),
        (ACCOUNT + SOURCE + "[source.tables.tickets]\ncolums = {}\n", "Did you mean 'columns'?"),
        (ACCOUNT + SOURCE + "[source.tables.tickts]\nfile = 'x'\n", "there is no such table"),
        (
            ACCOUNT + SOURCE + "[source.tables.tickets]\ncolumns = { ticket = 'x' }\n",
            "'ticket' is no column of tickets",
        ),
        (ACCOUNT + SOURCE + "[kpi.csta]\nowner = 'x'\n", "Did you mean 'csat'?"),
        (ACCOUNT.replace("New_York", "New_Yrk") + SOURCE, "time zone 'America/New_Yrk' is unknown"),
        (ACCOUNT + SOURCE.replace("files", "zendesk"), "unknown key 'source.support.path'"),
        (ACCOUNT + DESK, "`subdomain` is missing"),
        (ACCOUNT + DESK + 'url = "sandbx"\n', "write the whole address"),
        (ACCOUNT + SOURCE + 'ids_of = "nobody"\n', "cannot have ids_of = 'nobody'"),
        (ACCOUNT + SOURCE.replace("files", "excel"), "kind 'excel' is none of files, sample"),
        (ACCOUNT + SOURCE + SOURCE, "two sources are called 'support'"),
        (ACCOUNT, "has no [[source]]"),
        (SOURCE, "account is missing"),
        ("as_of = '2026-11-20'\n" + ACCOUNT + SOURCE, "has no offset"),
        (ACCOUNT + SOURCE + "[definitions]\nmin_n = 0\n", "definitions.min_n"),
        (ACCOUNT + SOURCE + '[alerts]\nto = ["leads"]\n', "write a mail address, or an address"),
        (ACCOUNT + SOURCE + '[alerts]\nquiet = "22:00-22:00"\n', "it begins when it ends"),
        (ACCOUNT + SOURCE + '[mail]\nserver = "smtp.acme.example"\n', "mail.server"),
        (ACCOUNT + SOURCE + "[definitions]\nai_assume_h = { async = -1 }\n", "ai_assume_h.async"),
        ("[account\n", "no valid TOML"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert str(path) in str(raised.value)
    assert said in str(raised.value)


def test_no_file_means_the_sample_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None)
    assert [source.kind for source in config.sources] == ["zendesk", "shopify", "sample"]
    assert load_config(None) == config
    with pytest.raises(ConfigError, match="There is no file"):
        load_config(tmp_path / "absent.toml")


def test_the_option_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'as_of = "2026-01-01T00:00:00Z"\n' + ACCOUNT + SOURCE)
    config = load_config(path, as_of="2026-02-01T00:00:00+01:00")
    assert config.as_of is not None
    assert config.as_of.astimezone(UTC) == datetime(2026, 1, 31, 23, tzinfo=UTC)
    with pytest.raises(ConfigError, match="no instant"):
        load_config(path, as_of="yesterday")


def test_a_home_is_one_accounts(tmp_path: Path) -> None:
    mine = load_config(written(tmp_path, ACCOUNT + SOURCE))
    other = load_config(written(tmp_path, ACCOUNT.replace("acme", "zeta") + SOURCE))
    sample = load_config(
        written(tmp_path, ACCOUNT + SOURCE.replace("files", "sample").replace("path", "# path"))
    )
    with duckdb.connect() as connection:
        assert stranger_in(connection, mine) is None
        write_account(connection, mine)
        assert stranger_in(connection, mine) is None
        assert "account 'acme', not of 'zeta'" in str(stranger_in(connection, other))
        assert "'support' as kind 'files', not 'sample'" in str(stranger_in(connection, sample))


def test_windows_reach_the_models_in_seconds(tmp_path: Path) -> None:
    text = ACCOUNT + SOURCE + "[definitions]\nfcr_window_h = 24\nrecommendation_window_d = 5\n"
    with duckdb.connect() as connection:
        write_account(connection, load_config(written(tmp_path, text)))
        row = connection.execute(
            "select ai_assume_sync_s, ai_assume_async_s, resolution_window_s, fcr_window_s,"
            " recontact_window_s, recommendation_window_s, week_start from raw_bookbag.account"
        ).fetchone()
    assert row == (86_400, 259_200, 604_800, 86_400, 172_800, 432_000, 1)


def test_settings_survive_the_environment(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "home",
        config=tmp_path / "bookbag.toml",
        as_of="2026-11-20T00:00:00Z",
        full_refresh=True,
        reread=frozenset({("tickets", "2026/tickets.csv"), ("messages", "messages.csv")}),
    )
    write_environment(settings)
    assert read_environment() == settings
    write_environment(Settings(home=tmp_path))
    assert read_environment() == Settings(home=tmp_path)


def test_what_keys_are_part_of_is_not_repeated_by_an_error(tmp_path: Path) -> None:
    for line in ('[alerts]\nto = "slack://S3CRET"', '[mail]\nserver = "smtp://S3CRET"'):
        (tmp_path / "bookbag.toml").write_text(f"{ACCOUNT}{SOURCE}{line}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as raised:
            load_config(tmp_path / "bookbag.toml")
        assert "S3CRET" not in str(raised.value)
