"""Parsed and validated documents, remembered by their text."""

from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.transport.document_shape import refuse_complex_document
from gateway.transport.limits import Limits
from gateway.transport.operation_cost import asks_for_lengths
from gateway.transport.refusals import DocumentInvalid, DocumentTooComplex, RequestRefused

# Small documents have a cost of their own, which bounds their number.
CACHE_WEIGHT_MIN = 20
VALIDATION_ERRORS_MAX = 20


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document: it may be executed any number of times."""

    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    asks_for_lengths: bool

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation of that name, or the only one; else raise `RequestRefused`."""
        if name:
            if name not in self.operations:
                raise RequestRefused(f"The document has no operation named '{name}'")
            return self.operations[name]
        if len(self.operations) != 1:
            raise RequestRefused("operationName must say which operation of the document to execute")
        return next(iter(self.operations.values()))


class Documents:
    """Parses and validates; valid documents are kept, the least recently used given up first.

    Invalid documents are not kept, so that they cannot push out the good ones.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, development: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._hide_suggestions = not development
        self._rules = [*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule]
        if not development:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._cache: LRUCache[str, Document] = LRUCache(limits.cached_tokens_max, getsizeof=_weight)

    def __len__(self) -> int:
        return len(self._cache)

    def document(self, text: str) -> Document:
        """Return the document; raise `DocumentInvalid`, or `DocumentTooComplex` before validation."""
        known = self._cache.get(text)
        if known is not None:
            return known
        document = self._validated(text)
        if _weight(document) <= self._cache.maxsize:
            self._cache[text] = document
        return document

    def _validated(self, text: str) -> Document:
        limits = self._limits
        if len(text) > limits.document_characters_max:
            raise DocumentTooComplex(f"The document is longer than {limits.document_characters_max} characters")
        try:
            node = parse(
                text,
                max_lexical_tokens=limits.document_tokens_max,
                max_comments=limits.document_comments_max,
            )
        except GraphQLError as error:
            # The parser has no type for its limits: it says that it gave up.
            if error.message.endswith("Parsing aborted."):
                raise DocumentTooComplex(error.message.removeprefix("Syntax Error: ")) from None
            raise DocumentInvalid("GRAPHQL_PARSE_FAILED", [error]) from None
        refuse_complex_document(node, limits)
        errors = validate(
            self._schema, node, self._rules, VALIDATION_ERRORS_MAX, hide_suggestions=self._hide_suggestions
        )
        if errors:
            raise DocumentInvalid("GRAPHQL_VALIDATION_FAILED", errors)
        return _document(node)


def _document(node: DocumentNode) -> Document:
    operations = {}
    fragments = {}
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations[definition.name.value if definition.name else ""] = definition
        elif isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
    return Document(node, operations, fragments, asks_for_lengths(node))


def _weight(document: Document) -> int:
    return max(CACHE_WEIGHT_MIN, document.node.token_count)
