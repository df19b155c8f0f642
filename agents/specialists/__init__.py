"""Layer 2 (ADR-007): the specialist agents. Each works real tools and ends in a typed, judged output."""
