"""`gavel config`: what can be configured."""

from __future__ import annotations

import typer


def config_app() -> typer.Typer:
    app = typer.Typer(
        help="What can be configured.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )

    @app.callback()
    def config() -> None:
        """What can be configured."""

    @app.command()
    def reference() -> None:
        """Print every setting: its variable, its place in gavel.yaml, what it takes and what holds unless it is set."""
        from bot.reference.page import reference as page

        typer.echo(page(), nl=False)

    return app
