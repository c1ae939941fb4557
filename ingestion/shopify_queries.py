"""What Shopify is asked, in GraphQL.

Money is the shop's own (`shopMoney`), never the customer's. `refunds` and `transactions` are lists,
whole without `first`; lines come a page at a time.
"""

LINES = 10
MORE = 125

MONEY = "fragment money on MoneyBag { shopMoney { amount currencyCode } }"
ORDER = """
      id name createdAt processedAt updatedAt cancelledAt cancelReason test
      displayFinancialStatus email phone sourceName tags
      customer { id }
      shippingAddress { countryCodeV2 }
      billingAddress { countryCodeV2 }
      totalPriceSet { ...money }
      subtotalPriceSet { ...money }
      totalTaxSet { ...money }
      totalShippingPriceSet { ...money }
      totalDiscountsSet { ...money }
      currentTotalPriceSet { ...money }
      refunds { id createdAt note totalRefundedSet { ...money } }
      transactions { id kind status processedAt }
"""
LINE = """
      id sku quantity product { productType }
      originalTotalSet { ...money }
      discountedTotalSet(withCodeDiscounts: true) { ...money }
"""
PAGE_OF_LINES = f"pageInfo {{ hasNextPage endCursor }} nodes {{ {LINE} }}"
ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {ORDER} lineItems(first: {LINES}) {{ {PAGE_OF_LINES} }} }}
  }}
}}
{MONEY}
"""
MORE_LINES = f"""
query Lines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: {MORE}, after: $after) {{ {PAGE_OF_LINES} }} }}
}}
{MONEY}
"""
CUSTOMER = """
      id createdAt updatedAt tags
      defaultEmailAddress { emailAddress }
      defaultPhoneNumber { phoneNumber }
"""
CUSTOMERS = f"""
query Customers($first: Int!, $after: String, $query: String) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {CUSTOMER} }}
  }}
}}
"""
DISPUTES = """
query Disputes($first: Int!, $after: String) {
  shopifyPaymentsAccount {
    disputes(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id type status initiatedAt finalizedOn
        amount { amount currencyCode }
        reasonDetails { reason }
        order { id }
      }
    }
  }
}
"""
START = """
mutation Start($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id createdAt }
    userErrors { code message }
  }
}
"""
OPERATION = """
query Operation($id: ID!) {
  bulkOperation(id: $id) { status errorCode objectCount fileSize url }
}
"""
SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"


def ids_of(table: str) -> str:
    """A query for the ids of all rows of a table, by id."""
    return (
        "query Ids($first: Int!, $after: String, $query: String) {"
        f" {table}(first: $first, after: $after, query: $query, sortKey: ID)"
        " { pageInfo { hasNextPage endCursor } nodes { id } } }"
    )


def bulk_query(table: str, wanted: str) -> str:
    """A query for a bulk operation, which takes neither variables nor `nodes`: all rows of orders
    or customers that a search finds, and all lines.

    `subtotalLineItemsQuantity` is the number of items in all lines of an order.
    """
    row, parts = CUSTOMER, ""
    if table == "orders":
        lines = f"lineItems {{ edges {{ node {{ {LINE} }} }} }}"
        row, parts = f"{ORDER} subtotalLineItemsQuantity {lines}", MONEY
    return f'{{ {table}(query: "{wanted}") {{ edges {{ node {{ {row} }} }} }} }} {parts}'
