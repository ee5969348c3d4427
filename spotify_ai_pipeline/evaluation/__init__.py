"""How well it does: backtests, protocols and simulations. The running program imports none of it."""
