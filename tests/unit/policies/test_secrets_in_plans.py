"""What the check for secrets looks through before it looks closely."""

from __future__ import annotations

import pytest

from policies.checks import (
    text,
)
from tests.unit.policies.plans import (
    make_plan,
)


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "xoxb-1234567890-abcdefghij",
        "xapp-1-A0123456789-abc",
        *(f"gh{kind}_{'a1' * 18}" for kind in "opsru"),
        f"github_pat_{'a1' * 18}",
        f"sk-{'a1' * 12}",
        f"AIza{'a1' * 18}",
        "eyJhbGciOiJI.eyJzdWIiOiIx.x",
        "ftp://me:mine@host",
        *(
            f"{name}: hunter22"
            for name in ("PassWord", "pa\u017f\u017fword", "passwd", "SECRET", "api-\u212aey", "access_token")
        ),
    ],
)
def test_no_kind_of_secret_is_passed_over_by_the_first_look(secret: str) -> None:
    assert text.looks_secret(secret)
    assert list(text.secrets_in(make_plan(3).model_copy(update={"summary": secret}), "plan"))


def test_half_a_surrogate_pair_is_looked_through_like_anything_else() -> None:
    plan = make_plan(3).model_copy(update={"summary": "\ud800 password: hunter22"})
    assert list(text.secrets_in(plan, "plan"))
    assert not list(text.secrets_in(plan.model_copy(update={"summary": "\ud800"}), "plan"))
