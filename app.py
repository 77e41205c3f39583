"""Entry point: `python app.py` serves; `python app.py --help` lists the other commands; `app:app` is an ASGI app."""

from typing import Any

from commands.cli import cli


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve as an ASGI application, which is assembled when its server starts."""
    await _hosted()(scope, receive, send)


def _hosted() -> Any:
    from hosting import hosted

    return hosted


if __name__ == "__main__":
    cli()
