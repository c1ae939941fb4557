"""Where tickets are seen in their helpdesk: what the settings tell of it, and no more."""

from pathlib import Path

import pytest

from bookbag_orchestration.config import load_config
from bookbag_orchestration.dashboard import addresses

ACCOUNT = '[account]\nid = "acme"\ntimezone = "UTC"\ncurrency = "EUR"\n'


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ('kind = "zendesk"\nsubdomain = "acme"', "https://acme.zendesk.com/agent/tickets/{id}"),
        ('kind = "gorgias"\nsubdomain = "acme"', "https://acme.gorgias.com/app/ticket/{id}"),
        ('kind = "freshdesk"\nsubdomain = "acme"', "https://acme.freshdesk.com/a/tickets/{id}"),
        (
            'kind = "chatwoot"\nurl = "https://desk.acme.example/accounts/3"',
            "https://desk.acme.example/app/accounts/3/conversations/{id}",
        ),
        # Which account it is, or which workspace, no setting says.
        ('kind = "chatwoot"\nurl = "https://desk.acme.example"', None),
        ('kind = "intercom"', None),
        ('kind = "zendesk"\nurl = "sandbox"', None),
        ('kind = "files"\npath = "export"', None),
    ],
)
def test_a_ticket_is_seen_where_its_source_is(
    source: str, address: str | None, tmp_path: Path
) -> None:
    (tmp_path / "export").mkdir()
    path = tmp_path / "bookbag.toml"
    path.write_text(f'{ACCOUNT}[[source]]\nname = "desk"\n{source}\n')
    assert addresses(load_config(path)) == ({"desk": address} if address else {})
