"""The routes beside GraphQL: health, downloads and shared pages."""
