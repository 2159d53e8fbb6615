"""The part of the Admin API's schema that a simulated Shopify answers, written from the public reference.
https://shopify.dev/docs/api/admin-graphql/2026-10"""

from graphql import GraphQLSchema, build_schema

SCHEMA: GraphQLSchema = build_schema("""
directive @idempotent(key: String!) on FIELD
scalar DateTime
interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type InventoryQuantity { name: String! quantity: Int! updatedAt: DateTime }
type InventoryLevel { item: InventoryItem! quantities(names: [String!]!): [InventoryQuantity!]! }
type InventoryLevelConnection { nodes: [InventoryLevel!]! pageInfo: PageInfo! }
type InventoryItem implements Node {
  id: ID! sku: String tracked: Boolean!
  inventoryLevel(locationId: ID!): InventoryLevel
}
type Location implements Node {
  id: ID! name: String! isActive: Boolean!
  inventoryLevels(first: Int, after: String): InventoryLevelConnection!
}
type LocationConnection { nodes: [Location!]! pageInfo: PageInfo! }
type ProductVariant implements Node { id: ID! sku: String displayName: String! inventoryItem: InventoryItem! }
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
type LineItem implements Node {
  id: ID! sku: String quantity: Int! currentQuantity: Int! unfulfilledQuantity: Int! variant: ProductVariant
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
enum RefundLineItemRestockType { RETURN CANCEL LEGACY_RESTOCK NO_RESTOCK }
type RefundLineItem {
  quantity: Int! restockType: RefundLineItemRestockType! lineItem: LineItem! location: Location
}
type RefundLineItemConnection { nodes: [RefundLineItem!]! pageInfo: PageInfo! }
type Refund implements Node {
  id: ID! refundLineItems(first: Int, after: String): RefundLineItemConnection!
}
type Order implements Node {
  id: ID! name: String! updatedAt: DateTime! cancelledAt: DateTime sourceName: String
  displayFinancialStatus: String displayFulfillmentStatus: String!
  physicalLocation: Location retailLocation: Location
  lineItems(first: Int, after: String): LineItemConnection!
  refunds(first: Int): [Refund!]!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
enum OrderSortKeys { UPDATED_AT ID }
type ApiVersion { handle: String! supported: Boolean! }
enum WebhookSubscriptionTopic {
  ORDERS_CREATE ORDERS_PAID ORDERS_UPDATED ORDERS_EDITED ORDERS_PARTIALLY_FULFILLED ORDERS_FULFILLED
  ORDERS_CANCELLED ORDERS_DELETE REFUNDS_CREATE INVENTORY_LEVELS_UPDATE
}
enum WebhookSubscriptionFormat { JSON XML }
type WebhookSubscription { topic: WebhookSubscriptionTopic! uri: String! }
type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! pageInfo: PageInfo! }
input WebhookSubscriptionInput { uri: String format: WebhookSubscriptionFormat }
type UserError { field: [String!] message: String! }
type WebhookSubscriptionCreatePayload { webhookSubscription: WebhookSubscription userErrors: [UserError!]! }
input InventoryQuantityInput { inventoryItemId: ID! locationId: ID! quantity: Int! changeFromQuantity: Int }
input InventorySetQuantitiesInput {
  reason: String! name: String! referenceDocumentUri: String quantities: [InventoryQuantityInput!]!
}
type InventoryAdjustmentGroup implements Node { id: ID! }
type InventorySetQuantitiesUserError { code: String field: [String!] message: String! }
type InventorySetQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [InventorySetQuantitiesUserError!]!
}
type QueryRoot {
  nodes(ids: [ID!]!): [Node]!
  node(id: ID!): Node
  location(id: ID!): Location
  locations(first: Int): LocationConnection!
  productVariants(first: Int, after: String): ProductVariantConnection!
  order(id: ID!): Order
  orders(first: Int, after: String, query: String, sortKey: OrderSortKeys): OrderConnection!
  publicApiVersions: [ApiVersion!]!
  webhookSubscriptions(first: Int, uri: String): WebhookSubscriptionConnection!
}
type Mutation {
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
}
schema { query: QueryRoot mutation: Mutation }
""")
