"""Prompts: context, table excerpts and token counts."""
