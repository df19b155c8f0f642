"""How Gavel reaches the systems that hold an estate. `base` is the protocol; each connector is one module."""
