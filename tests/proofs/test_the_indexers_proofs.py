"""The indexer's proofs as they are run by hand, made short. Slices on both databases are in `tests/indexer`."""

from tests.proofs.test_the_proofs import figures_of


def test_simulated_indexers_end_in_the_truth_and_repeat():
    figures = figures_of("tests.proofs.sim_indexer", "--simulations", "12", "--seed", "1", "--processes", "2")
    assert figures["simulations"] == 12
    assert figures["diverged"] == 0
    assert min(figures[what] for what in ("facts", "kills", "reorgs", "deep_reorgs")) > 0
    assert figures == figures_of("tests.proofs.sim_indexer", "--simulations", "12", "--seed", "1") | {
        "seconds": figures["seconds"]
    }


def test_reorgs_of_a_real_chain_credit_nothing_wrongly():
    figures = figures_of("tests.proofs.reorg_indexer", "--depths", "3", "--seed", "1")
    assert figures["double_credit"] == figures["diverged"] == 0
    assert figures["reorgs"] == figures["deepest_reorg"] == 3


def test_killed_indexers_lose_nothing():
    figures = figures_of("tests.proofs.kill_indexer", "--kills", "4", "--seed", "1")
    assert figures["kills"] == 4
    assert figures["diverged"] == 0
