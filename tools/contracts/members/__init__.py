"""What each agent's council members answer: :class:`tools.contracts.council.MemberReport` and the agent's own part."""
