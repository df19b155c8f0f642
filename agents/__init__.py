"""Layers 1 and 2 (ADR-007): the meta-prompt engine, the specialist agents, and the models behind them."""
