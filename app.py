"""Entry point: `python app.py` serves; `python app.py --help` lists the other commands."""

from commands import cli

if __name__ == "__main__":
    cli()
