from __future__ import annotations

import pytest

from gateway.inventory.accounts import Versions


@pytest.mark.parametrize(
    ("pages", "version", "complete"),
    [
        ([], 0, True),
        ([], 1, False),
        ([[1, 2, 3]], 3, True),
        ([[1, 2], [3]], 3, True),
        ([[1, 2], [4]], 4, False),
        ([[2, 3]], 3, False),
        ([[1, 2, 3]], 4, False),
        ([[1, 2, 3]], 2, False),
        ([[1, 1, 3]], 3, False),
        ([[1, 2], [2, 3]], 3, False),
        ([[1, 1, 4, 4]], 4, False),
        ([[1, 2], []], 2, True),
    ],
)
def test_versions_are_complete_when_each_has_one_entry(pages: list[list[int]], version: int, complete: bool) -> None:
    versions = Versions()
    for page in pages:
        part = Versions(len(page), len(set(page)), min(page), max(page)) if page else Versions()
        versions = versions.joined(part)
    assert versions.complete(version) is complete
