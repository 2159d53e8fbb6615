"""How many fields an operation may answer, lists counted by the length its arguments ask for."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNode,
    ValueNode,
    VariableNode,
)

from gateway.transport.refusals import DocumentTooComplex

# Arguments that ask for so many entries: https://relay.dev/graphql/connections.htm#sec-Arguments
PAGE_ARGUMENTS = frozenset({"first", "last"})


def asks_for_lengths(document: DocumentNode) -> bool:
    """Whether any argument says how long a list will be; else the cost is the size of the document."""
    lists = {
        variable.variable.name.value
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for variable in definition.variable_definitions or ()
        if _is_list(variable.type)
    }
    stack = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode))
    ]
    while stack:
        for selection in stack.pop().selections:
            nested = getattr(selection, "selection_set", None)
            if nested is None:
                continue
            stack.append(nested)
            for argument in getattr(selection, "arguments", None) or ():
                value = argument.value
                if argument.name.value in PAGE_ARGUMENTS or isinstance(value, ListValueNode):
                    return True
                if isinstance(value, VariableNode) and value.name.value in lists:
                    return True
    return False


def _is_list(node: TypeNode) -> bool:
    return isinstance(node, ListTypeNode) or (isinstance(node, NonNullTypeNode) and _is_list(node.type))


def refuse_costly_operation(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    cost_max: int,
) -> None:
    """Raise `DocumentTooComplex` when the answer may hold more than `cost_max` fields.

    A field costs one; what is selected below it is counted once per entry its list arguments name, or
    its `first` or `last` asks for. The document has been found of limited depth and without circles.
    """
    cost = _Cost(fragments, variables).of(operation.selection_set)
    if cost > cost_max:
        raise DocumentTooComplex(f"The operation may answer {cost} fields; at most {cost_max} are accepted")


class _Cost:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables

    def of(self, selection_set: SelectionSetNode) -> int:
        cost = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                cost += 1
                if selection.selection_set is not None:
                    cost += self._entries(selection) * self.of(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                cost += self.of(self._fragments[selection.name.value].selection_set)
            elif isinstance(selection, InlineFragmentNode):
                cost += self.of(selection.selection_set)
        return cost

    def _entries(self, node: FieldNode) -> int:
        return max(
            (self._length(argument.name.value, argument.value) for argument in node.arguments or ()),
            default=1,
        )

    def _length(self, name: str, node: ValueNode) -> int:
        value: Any = None
        if isinstance(node, VariableNode):
            value = self._variables.get(node.name.value)
        elif isinstance(node, IntValueNode):
            # A literal of a custom scalar may have any number of digits, which int() refuses.
            value = int(node.value[:10])
        elif isinstance(node, ListValueNode):
            value = node.values
        if isinstance(value, (list, tuple)):
            return max(1, len(value))
        if name in PAGE_ARGUMENTS and isinstance(value, int):
            return max(1, value)
        return 1
