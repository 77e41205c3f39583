"""Readers of what programs export line by line: chats, cards, calendars, statements, logs, references."""
