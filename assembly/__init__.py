"""Assembly of the product from its settings: its parts, the ASGI application, start and stop."""
