"""Runs that publish to PostgreSQL too: as an asset of its own, which fails alone and tells no
password.
"""

import shutil
from pathlib import Path

import psycopg
import pytest

from tests.postgres_support import PASSWORD, Server
from tests.support import Called, call, published

pytestmark = pytest.mark.slow

AWAY = "postgresql://bookbag:s3cret%25word@127.0.0.1:1/bi"


@pytest.fixture
def home(golden: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(golden, tmp_path / "home"))


def publish(shared: Path, home: Path, config: Path | None = None) -> Called:
    given = config or shared / "spec/golden/bookbag.toml"
    return call("run", "--config", given, "--home", home, "--only", "publish", "--verbose")


def test_a_run_publishes_there_too_and_again_only_what_is_new(
    shared: Path, home: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "postgres" not in publish(shared, home).out
    url = postgres.make("runs")
    monkeypatch.setenv("BOOKBAG_PUBLISH__POSTGRES", url)
    first = publish(shared, home)
    assert first.code == 0 and "postgres: 34 tables" in first.out
    again = publish(shared, home)
    # What tells of the runs themselves.
    assert again.code == 0 and "postgres: 1 tables" in again.out
    with psycopg.connect(url) as server:
        for table in ("marts.kpi_values", "marts.pipeline_runs"):
            query = f"select count(*) from {table}"
            assert server.execute(query).fetchall() == published(home, query)
    for said in (first.out, first.err, again.out, (home / "logs/run.log").read_text()):
        assert PASSWORD not in said and PASSWORD.replace("%", "%25") not in said


def test_a_server_that_is_away_fails_alone_and_is_named_without_its_password(
    shared: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(home / "site")
    shutil.rmtree(home / "published")
    monkeypatch.setenv("BOOKBAG_PUBLISH__POSTGRES", AWAY)
    failed = publish(shared, home)
    assert failed.code == 1
    assert "PostgreSQL at 127.0.0.1:1/bi cannot be reached" in failed.err
    assert "[publish] postgres or BOOKBAG_PUBLISH__POSTGRES" in failed.err
    # Everything else is there, and what failed is told by the doctor and in the next copy.
    assert (home / "site/index.html").exists()
    assert published(home, "select count(*) > 0 from marts.kpi_values") == [(True,)]
    doctor = call("doctor", "--config", shared / "spec/golden/bookbag.toml", "--home", home)
    assert doctor.code == 1 and "step publish postgres" in doctor.out
    # A target that is given up fails no more.
    monkeypatch.delenv("BOOKBAG_PUBLISH__POSTGRES")
    assert publish(shared, home).code == 0
    (error,) = published(
        home,
        "select error from marts.pipeline_runs where subject = 'postgres' and step = 'publish'",
    )
    assert "127.0.0.1:1/bi" in error[0]
    later = call("doctor", "--config", shared / "spec/golden/bookbag.toml", "--home", home)
    assert "postgres" not in later.out
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    said = "".join([failed.out, failed.err, doctor.out, doctor.err]).encode()
    assert not any(b"s3cret" in text for text in [*files, said])


@pytest.mark.parametrize("given", ["mysql://bookbag:s3cret@host/bi", "s3cret"])
def test_an_address_that_is_none_is_refused_and_not_repeated(
    shared: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    config = tmp_path / "bookbag.toml"
    text = (shared / "spec/golden/bookbag.toml").read_text()
    config.write_text(f'{text}\n[publish]\npostgres = "{given}"\n')
    refused = publish(shared, home, config)
    assert refused.code == 2 and "publish.postgres: write it as postgresql://" in refused.err
    assert "s3cret" not in refused.err
    monkeypatch.setenv("BOOKBAG_PUBLISH__POSTGRES", given)
    failed = publish(shared, home)
    assert failed.code == 1 and "is no address of a PostgreSQL database" in failed.err
    assert "s3cret" not in failed.err + failed.out + (home / "logs/run.log").read_text()
