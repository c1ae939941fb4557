"""The part of Shopify's GraphQL schema that the sandbox speaks.

Queries are parsed and checked against it, so a field that Shopify does not have is refused here as
it is there.
"""

from graphql import build_schema

SCHEMA = build_schema("""
schema { query: QueryRoot mutation: Mutation }
scalar DateTime
scalar Date
scalar Decimal
scalar URL
scalar UnsignedInt64
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
enum BulkOperationStatus { CANCELED CANCELING COMPLETED CREATED EXPIRED FAILED RUNNING }
enum BulkOperationErrorCode { ACCESS_DENIED INTERNAL_SERVER_ERROR TIMEOUT }
enum BulkOperationUserErrorCode { INVALID LIMIT_REACHED OPERATION_IN_PROGRESS }
type Mutation {
  bulkOperationRunQuery(
    query: String!, groupObjects: Boolean! = false
  ): BulkOperationRunQueryPayload
}
type BulkOperationRunQueryPayload {
  bulkOperation: BulkOperation userErrors: [BulkOperationUserError!]!
}
type BulkOperationUserError {
  field: [String!] message: String! code: BulkOperationUserErrorCode
}
type BulkOperation {
  id: ID! status: BulkOperationStatus! errorCode: BulkOperationErrorCode query: String!
  createdAt: DateTime! completedAt: DateTime
  objectCount: UnsignedInt64! rootObjectCount: UnsignedInt64! fileSize: UnsignedInt64
  url: URL partialDataUrl: URL
}
type QueryRoot {
  bulkOperation(id: ID!): BulkOperation
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
type OrderConnection { edges: [OrderEdge!]! nodes: [Order!]! pageInfo: PageInfo! }
type OrderEdge { cursor: String! node: Order! }
type Order {
  id: ID! name: String! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime!
  cancelledAt: DateTime cancelReason: OrderCancelReason test: Boolean!
  displayFinancialStatus: OrderDisplayFinancialStatus
  email: String phone: String sourceName: String tags: [String!]!
  customer: Customer shippingAddress: MailingAddress billingAddress: MailingAddress
  totalPriceSet: MoneyBag! subtotalPriceSet: MoneyBag totalTaxSet: MoneyBag
  totalShippingPriceSet: MoneyBag! totalDiscountsSet: MoneyBag currentTotalPriceSet: MoneyBag!
  subtotalLineItemsQuantity: Int!
  lineItems(first: Int, after: String): LineItemConnection!
  refunds(first: Int): [Refund!]!
  transactions(first: Int): [OrderTransaction!]!
}
type LineItemConnection { edges: [LineItemEdge!]! nodes: [LineItem!]! pageInfo: PageInfo! }
type LineItemEdge { cursor: String! node: LineItem! }
type LineItem {
  id: ID! sku: String quantity: Int! product: Product
  originalTotalSet: MoneyBag! discountedTotalSet(withCodeDiscounts: Boolean = false): MoneyBag!
}
type Product { id: ID! productType: String! }
type Refund { id: ID! createdAt: DateTime note: String totalRefundedSet: MoneyBag! }
type OrderTransaction {
  id: ID! kind: OrderTransactionKind! status: OrderTransactionStatus! processedAt: DateTime
}
type CustomerConnection { edges: [CustomerEdge!]! nodes: [Customer!]! pageInfo: PageInfo! }
type CustomerEdge { cursor: String! node: Customer! }
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
