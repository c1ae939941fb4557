"""The part of Shopify's GraphQL schema that the sandbox speaks, and what a query costs in points.

Queries are parsed and checked against it, so a field that Shopify does not have is refused here as
it is there. Costs follow the rule that was published longest: a point an object, and a connection
as often as it may have rows. A query's cost is known before it runs and refunded after.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    get_named_type,
)

SCHEMA = build_schema("""
schema { query: QueryRoot }
scalar DateTime
scalar Date
scalar Decimal
enum OrderSortKeys { CREATED_AT ID ORDER_NUMBER PROCESSED_AT TOTAL_PRICE UPDATED_AT }
enum CustomerSortKeys { CREATED_AT ID UPDATED_AT }
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
enum OrderTransactionKind { AUTHORIZATION CAPTURE CHANGE REFUND SALE VOID }
enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
enum DisputeType { CHARGEBACK INQUIRY }
enum DisputeStatus { ACCEPTED CHARGE_REFUNDED LOST NEEDS_RESPONSE PREVENTED UNDER_REVIEW WON }
type QueryRoot {
  order(id: ID!): Order
  orders(
    first: Int, after: String, query: String, sortKey: OrderSortKeys = PROCESSED_AT
  ): OrderConnection!
  customers(
    first: Int, after: String, query: String, sortKey: CustomerSortKeys = ID
  ): CustomerConnection!
  shopifyPaymentsAccount: ShopifyPaymentsAccount
  currentAppInstallation: AppInstallation!
}
type AppInstallation { accessScopes: [AccessScope!]! }
type AccessScope { handle: String! description: String! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type MoneyV2 { amount: Decimal! currencyCode: String! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type MailingAddress { countryCodeV2: String }
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type Order {
  id: ID! name: String! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime!
  cancelledAt: DateTime cancelReason: OrderCancelReason test: Boolean!
  displayFinancialStatus: OrderDisplayFinancialStatus
  email: String phone: String sourceName: String tags: [String!]!
  customer: Customer shippingAddress: MailingAddress billingAddress: MailingAddress
  totalPriceSet: MoneyBag! subtotalPriceSet: MoneyBag totalTaxSet: MoneyBag
  totalShippingPriceSet: MoneyBag! totalDiscountsSet: MoneyBag currentTotalPriceSet: MoneyBag!
  lineItems(first: Int, after: String): LineItemConnection!
  refunds(first: Int): [Refund!]!
  transactions(first: Int): [OrderTransaction!]!
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type LineItem {
  id: ID! sku: String quantity: Int! product: Product
  originalTotalSet: MoneyBag! discountedTotalSet(withCodeDiscounts: Boolean = false): MoneyBag!
}
type Product { id: ID! productType: String! }
type Refund { id: ID! createdAt: DateTime note: String totalRefundedSet: MoneyBag! }
type OrderTransaction {
  id: ID! kind: OrderTransactionKind! status: OrderTransactionStatus! processedAt: DateTime
}
type CustomerConnection { nodes: [Customer!]! pageInfo: PageInfo! }
type Customer {
  id: ID! createdAt: DateTime! updatedAt: DateTime! tags: [String!]!
  defaultEmailAddress: CustomerEmailAddress defaultPhoneNumber: CustomerPhoneNumber
}
type CustomerEmailAddress { emailAddress: String! }
type CustomerPhoneNumber { phoneNumber: String! }
type ShopifyPaymentsAccount {
  id: ID! disputes(first: Int, after: String, query: String): ShopifyPaymentsDisputeConnection!
}
type ShopifyPaymentsDisputeConnection { nodes: [ShopifyPaymentsDispute!]! pageInfo: PageInfo! }
type ShopifyPaymentsDispute {
  id: ID! type: DisputeType! status: DisputeStatus! initiatedAt: DateTime! finalizedOn: Date
  amount: MoneyV2! reasonDetails: ShopifyPaymentsDisputeReasonDetails! order: Order
}
type ShopifyPaymentsDisputeReasonDetails { reason: String! networkReasonCode: String }
""")

CONNECTION = 2
"""What a connection costs beside its rows."""


def cost_of(query: DocumentNode, variables: Mapping[str, Any]) -> int:
    """Points that a valid query may cost at most."""
    parts = {
        part.name.value: part
        for part in query.definitions
        if isinstance(part, FragmentDefinitionNode)
    }

    def size(field: FieldNode) -> int:
        for argument in field.arguments:
            if argument.name.value == "first":
                value = argument.value
                if isinstance(value, VariableNode):
                    return int(variables.get(value.name.value) or 0)
                if isinstance(value, IntValueNode):
                    return int(value.value)
        return 1

    def below(selected: SelectionSetNode, of: GraphQLNamedType) -> int:
        total = 0
        for node in selected.selections:
            if isinstance(node, FragmentSpreadNode):
                total += below(parts[node.name.value].selection_set, of)
            elif isinstance(node, FieldNode) and node.selection_set:
                assert isinstance(of, GraphQLObjectType)
                kind = get_named_type(of.fields[node.name.value].type)
                inner = below(node.selection_set, kind)
                if kind.name.endswith("Connection"):
                    total += CONNECTION + size(node) * inner
                else:
                    total += inner if kind.name == "PageInfo" else 1 + inner
        return total

    root = SCHEMA.query_type
    assert root is not None
    return sum(
        below(part.selection_set, root)
        for part in query.definitions
        if isinstance(part, OperationDefinitionNode)
    )


def objects_in(data: Any) -> int:
    """Points that an answer did cost."""
    if isinstance(data, list):
        return sum(map(objects_in, data))
    if isinstance(data, dict):
        return 1 + sum(map(objects_in, data.values()))
    return 0
