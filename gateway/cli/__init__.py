"""The command line: one module per group of commands; here they are put together."""

from __future__ import annotations

import typer

from gateway.cli.audit import audit
from gateway.cli.demo import demo
from gateway.cli.inbox import inbox
from gateway.cli.keys import keys
from gateway.cli.plan import plan
from gateway.cli.serve import serve
from gateway.cli.stock_files import export_file, import_file
from gateway.cli.worker import worker

app = typer.Typer(
    name="inventory-gateway",
    help="One true stock count for every channel. Settings are environment variables GATEWAY_*.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(worker)
app.command()(demo)
app.add_typer(keys, name="keys")
app.add_typer(inbox, name="inbox")
app.command("import")(import_file)
app.command("export")(export_file)
app.command()(audit)
app.command()(plan)
