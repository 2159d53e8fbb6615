"""The row-level filter of a simulated SAP Business One company: which documents have lines made from others."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ROWS_MAX = 20
_PATH = re.compile(r"\$crossjoin\((\w+),\1/DocumentLines\)")
_OPTION = re.compile(
    r"\$expand=(\w+)\(\$select=DocEntry\),\1/DocumentLines\(\$select=LineNum\)"
    r"&\$filter=\1/DocEntry eq \1/DocumentLines/DocEntry and \1/DocEntry gt (\d+) "
    r"and \1/DocumentLines/BaseType eq (\d+) and \((\1/DocumentLines/BaseEntry eq \d+(?: or )?)+\)"
    r"&\$orderby=\1/DocEntry"
)

Record = dict[str, Any]


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str = Field(alias="QueryPath")
    option: str = Field(alias="QueryOption")


def rows(query: Query, documents: Callable[[str], list[Record]]) -> Record | None:
    """The answer, in pages shorter than asked for; None for what it does not understand."""
    path, option = _PATH.fullmatch(query.path), _OPTION.fullmatch(query.option)
    if path is None or option is None or path[1] != option[1]:
        return None
    name, after, base_type = option[1], int(option[2]), int(option[3])
    bases = {int(number) for number in re.findall(r"BaseEntry eq (\d+)", query.option)}
    found = [
        {name: {"DocEntry": document["DocEntry"]}, f"{name}/DocumentLines": {"LineNum": line["LineNum"]}}
        for document in sorted(documents(name), key=lambda document: int(document["DocEntry"]))
        for line in document["DocumentLines"]
        if document["DocEntry"] > after and line["BaseType"] == base_type and line["BaseEntry"] in bases
    ]
    following = {"@odata.nextLink": f"QueryService_PostQuery?$skip={ROWS_MAX}"} if len(found) > ROWS_MAX else {}
    return {"@odata.context": "$metadata#Collection(Edm.ComplexType)", "value": found[:ROWS_MAX], **following}
