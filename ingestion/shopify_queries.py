"""What Shopify is asked, in GraphQL.

Money is the shop's own (`shopMoney`), never the customer's. `refunds` and `transactions` are lists,
whole without `first`; lines come a page at a time.
"""

LINES = 10
MORE = 125

ROWS_OF_LINES = """
    pageInfo { hasNextPage endCursor }
    nodes {
      id sku quantity product { productType }
      originalTotalSet { ...money }
      discountedTotalSet(withCodeDiscounts: true) { ...money }
    }
"""
MONEY = "fragment money on MoneyBag { shopMoney { amount currencyCode } }"
ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{
      id name createdAt processedAt updatedAt cancelledAt cancelReason test
      displayFinancialStatus email phone sourceName tags
      customer {{ id }}
      shippingAddress {{ countryCodeV2 }}
      billingAddress {{ countryCodeV2 }}
      totalPriceSet {{ ...money }}
      subtotalPriceSet {{ ...money }}
      totalTaxSet {{ ...money }}
      totalShippingPriceSet {{ ...money }}
      totalDiscountsSet {{ ...money }}
      currentTotalPriceSet {{ ...money }}
      lineItems(first: {LINES}) {{ {ROWS_OF_LINES} }}
      refunds {{ id createdAt note totalRefundedSet {{ ...money }} }}
      transactions {{ id kind status processedAt }}
    }}
  }}
}}
{MONEY}
"""
MORE_LINES = f"""
query Lines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: {MORE}, after: $after) {{ {ROWS_OF_LINES} }} }}
}}
{MONEY}
"""
CUSTOMERS = """
query Customers($first: Int!, $after: String, $query: String) {
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id createdAt updatedAt tags
      defaultEmailAddress { emailAddress }
      defaultPhoneNumber { phoneNumber }
    }
  }
}
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
SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"


def ids_of(table: str) -> str:
    """A query for the ids of all rows of a table, by id."""
    return (
        "query Ids($first: Int!, $after: String, $query: String) {"
        f" {table}(first: $first, after: $after, query: $query, sortKey: ID)"
        " { pageInfo { hasNextPage endCursor } nodes { id } } }"
    )
