"""Tests of Google accounts."""
