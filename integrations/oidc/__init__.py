"""OpenID Connect: providers of identities with which people sign in."""
