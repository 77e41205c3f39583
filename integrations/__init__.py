"""Other people's computers, one file each: a protocol and what speaks it."""
