"""Explanation by rule: what the tool results say of the asset or the figure that is asked about, with receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.local.rehearsal.conversation import Conversation, Finding, Json, as_list, as_object
from bot.local.rehearsal.picture import receipt
from bot.local.rehearsal.places import hosts_in
from bot.local.rehearsal.replies import meant
from bot.local.rehearsal.vocabulary import plain

_PACE = re.compile(r"batch|wave|pace|canary|phase|slow|fast|step|wait|welle|vague|ola|カナリア|批")
_VOTES = re.compile(r"vote|agree|dissent|dispute|model|council|sure|confiden|einig|accord|acuerdo")
_MANY = re.compile(r"how many|which assets|what (?:does|will) (?:it|this)|wie viele|combien|cuánt|сколько|多少|いくつ")
_APPROVAL = re.compile(r"who (?:may|can|has to|must)|approv|quorum|role|genehmig|freigeb")


def explain(conversation: Conversation) -> Json:
    """An Explanation for the question in the conversation."""
    question = plain("\n".join(conversation.texts("question")))
    offer = next(iter(conversation.of("plan_on_offer")), None)
    statements = list(_of_assets(conversation, hosts_in(question)))
    for asked, said in _SAYS:
        if offer is not None and asked.search(question):
            statements += said(offer)
    unknown = [] if statements else ["The results of this task do not speak of what was asked."]
    return {"statements": statements[:8], "unknown": unknown}


def _of_assets(conversation: Conversation, hosts: list[str]) -> Iterator[Json]:
    for finding in conversation.of("compare_versions"):
        rows = [as_object(row) for row in as_list(finding.output.get("drifted"))]
        wanted = meant(hosts, [str(row.get("asset_id")) for row in rows])
        for index, row in enumerate(rows):
            if row.get("asset_id") in wanted:
                yield _drifted(finding, row, f"/drifted/{index}")


def _drifted(finding: Finding, row: Json, place: str) -> Json:
    name, current, target = row.get("asset_id"), row.get("current_version"), row.get("target_version")
    behind = row.get("releases_behind")
    return {
        "text": f"{name} runs {current}; its golden image is at {target}, {behind} releases ahead of it.",
        "receipts": [
            receipt(finding, f"{place}/{field}", row.get(field))
            for field in ("asset_id", "current_version", "target_version", "releases_behind")
        ],
    }


def _of_pace(offer: Finding) -> Iterator[Json]:
    for index, phase in enumerate(map(as_object, as_list(as_object(offer.output.get("plan")).get("phases")))):
        place = f"/plan/phases/{index}"
        if phase.get("type") in ("canary", "wave"):
            percent = phase.get("batch_percent")
            yield {
                "text": f"The {phase.get('type')} takes {percent} % of the plan's assets at a time.",
                "receipts": [
                    receipt(offer, f"{place}/type", phase.get("type")),
                    receipt(offer, f"{place}/batch_percent", percent),
                ],
            }
        elif phase.get("type") == "wait":
            seconds = phase.get("wait_seconds")
            yield {
                "text": f"Then it waits {seconds} s.",
                "receipts": [receipt(offer, f"{place}/wait_seconds", seconds)],
            }


def _of_votes(offer: Finding) -> Iterator[Json]:
    votes = as_object(offer.output.get("votes"))
    if votes.get("agreement") is not None:
        yield {
            "text": f"The models agree to {votes.get('agreement')} on what the plan rests on.",
            "receipts": [receipt(offer, "/votes/agreement", votes.get("agreement"))],
        }
    for index, dissent in enumerate(map(as_object, as_list(votes.get("dissent")))):
        yield {
            "text": f"{dissent.get('member')} disputes a claim.",
            "receipts": [receipt(offer, f"/votes/dissent/{index}/member", dissent.get("member"))],
        }


def _of_size(offer: Finding) -> Iterator[Json]:
    for index, name in enumerate(as_list(as_object(offer.output.get("plan")).get("asset_ids"))[:8]):
        yield {"text": f"It changes {name}.", "receipts": [receipt(offer, f"/plan/asset_ids/{index}", name)]}


def _of_approval(offer: Finding) -> Iterator[Json]:
    approval = as_object(offer.output.get("approval"))
    for index, role in enumerate(as_list(approval.get("roles"))):
        yield {
            "text": f"Somebody with the role {role} may decide.",
            "receipts": [receipt(offer, f"/approval/roles/{index}", role)],
        }


_SAYS = ((_PACE, _of_pace), (_VOTES, _of_votes), (_MANY, _of_size), (_APPROVAL, _of_approval))
"""What is asked, and who answers it from the offer."""
