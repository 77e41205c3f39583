"""Users, their sessions, verifications and the deletion of accounts."""
