"""The size and depth of a parsed document, refused before validation can be made slow by them.

Validation compares pairs of selections and follows fragments into each other, so a small text can cost
seconds. Everything here is linear in the text, or stops at a limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.transport.limits import Limits
from gateway.transport.refusals import DocumentTooComplex


@dataclass(slots=True)
class _Definition:
    """One operation or fragment: its own size and depth, and the fragments it spreads at which depth."""

    selection_set: SelectionSetNode
    depth: int = 0
    selections: int = 0
    spreads: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Counts:
    aliases: int = 0
    directives: int = 0


def refuse_complex_document(document: DocumentNode, limits: Limits) -> None:
    """Raise `DocumentTooComplex` naming the limit that the document passes, or the fragment that is circular."""
    fragments: dict[str, _Definition] = {}
    # Validation looks at fragments that no operation uses, and at every one of those that share a name.
    everything: list[_Definition] = []
    operations = 0
    counts = _Counts()
    for node in document.definitions:
        if not isinstance(node, (FragmentDefinitionNode, OperationDefinitionNode)):
            continue  # a definition of a type, reported by validation
        counts.directives += len(node.directives or ())
        everything.append(_measure(node.selection_set, counts))
        if isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = everything[-1]
        else:
            operations += 1
    _refuse_above(operations, limits.operations_max, "operations")
    _refuse_above(len(everything) - operations, limits.fragments_max, "fragments")
    _refuse_above(counts.aliases, limits.aliases_max, "aliases")
    _refuse_above(counts.directives, limits.directives_max, "directives")
    totals = _Totals(fragments)
    measured = [totals.of(definition) for definition in everything]
    _refuse_above(max((depth for depth, _ in measured), default=0), limits.depth_max, "levels")
    _refuse_above(sum(selections for _, selections in measured), limits.selections_max, "selections")
    pairs = sum(_merged_pairs([definition.selection_set], fragments) for definition in everything)
    _refuse_above(pairs, limits.merged_pairs_max, "repeated selections")


def _refuse_above(count: int, maximum: int, noun: str) -> None:
    if count > maximum:
        raise DocumentTooComplex(f"The document has {count} {noun}; at most {maximum} are accepted")


def _measure(selection_set: SelectionSetNode, counts: _Counts) -> _Definition:
    definition = _Definition(selection_set)
    stack = [(selection_set, 1)]
    while stack:
        current, depth = stack.pop()
        definition.depth = max(definition.depth, depth)
        definition.selections += len(current.selections)
        for selection in current.selections:
            counts.directives += len(selection.directives or ())
            if isinstance(selection, FragmentSpreadNode):
                definition.spreads.append((selection.name.value, depth))
            elif isinstance(selection, (FieldNode, InlineFragmentNode)):
                counts.aliases += isinstance(selection, FieldNode) and selection.alias is not None
                if selection.selection_set is not None:
                    stack.append((selection.selection_set, depth + 1))
    return definition


class _Totals:
    """Depth and number of selections of definitions, with their fragments in place."""

    def __init__(self, fragments: dict[str, _Definition]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()

    def of(self, definition: _Definition) -> tuple[int, int]:
        depth, selections = definition.depth, definition.selections
        for name, spread_depth in definition.spreads:
            inner_depth, inner_selections = self._of_fragment(name)
            depth = max(depth, spread_depth - 1 + inner_depth)
            selections += inner_selections
        return depth, selections

    def _of_fragment(self, name: str) -> tuple[int, int]:
        # Recursion is as deep as fragments are nested, and their number is limited before.
        if name in self._known:
            return self._known[name]
        if name in self._open:
            raise DocumentTooComplex(f"The fragment '{name}' spreads itself")
        if name not in self._fragments:
            return 0, 0  # reported by validation
        self._open.add(name)
        self._known[name] = totals = self.of(self._fragments[name])
        self._open.remove(name)
        return totals


def _merged_pairs(sets: list[SelectionSetNode], fragments: dict[str, _Definition]) -> int:
    """Number of pairs of selections that share a response name, at every level of the merged selection."""
    pairs = 0
    by_name: dict[str, list[FieldNode]] = {}
    for selection_set in sets:
        for node in _flattened(selection_set, fragments):
            by_name.setdefault((node.alias or node.name).value, []).append(node)
    for nodes in by_name.values():
        pairs += len(nodes) * (len(nodes) - 1) // 2
        nested = [node.selection_set for node in nodes if node.selection_set is not None]
        if nested:
            pairs += _merged_pairs(nested, fragments)
    return pairs


def _flattened(selection_set: SelectionSetNode, fragments: dict[str, _Definition]) -> Iterator[FieldNode]:
    stack: list[SelectionNode] = list(selection_set.selections)
    while stack:
        selection = stack.pop()
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, FragmentSpreadNode):
            if (fragment := fragments.get(selection.name.value)) is not None:
                stack.extend(fragment.selection_set.selections)
        elif isinstance(selection, InlineFragmentNode):
            stack.extend(selection.selection_set.selections)
