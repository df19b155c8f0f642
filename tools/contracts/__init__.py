"""The words every layer shares, as Pydantic models and the JSON Schema they emit. Import from the modules."""
