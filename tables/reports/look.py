"""Colors and fonts that reports, their charts and mails have in common."""

ACCENT, INK, MUTED, LINE, PAPER = "#0b6e4f", "#1c2321", "#5d6b66", "#d7dfdb", "#f4f7f5"
# Colors of the series of a chart, which also differ in print and for people who see few colors.
SERIES = (ACCENT, "#e0a030", "#3c6e9f", "#a8442a", "#7a5c99", "#8a8f8c")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
