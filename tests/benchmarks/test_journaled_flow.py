"""The flow that journal and recovery are timed on is one that an exchange could have written."""

import json
from dataclasses import replace

from benchmarks.engine.journaled import journal_entries, tell_journal, write_ns
from benchmarks.engine.workloads import SHAPES, Maker
from benchmarks.figures import Figures
from offchain.core.commands import CommandKind
from offchain.matching.engine import Engine
from offchain.sequencer.replay import recover, replay_events

SMALL = replace(SHAPES[0], live_orders=60)


def test_what_is_recovered_is_the_engine_that_the_flow_was_made_with(tmp_path):
    flow = Maker(SMALL).make(600)
    entries = journal_entries(flow)
    group_ns = []
    write_ns(tmp_path, [entries[start : start + 100] for start in range(0, len(entries), 100)], group_ns)
    engine = Engine()
    engine.apply_batch(flow.opening)
    engine.apply_batch(flow.commands)
    machine = recover(tmp_path)
    assert machine.engine.state_hash() == engine.state_hash()
    assert len(machine.registry.live) == flow.live_orders
    placed = [one for one in replay_events(tmp_path, 0, len(entries)) if one.command.kind == CommandKind.PLACE]
    assert len({one.attachment.client_order_id for one in placed}) == len(placed) > 100
    assert len(group_ns) == -(-len(entries) // 100)


def test_each_figure_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tell_journal(Figures("engine", "make bench-engine"), Maker(SMALL).make(300), 2)
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [figure["metric"] for figure in figures] == [
        "journal_commands_per_second",
        "journal_group_ms_p50",
        "journal_group_ms_p99",
        "journal_bytes_per_command",
        "recovery_commands_per_second",
    ]
    assert all(figure["value"] > 0 and figure["n"] > 0 for figure in figures)
    assert not list(tmp_path.iterdir())
