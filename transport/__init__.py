"""GraphQL over HTTP, server-sent events and WebSocket, and the few routes beside it."""
