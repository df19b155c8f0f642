"""The home tab: what waits for a person, what runs, what it costs, how the council did."""
