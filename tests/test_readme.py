"""The README says what is true: its settings are the product's settings."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.settings import Settings

README = Path(__file__).parent.parent / "README.md"


def settings_table() -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `GATEWAY_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    section = README.read_text().split("<!-- settings -->\n")[1].split("\n<!-- /settings -->")[0]
    assert section == settings_table(), "run `python -m tests.test_readme` to refresh it"


def test_the_quick_starts_request_is_json() -> None:
    body = README.read_text().split("-d '")[1].split("'\n```")[0]
    assert json.loads(body)["variables"]["input"]["sku"] == "B2B-SERV-001X"


if __name__ == "__main__":
    before, _, rest = README.read_text().partition("<!-- settings -->\n")
    _, _, after = rest.partition("<!-- /settings -->")
    README.write_text(f"{before}<!-- settings -->\n{settings_table()}\n<!-- /settings -->{after}")
