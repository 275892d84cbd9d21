"""The long comparison of batches with the engine's ledger, made short; and that it would find what it looks for."""

from collections import Counter

import pytest

from offchain.settlement import rules
from offchain.settlement.batch import SkipReason
from tests.proofs.diff_settlement import Comparison
from tests.support.chain import running_anvil

SKIPPED_BY_SPOILT_BATCHES = {
    SkipReason.BAD_SIGNATURE,
    SkipReason.FEE_ABOVE_CAP,
    SkipReason.NOT_OPPOSITE,
    SkipReason.OVERFILL,
    SkipReason.NET_REPEATED,
    SkipReason.UNBALANCED,
    SkipReason.BASE_SHORT,
    SkipReason.SESSION_INVALID,
    SkipReason.QUOTE_SHORT,
    SkipReason.REBATE_UNFUNDED,
    SkipReason.LADDER_WAITING,
}


@pytest.fixture
def node():
    with running_anvil() as url:
        yield url


def test_batches_of_every_kind_lead_to_the_engines_ledger(node):
    comparison = Comparison(7, node, spoilt_share=0.3)
    seen: Counter[SkipReason] = Counter()
    send = comparison.send

    def sent(payload, outcome):
        seen.update([*outcome.skipped_fills.values(), *(reason for reason, _ in outcome.skipped_groups.values())])
        send(payload, outcome)

    comparison.send = sent
    totals = comparison.run(400)
    assert totals.mismatches == []
    assert (totals.batches, totals.comparisons) == (400, 4)
    assert min(totals.fills, totals.statements, totals.fills_netted) > 400
    assert seen.keys() >= SKIPPED_BY_SPOILT_BATCHES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("fee_units", lambda notional, ppm: notional * ppm // 10**6, id="fees that round down"),
        pytest.param("ISOLATED_TAG_BITS", 24, id="a longer tag"),
    ],
)
def test_other_rules_are_told_from_the_contracts(node, monkeypatch, name, value):
    monkeypatch.setattr(rules, name, value)
    assert Comparison(7, node).run(100).mismatches
