"""Files that other programs wrote: what kind they are by their content, and the text that is in them."""
