"""Files for what is long: a task's plan as YAML, its evidence as CSV, its council's transcript; made when asked for."""
