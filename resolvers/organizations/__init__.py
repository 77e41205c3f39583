"""Resolvers of organizations, memberships and invitations."""
