"""Usage of models, budgets and spending."""
