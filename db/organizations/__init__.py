"""Organizations, memberships and invitations."""
