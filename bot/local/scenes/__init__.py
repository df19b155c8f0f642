"""The scenes of `gavel demo --agent`: what people ask each agent for, and how it has to end."""
