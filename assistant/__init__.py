"""One reply: what the assistant says, and the tables it reads out of what was said."""
