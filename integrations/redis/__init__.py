"""Redis: connection, streams, queues, counters and presence."""
