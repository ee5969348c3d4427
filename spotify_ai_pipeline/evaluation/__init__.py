"""Measures of how well it does: backtests, protocols and simulations. The running program imports none of it."""
