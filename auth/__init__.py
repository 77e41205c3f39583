"""Who is asking: tokens, passwords, signed links and the secret behind them; rules without I/O."""
