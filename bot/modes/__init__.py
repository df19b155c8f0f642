"""How the models answer: the defaults as configured, what people set in a channel, and `/gavel mode`."""
