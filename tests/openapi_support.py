"""The vendors' OpenAPI documents, mended so far that answers can be checked against them.

Most were written by others than the vendor, and none is whole. What is done to them is told in
`VENDORS`: a vendor is added by a line there.
"""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
SERVER = "http://desk.example"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Described:
    """A vendor's documents, from the folder of payloads on.

    `files` are read together, of two that describe the same the later one counts. `rows` fills
    schemas that the files name and do not hold: by a name of theirs, or by a file of JSON schema.
    `same` are paths whose answers are those of another. `prefix` and `ending` are what our
    addresses have around the documents' paths. `undescribed` are paths whose answers no document
    tells, with that of an account that has nothing there, and `shapeless` paths of whose rows none
    says anything. `free` are parameters whose values are others than those listed, `onward` what
    names a next page: a schema and a field.
    """

    files: Sequence[str]
    rows: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    ending: str = ""
    undescribed: Mapping[str, Json] = field(default_factory=dict)
    shapeless: Set[str] = frozenset()
    free: Set[str] = frozenset()
    onward: Sequence[tuple[str, str]] = ()

    def spec(self, shared: Path, *, ends: bool = False) -> Json:
        """One document, of version 3.1 as most call themselves. `ends`: what a mock makes of it
        names no next page.
        """
        paths: Json = {}
        parts: dict[str, Json] = {"schemas": {}, "parameters": {}}
        security: list[Json] = []
        for name in self.files:
            told = yaml.load((shared / "data" / name).read_bytes(), yaml.CSafeLoader)
            paths |= told["paths"]
            security += told.get("security", [])
            for kind, named in told.get("components", {}).items():
                parts.setdefault(kind, {}).update(named)
        for name, source in self.rows.items():
            row: Json = {"$ref": f"#/components/schemas/{source}"}
            if source.endswith(".json"):
                row = json.loads((shared / "data" / source).read_text(encoding="utf-8"))
                row["type"] = "object"
            parts["schemas"][name] = row
        if ends:
            for schema, field_name in self.onward:
                parts["schemas"][schema]["properties"][field_name] = {"type": "null"}
        paths |= {ours: paths[theirs] for ours, theirs in self.same.items()}
        found: Json = {
            "openapi": "3.1.0",
            "info": {"title": "mended", "version": "1"},
            "servers": [{"url": SERVER}],
            "security": security,
            "paths": {
                f"{self.prefix}{path}{self.ending}": self._asked(path, told, parts["parameters"])
                for path, told in paths.items()
            },
            "components": parts,
        }
        for path, nothing in self.undescribed.items():
            told = {"application/json": {"schema": {}, "example": nothing}}
            answer = {"200": {"description": "not described", "content": told}}
            found["paths"][path] = {"get": {"responses": answer}}
        there = {f"#/components/{kind}/{name}" for kind, named in parts.items() for name in named}
        mended: Json = _mended(found, there)
        return mended

    def _asked(self, path: str, told: Json, known: Json) -> Json:
        """A path or one of its operations, with the parameters that can be told of it."""
        found: Json = {
            key: self._asked(path, value, known) if key in METHODS else value
            for key, value in told.items()
        }
        parameters = []
        for each in told.get("parameters", ()):
            given = known.get(each["$ref"].rpartition("/")[2]) if "$ref" in each else each
            if given and (given["in"] != "path" or f"{{{given['name']}}}" in path):
                is_free = given["name"] in self.free
                parameters.append(given | ({"schema": {"type": "string"}} if is_free else {}))
        return found | {"parameters": parameters}


def _mended(node: Any, there: Set[str]) -> Any:
    """Without references to what is not there, so that it is anything; nullable types, which all of
    them write as 3.0 does, as 3.1 does.
    """
    if isinstance(node, list):
        return [_mended(each, there) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node and node["$ref"] not in there:
        return {}
    found = {str(key): _mended(value, there) for key, value in node.items() if key != "nullable"}
    if isinstance(node.get("examples"), dict):
        found["examples"] = {key: told for key, told in found["examples"].items() if told}
    if isinstance(found.get("type"), list):  # a mock answers with the first of them
        found["type"] = sorted(found["type"], key="null".__eq__)
    if node.get("nullable") is not True:
        return found
    if "type" not in found:
        return {"anyOf": [found, {"type": "null"}]}
    return found | {
        "type": [found["type"], "null"],
        **({"enum": [*found["enum"], None]} if "enum" in found else {}),
    }


_ZENDESK = "payloads_zendesk/openapi"
_ROWS = "payloads_zendesk/singer_schemas"
VENDORS: Mapping[str, Described] = {
    "zendesk": Described(
        [
            f"{_ZENDESK}/{name}.yml"
            for name in (
                "zendesk-support-openapi",
                "groups-openapi-original",
                "satisfaction-ratings-openapi-original",
                "users-openapi-original",
                "incremental-openapi-original",
            )
        ],
        rows={
            "TicketObject": "Ticket",
            "UserObject": "User",
            "GroupObject": f"{_ROWS}/groups.json",
            "SatisfactionRatingObject": f"{_ROWS}/satisfaction_ratings.json",
        },
        same={"/api/v2/tickets": "/tickets"},
        ending=".json",
        shapeless=frozenset({"/api/v2/incremental/ticket_events.json"}),
        undescribed={
            "/api/v2/ticket_fields.json": {"ticket_fields": [], "next_page": None},
            "/api/v2/guide/en-us/surveys": {"surveys": [], "meta": {"has_more": False}},
            "/api/v2/guide/survey_responses": {"survey_responses": [], "meta": {"has_more": False}},
        },
    ),
    "gorgias": Described(
        ["payloads_gorgias/gorgias-openapi.yml"],
        same={"/api/messages": "/api/tickets/{id}/messages"},
        undescribed={
            f"/api/{name}": {"data": [], "meta": {"next_cursor": None}}
            for name in (
                "events",
                "satisfaction-surveys",
                "users",
                "teams",
                "tags",
                "custom-fields",
            )
        },
        onward=[("Meta", "next_cursor")],
    ),
    "freshdesk": Described(
        ["payloads_freshdesk/openapi/freshdesk-rest-api-openapi.yml"],
        prefix="/api/v2",
        free=frozenset({"include"}),  # several at once, with commas between
    ),
    "intercom": Described(
        ["payloads_intercom/openapi_2.15.yaml"],
        undescribed={
            "/conversations/deleted": {"conversations": [], "pages": {"total_pages": 1}},
        },
        free=frozenset({"Intercom-Version"}),  # we speak the one after it
        onward=[("cursor_pages", "next")],
    ),
}
