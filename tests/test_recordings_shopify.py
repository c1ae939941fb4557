"""Shopify's own fixtures of orders, through the connector and staging.

They are answers of the REST API, whose orders are those of the GraphQL API in other words: names in
another case, numbers instead of global ids, no sums of lines. They are put into GraphQL's words
here and answered by a server that lets nobody load in bulk.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingestion.sandbox.serve import running
from tests.models import Model
from tests.source_support import Desk

Json = dict[str, Any]
MONEY = ("totalPriceSet", "subtotalPriceSet", "totalTaxSet", "totalShippingPriceSet",
         "totalDiscountsSet", "currentTotalPriceSet")  # fmt: skip
LAST = {"hasNextPage": False, "endCursor": None}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def renamed(node: Any) -> Any:
    if isinstance(node, list):
        return [renamed(each) for each in node]
    if isinstance(node, dict):
        return {camel(key): renamed(value) for key, value in node.items()}
    return node


def money(amount: Decimal, currency: str) -> Json:
    return {"shopMoney": {"amount": str(amount), "currencyCode": currency}}


def line(row: Json, currency: str) -> Json:
    total = Decimal(row["price"]) * row["quantity"]
    taken_off = sum(Decimal(each["amount"]) for each in row["discountAllocations"])
    return {
        "id": row["adminGraphqlApiId"],
        "sku": row["sku"],
        "quantity": row["quantity"],
        "product": None,
        "originalTotalSet": money(total, currency),
        "discountedTotalSet": money(total - taken_off, currency),
    }


def order(told: Json) -> Json:
    row, currency = renamed(told), told["currency"]
    same = ("name", "createdAt", "processedAt", "updatedAt", "cancelledAt", "test", "phone",
            "sourceName", *MONEY)  # fmt: skip
    return {name: row[name] for name in same} | {
        "id": row["adminGraphqlApiId"],
        "email": row["email"] or None,
        "cancelReason": row["cancelReason"] and row["cancelReason"].upper(),
        "displayFinancialStatus": row["financialStatus"].upper(),
        "tags": [tag for tag in row["tags"].split(", ") if tag],
        "customer": row.get("customer") and {"id": row["customer"]["adminGraphqlApiId"]},
        "shippingAddress": {"countryCodeV2": (row.get("shippingAddress") or {}).get("countryCode")},
        "billingAddress": {"countryCodeV2": (row.get("billingAddress") or {}).get("countryCode")},
        "refunds": [
            {
                "id": refund["adminGraphqlApiId"],
                "createdAt": refund["createdAt"],
                "note": refund["note"],
                "totalRefundedSet": money(
                    sum((Decimal(each["amount"]) for each in refund["transactions"]), Decimal()),
                    currency,
                ),
            }
            for refund in row["refunds"]
        ],
        "transactions": [],
        "lineItems": {
            "pageInfo": LAST,
            "nodes": [line(each, currency) for each in row["lineItems"]],
        },
    }


def answers(folder: Path) -> Mapping[str, Json]:
    """By the name of a question: the newest of each order, and the customers of those."""
    newest: dict[int, Json] = {}
    for pair in json.loads((folder / "order.json").read_text(encoding="utf-8")):
        body = pair["json"] or {}
        for told in [*body.get("orders", []), *([body["order"]] if "order" in body else [])]:
            if {"line_items", "financial_status", "updated_at"} <= told.keys():
                known = newest.setdefault(told["id"], told)
                newest[told["id"]] = max(known, told, key=lambda each: str(each["updated_at"]))
    people = {
        told["customer"]["id"]: renamed(told["customer"])
        for told in newest.values()
        if told.get("customer")
    }
    customers = [
        {
            "id": row["adminGraphqlApiId"],
            "createdAt": row["createdAt"],
            "updatedAt": row["updatedAt"],
            "tags": [],
            "defaultEmailAddress": row["email"] and {"emailAddress": row["email"]},
            "defaultPhoneNumber": row["phone"] and {"phoneNumber": row["phone"]},
        }
        for row in people.values()
    ]
    return {
        "Orders": {
            "orders": {"pageInfo": LAST, "nodes": [order(each) for each in newest.values()]}
        },
        "Customers": {"customers": {"pageInfo": LAST, "nodes": customers}},
        "Disputes": {"shopifyPaymentsAccount": None},
        "Scopes": {"currentAppInstallation": {"accessScopes": []}},
    }


def test_official_orders_are_read(shared: Path, models: list[Model], tmp_path: Path) -> None:
    told = answers(shared / "data/payloads_shopify/shopify_api_ruby_2026_07")

    async def answer(request: Request) -> JSONResponse:
        name = (await request.json())["query"].split("(")[0].split("{")[0].split()[1]
        if name in told:
            return JSONResponse({"data": told[name]})
        refused = {"message": "no", "extensions": {"code": "ACCESS_DENIED"}}
        return JSONResponse({"errors": [refused]})

    route = Route("/admin/api/2026-07/graphql.json", answer, methods=["POST"])
    with running(Starlette(routes=[route])) as base:
        desk = Desk("shopify", base, tmp_path)
        desk.sync()
    landed = {table: len(found) for table, found in desk.documents().items()}
    assert landed == {"orders": 11, "customers": 6, "disputes": 0}
    with desk.staged(models) as connection:
        counted = connection.execute(
            """select payment_status, count(*), sum(total)::double
            from staging.stg_shopify__orders group by all order by all"""
        )
        assert counted.fetchall() == [
            ("paid", 8, 1684.93), ("partially_paid", 1, 199.0), ("partially_refunded", 1, 598.94),
            ("pending", 1, 199.0)]  # fmt: skip
        summed = connection.execute(
            """select count(*), bool_and(lines.net + tax + shipping = total)
            from staging.stg_shopify__orders
            inner join (
                select order_id, sum(net_amount) as net from staging.stg_shopify__order_lines
                group by order_id
            ) as lines using (order_id)"""
        )
        assert summed.fetchall() == [(11, True)]
        refunds = connection.execute(
            """select order_id, strftime(refunded_at, '%Y-%m-%d %H:%M:%S'), amount::double, reason
            from staging.stg_shopify__refunds"""
        )
        assert refunds.fetchall() == [
            ("#1001", "2025-07-02 16:29:59", 209.0, "it broke during shipping")]  # fmt: skip
