"""What the driver's errors mean, as a server that is shutting down answers them."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import BulkWriteError, PyMongoError, WriteConcernError

from gateway.inventory.ports import StorageError, StoreUnavailable
from gateway.store.driver import as_storage_error, only_duplicates

# As mongod 6 answered in the middle of a shutdown; it gave no label that it may be tried again.
SHUTTING_DOWN = {"code": 91, "codeName": "ShutdownInProgress", "errmsg": "Replication is being shut down"}
DUPLICATE = {"index": 0, "code": 11000, "errmsg": "E11000 duplicate key error"}
TOO_LONG = {"index": 1, "code": 10334, "errmsg": "BSONObj size is invalid"}


def bulk(*failed: dict[str, Any], concern: bool = False) -> BulkWriteError:
    return BulkWriteError({"writeErrors": list(failed), "writeConcernErrors": [SHUTTING_DOWN] if concern else []})


@pytest.mark.parametrize("error", [WriteConcernError("shutting down", 91, SHUTTING_DOWN), bulk(concern=True)])
def test_a_write_that_may_not_last_is_to_be_tried_again(error: PyMongoError) -> None:
    assert type(as_storage_error(error)) is StoreUnavailable


def test_a_refused_write_is_no_matter_of_trying_again() -> None:
    assert type(as_storage_error(bulk(TOO_LONG, concern=True))) is StorageError


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (bulk(DUPLICATE), True),
        (bulk(DUPLICATE, TOO_LONG), False),
        (bulk(DUPLICATE, concern=True), False),
    ],
)
def test_what_is_there_already_is_no_failure_unless_it_may_not_last(error: BulkWriteError, answer: bool) -> None:
    assert only_duplicates(error) is answer
