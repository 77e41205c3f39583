"""GraphiQL, served from the files in the directory beside this module."""

from pathlib import Path

from transport.static_page import StaticPage

DIRECTORY = Path(__file__).parent / "graphiql"


class GraphiQL(StaticPage):
    """Page at /graphql and its assets."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        super().__init__(directory, "GraphiQL is at /graphql in a browser.")
