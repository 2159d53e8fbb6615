"""`python -m schema > schema/schema.graphql` refreshes the committed contract."""

from schema import schema

print(schema.as_str())
