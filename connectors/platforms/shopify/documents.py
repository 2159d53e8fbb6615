"""The GraphQL documents we send, for Admin API 2026-04 and later.
https://shopify.dev/docs/api/admin-graphql/2026-10"""

SET_QUANTITIES = """
mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}"""

READ_QUANTITIES = """
query ReadQuantities($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id
      inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }
    }
  }
}"""

LOCATIONS = """
query Locations { locations(first: 200) { nodes { id name isActive } } }"""

STOCK_PAGE = """
query StockPage($location: ID!, $after: String) {
  location(id: $location) {
    inventoryLevels(first: 100, after: $after) {
      nodes {
        item { id sku tracked }
        quantities(names: ["available", "committed"]) { name quantity updatedAt }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""

CATALOG_PAGE = """
query CatalogPage($after: String) {
  productVariants(first: 100, after: $after) {
    nodes { id sku displayName inventoryItem { id tracked } }
    pageInfo { hasNextPage endCursor }
  }
}"""

CHANGED_ORDERS = """
query ChangedOrders($query: String!, $after: String) {
  orders(first: 250, query: $query, sortKey: UPDATED_AT, after: $after) {
    nodes { id updatedAt sourceName }
    pageInfo { hasNextPage endCursor }
  }
}"""

ORDER = """
query Order($id: ID!, $after: String) {
  order(id: $id) {
    id name updatedAt cancelledAt displayFinancialStatus displayFulfillmentStatus sourceName
    physicalLocation { id }
    retailLocation { id }
    lineItems(first: 100, after: $after) {
      nodes {
        id sku quantity currentQuantity unfulfilledQuantity
        variant { id inventoryItem { tracked } }
      }
      pageInfo { hasNextPage endCursor }
    }
    refunds(first: 100) { id }
  }
}"""

# Apart from the order: nested in it, full pages would cost more than one query may.
REFUND = """
query Refund($id: ID!, $after: String) {
  node(id: $id) {
    ... on Refund {
      refundLineItems(first: 100, after: $after) {
        nodes { quantity restockType lineItem { id } location { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""

CHECK = """
query Check {
  locations(first: 200) { nodes { id name isActive } }
  publicApiVersions { handle supported }
  productVariants(first: 1) { nodes { inventoryItem { id } } }
  orders(first: 1) { nodes { id } }
}"""

SUBSCRIPTIONS = """
query Subscriptions($uri: String!) {
  webhookSubscriptions(first: 100, uri: $uri) { nodes { topic } }
}"""

SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri, format: JSON }) {
    userErrors { field message }
  }
}"""
