"""The providers of models (ADR-006): a module for each, one interface, what each model can do."""
