"""Foundations of the data layer: engines, prepared reads, the session, the policy and the audit trail."""
