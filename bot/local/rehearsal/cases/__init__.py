"""How rehearsal models play the agents that report: one module an agent, by rule, from the request alone."""
