"""How each field is answered."""
