"""Asking a live run: estimates that hold, transactions decoded, checks that match and that find what was altered."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltui.core import answers
from dltui.core import events as ev
from dltui.core.answers import CheckResult, DecodedTx, Estimate
from dltui.errors import RunError
from tests.kits.runs import Run, dltui, make


def test_what_a_live_run_answers(tmp_path: Path) -> None:
    paths = make(
        tmp_path,
        clients__count=3,
        data__parts=4,
        run__rounds=3,
        rounds__require_approval=True,
        rounds__committee=3,
        rounds__quorum=2,
    )
    run = Run(paths)
    try:
        run.until(ev.RoundFinalised, round=1)
        _checks_match(run)
        _an_altered_blob_is_found(run, tmp_path)
        _an_estimate_holds(run)
        _a_new_client_joins_under_its_name(run)
        _a_banned_client_is_left_out(run)
        assert not [e for e in run.events if e.kind == "op.command" and e.data.name in ("estimate", "tx.show")]  # type: ignore[attr-defined]
    finally:
        run.stop()
    assert dltui("verify", paths.id, runs=tmp_path).returncode == 0
    late = dltui("model", "verify", "1", runs=tmp_path)
    assert (late.returncode, f"dltui verify {paths.id}" in late.stderr) == (1, True)


def _checks_match(run: Run) -> None:
    assert "round 1 recomputed from 3 updates" in run.send("model.verify", version=1)
    assert "registry row asked of the chain" in run.send("model.verify", version=0)
    assert "3 submissions asked of the chain" in run.send("round.verify", round=1)
    assert "membership active" in run.send("client.verify", client="client-0")
    submit = run.of(ev.TxMined, function="submit")[0]
    assert "signed bytes hash to it" in run.send("tx.verify", hash=submit.hash)
    shown = answers.decode(run.send("tx.show", hash=submit.hash), DecodedTx)
    update = next(u for u in run.of(ev.UpdateSubmitted) if u.tx == submit.hash)
    assert (shown.contract, shown.function) == ("FLContract", "submit")
    assert dict(shown.arguments) == {"round": "1", "digest": f"0x{update.digest}", "scheme": "0", "group": "0"}
    for name, args in (("model.verify", {"version": 7}), ("round.verify", {"round": 7}), ("tx.verify", {"hash": NONE})):
        with pytest.raises(RunError, match=r"no (such|version|round)"):
            run.send(name, **args)


def _an_altered_blob_is_found(run: Run, folder: Path) -> None:
    digest = run.of(ev.ModelPublished, version=1)[0].digest
    blob = run.paths.blobs / digest[:2] / digest
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        found = answers.decode(run.send("model.verify", version=1), CheckResult)
        assert not found.ok and found.text.startswith("version 1: mismatch: ") and "corrupt" in found.text
        assert dltui("model", "verify", "1", runs=folder).returncode == 4
    finally:
        blob.write_bytes(whole)
    assert dltui("model", "verify", "1", runs=folder).returncode == 0


def _an_estimate_holds(run: Run) -> None:
    asked = {"command": "model.approve", "args": {"version": 1}}
    estimate = answers.decode(run.send("estimate", **asked), Estimate)
    assert estimate.calls == ("ModelRegistry.approve",)
    run.send("model.approve", version=1)
    mined = run.until(ev.TxMined, function="approve")
    assert mined.gas_used <= estimate.gas <= 1.25 * mined.gas_used
    assert estimate.sender == mined.address
    with pytest.raises(RunError, match=r"the contract would refuse it: .*version"):
        run.send("estimate", command="model.approve", args={"version": 99})
    _what_would_revert_is_not_sent(run)
    assert answers.decode(run.send("estimate", command="run.pause", args={}), Estimate).gas == 0


def _what_would_revert_is_not_sent(run: Run) -> None:
    folder = run.paths.root.parent
    refused = dltui("model", "approve", "99", runs=folder)
    assert refused.returncode == 1 and "the contract would refuse it: " in refused.stderr
    assert refused.stderr.count("approve") == 1, refused.stderr
    assert "--force" in refused.stderr
    run.until(ev.OpResult, ok=False)
    assert not run.of(ev.TxReverted)
    forced = dltui("model", "approve", "99", "--force", runs=folder)
    assert forced.returncode == 1
    assert run.until(ev.TxReverted).function == "approve"
    assert run.until(ev.OpCommand, cli="dltui model approve 99 --force").args == {"version": 99}


def _a_new_client_joins_under_its_name(run: Run) -> None:
    with pytest.raises(RunError, match="slice 1 of the data is not free - free: 3"):
        run.send("client.register", client="north", part=1)
    run.send("client.register", client="north", part=3)
    run.until(ev.ClientRegistered, id="north")
    assert run.of(ev.ClientSpawned, id="north")[0].part == 3
    run.until(ev.RoundFinalised, round=2)
    run.send("client.ban", client="client-2")
    run.send("model.approve", version=2)


def _a_banned_client_is_left_out(run: Run) -> None:
    run.until(ev.ClientBanned, id="client-2")
    assert run.until(ev.RoundOpened, round=3).selected == ("client-0", "client-1", "north")
    with pytest.raises(RunError, match="BANNED"):
        run.send("client.reinstate", client="client-2")
    with pytest.raises(RunError, match="ACTIVE"):
        run.send("client.complete-leave", client="client-0")


NONE = "0x" + "00" * 32


@pytest.mark.slow
def test_a_client_that_was_added_keeps_its_name_when_the_run_is_resumed(tmp_path: Path) -> None:
    paths = make(tmp_path, clients__count=3, data__parts=4, run__rounds=50)
    run = Run(paths)
    try:
        run.until(ev.RoundFinalised, round=1)
        run.send("client.register", client="north", part=3)
        run.until(ev.ClientRegistered, id="north")
        run.engine.kill()
        run.engine.wait()
    finally:
        run.stop()
    again = Run(paths)
    try:
        again.until(ev.RunResumed)
        opened = again.next(ev.RoundOpened, 60)
        assert "north" in opened.selected
        again.until(ev.UpdateSubmitted, 60, client="north", round=opened.round)
        assert len(again.of(ev.ClientSpawned, id="north")) == 2
        again.send("run.stop")
        again.finish()
    finally:
        again.stop()
    assert dltui("verify", paths.id, runs=tmp_path).returncode == 0
