"""Answers to GraphQL queries over plain rows: what is asked for is worked out once a query.

graphql-core parses a query and checks it against the schema, once a text. It would also run it, but
field by field, which makes a first load ten times as long. A row is a dict here, with a function
for what takes arguments, so that running a query is copying the fields that it names.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_variable_values

from ingestion.sandbox.shopify_pages import JsonRow
from ingestion.sandbox.shopify_schema import SCHEMA

TEXTS_KEPT = 100
MUTATION_POINTS = 10
CONNECTION_POINTS = 2
"""What a connection costs beside its rows."""


class Field(NamedTuple):
    """A field that is asked for as `key`; `below` is empty for a plain value."""

    key: str
    name: str
    arguments: Mapping[str, Any]
    kind: str
    below: tuple["Field", ...]

    @property
    def is_connection(self) -> bool:
        return self.kind.endswith("Connection")


@lru_cache(TEXTS_KEPT)
def checked(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The document of a text, and what is wrong with it; no document for a text that is none."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(SCHEMA, document))


def plan(document: DocumentNode, variables: Mapping[str, Any]) -> tuple[bool, tuple[Field, ...]]:
    """Whether it is a mutation, and its fields. GraphQLError for variables that do not fit."""
    operation = get_operation_ast(document)
    if operation is None:
        raise GraphQLError("the sandbox runs one operation a call")
    root = SCHEMA.get_root_type(operation.operation)
    assert root is not None
    given = get_variable_values(SCHEMA, operation.variable_definitions or (), dict(variables))
    if isinstance(given, list):
        raise given[0]
    parts = {
        part.name.value: part
        for part in document.definitions
        if isinstance(part, FragmentDefinitionNode)
    }
    fields = _fields([operation.selection_set], root, parts, given)
    return root is SCHEMA.mutation_type, fields


def _fields(
    selected: Iterable[SelectionSetNode],
    of: GraphQLObjectType,
    parts: Mapping[str, FragmentDefinitionNode],
    variables: dict[str, Any],
) -> tuple[Field, ...]:
    found: dict[str, list[FieldNode]] = {}

    def collect(nodes: SelectionSetNode) -> None:
        for node in nodes.selections:
            if node.directives:
                raise GraphQLError("the sandbox knows no directives", node)
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, FragmentSpreadNode):
                collect(parts[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                collect(node.selection_set)

    for nodes in selected:
        collect(nodes)

    def field(key: str, nodes: list[FieldNode]) -> Field:
        first = nodes[0]
        if first.name.value not in of.fields:
            raise GraphQLError("the sandbox tells nothing of its schema", first)
        definition = of.fields[first.name.value]
        kind = get_named_type(definition.type)
        below: tuple[Field, ...] = ()
        if isinstance(kind, GraphQLObjectType):
            sets = [node.selection_set for node in nodes if node.selection_set]
            below = _fields(sets, kind, parts, variables)
        arguments = get_argument_values(definition, first, variables)
        return Field(key, first.name.value, arguments, kind.name, below)

    return tuple(field(key, nodes) for key, nodes in found.items())


def shown(row: JsonRow, fields: tuple[Field, ...]) -> JsonRow:
    """Of a row what is asked for, in the order in which it is."""
    found: JsonRow = {}
    for key, name, arguments, _, below in fields:
        value = row[name]
        if callable(value):
            value = value(**arguments)
        if below and value is not None:
            if isinstance(value, list):
                value = [shown(each, below) for each in value]
            else:
                value = shown(value, below)
        found[key] = value
    return found


def cost_of(fields: tuple[Field, ...]) -> int:
    """Points that a query may cost at most: one an object, as often as there may be rows of it."""
    total = 0
    for field in fields:
        if field.below:
            inner = cost_of(field.below)
            if field.is_connection:
                total += CONNECTION_POINTS + (field.arguments.get("first") or 1) * inner
            else:
                total += inner + (field.kind != "PageInfo" and not field.kind.endswith("Edge"))
    return total


def objects_in(data: Any) -> int:
    """Points that an answer did cost."""
    if isinstance(data, list):
        return sum(map(objects_in, data))
    if isinstance(data, dict):
        return 1 + sum(map(objects_in, data.values()))
    return 0
