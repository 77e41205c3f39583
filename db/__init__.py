"""How everything is kept and who may touch it."""
