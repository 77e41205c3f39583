"""Clients of Google Sheets and Drive."""
