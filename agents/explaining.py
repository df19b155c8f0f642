"""What of a model's explanation may be said: sentences whose every value a tool of this task returned."""

from __future__ import annotations

from agents.intake import harmless
from agents.specialists.evidence import EvidenceBook
from tools.contracts.follow_up import Explanation
from tools.receipts import unshown
from tools.tokens import facts_in

STATEMENT_LIMIT = 400
UNKNOWN_LIMIT = 200


def supported(explanation: Explanation, book: EvidenceBook, *, question: str) -> Explanation:
    """The explanation without what the evidence does not hold. Empty: it is not known.

    A statement goes when a receipt is wrong, or when it states a figure, a version or a name that no receipt cites.
    """
    names = book.names
    statements = [
        statement.model_copy(update={"text": text})
        for statement in explanation.statements
        if (text := harmless(statement.text, STATEMENT_LIMIT))
        and book.holds(statement.receipts)
        and not unshown(text, statement.receipts, names=names)
    ]
    asked = set(facts_in(question))
    unknown = [harmless(text, UNKNOWN_LIMIT) for text in explanation.unknown if set(facts_in(text)) <= asked]
    return Explanation(statements=statements, unknown=[text for text in unknown if text])
