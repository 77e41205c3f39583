"""Readers of formats with a grammar: HTML, XML, wiki markup, LaTeX, Markdown and JSON."""
