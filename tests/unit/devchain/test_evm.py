from __future__ import annotations

import pytest
from eth.db.backends.memory import MemoryDB
from eth_account import Account
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.chain.nodes.genesis import BASE_FEE, Genesis
from dltui.chain.transactions import Refused, decode_transaction
from dltui.devchain.deadline import Watch
from dltui.devchain.evm import Message
from dltui.devchain.machine import Machine
from dltui.errors import ChainError
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    MAX_FEE,
    PROBE_CODE,
    RICH,
    START,
    STRANGER,
    TIP,
    calldata,
    caller,
    deploy,
    genesis,
    legacy,
    new_machine,
    raw_address,
    sign,
)

GENESIS_HASH = "8193155ca28e59306561d3f2dcb9c1487324491c4b5141479b820fc3b909a6a8"
FIRST_HASH = "ad48f6fc01c6b6da76e0e29fec1cdd0e04887dc608bc8b33c425e666a0319a54"
OTHER = bytes.fromhex(STRANGER[2:])


def probe_machine() -> tuple[Machine, bytes, str]:
    machine = new_machine()
    contract = machine.execute(START + 1, [deploy(0, 0)]).transactions[0].contract
    assert contract is not None
    return machine, contract, "0x" + contract.hex()


def only_refusal(machine: Machine, raw: bytes) -> str:
    block = machine.execute(START + 5, [raw])
    assert block.transactions == ()
    return block.refused[0].message


def test_a_transfer_moves_wei_and_costs_21000_gas_at_the_effective_price() -> None:
    machine = new_machine()
    block = machine.execute(START + 3, [sign(0, 0, value=5)])
    done = block.transactions[0]
    price = block.header.base_fee_per_gas + TIP
    assert (done.status, done.gas_used, done.price) == (1, 21_000, price)
    assert machine.balance(OTHER) == 5
    assert machine.balance(raw_address(0)) == RICH - 5 - 21_000 * price
    assert machine.balance(b"\0" * 20) == 21_000 * TIP
    assert machine.nonce(raw_address(0)) == 1


def test_storage_costs_what_the_yellow_paper_says() -> None:
    # PUSH1 v PUSH1 0 SSTORE STOP as creation code: 32,000 for the creation, 22,100 for a fresh slot (EIP-2929).
    machine = new_machine()
    code = bytes.fromhex("600160005500")
    done = machine.execute(START, [sign(0, 0, None, data=code, gas=200_000)]).transactions[0]
    calldata_gas = sum(4 if byte == 0 else 16 for byte in code)
    initcode_gas = 2
    assert done.gas_used == 21_000 + 32_000 + calldata_gas + initcode_gas + 2 * 3 + 22_100


def test_state_of_older_blocks_stays_readable() -> None:
    machine, contract, address = probe_machine()
    machine.execute(START + 2, [sign(1, 0, address, data=calldata("store(uint256,uint256)", 1, 7), gas=90_000)])
    slot = int.from_bytes(keccak((1).to_bytes(32, "big") + bytes(32)), "big")
    assert [machine.storage(contract, slot, number) for number in (0, 1, 2)] == [0, 0, 7]
    assert machine.storage(contract, slot) == 7
    assert machine.code(contract, 0) == b"" and machine.code(contract, 1)[:1] == b"\x60"
    with pytest.raises(Refused, match="header not found"):
        machine.balance(contract, 3)


def test_blocks_may_share_a_second_and_never_go_back() -> None:
    machine = new_machine()
    stamps = [machine.execute(asked, []).timestamp for asked in (START, START + 9, START + 9, START + 4, 0)]
    assert stamps == [START, START + 9, START + 9, START + 9, START + 9]


def test_the_base_fee_follows_eip_1559() -> None:
    machine = new_machine()
    fees = [machine.execute(START, []).header.base_fee_per_gas for _ in range(3)]
    # After an empty block the base fee falls by an eighth.
    assert machine.header(0).base_fee_per_gas == BASE_FEE
    assert fees == [875_000_000, 765_625_000, 669_921_875]


def test_the_same_input_gives_the_same_blocks() -> None:
    def run() -> list[tuple[bytes, bytes, int]]:
        machine, _, address = probe_machine()
        call = calldata("ping(uint256,bytes)", 4, b"note")
        machine.execute(START + 2, [sign(1, 0, address, data=call, gas=120_000, value=3), legacy(2, 0)])
        machine.execute(START + 2, [])
        headers = [machine.header(number) for number in range(4)]
        return [(header.hash, header.state_root, header.gas_used) for header in headers]

    assert run() == run()


def test_known_block_hash() -> None:
    """A change of py-evm or of the header rules that would break the replay of recorded runs shows up here."""
    machine = Machine(MemoryDB(), Genesis(1, 5, {"0x" + "ab" * 20: 10**18}))
    assert machine.head.hash.hex() == GENESIS_HASH
    assert machine.execute(6, []).hash.hex() == FIRST_HASH


def test_logs_and_bloom() -> None:
    machine, contract, address = probe_machine()
    call = calldata("ping(uint256,bytes)", 4, b"hi")
    done = machine.execute(START + 2, [sign(1, 0, address, data=call, gas=120_000)]).transactions[0]

    ping, pong = keccak(b"Ping(address,uint256,bytes)"), keccak(b"Pong(uint256)")
    number = (4).to_bytes(32, "big")
    assert [log.topics for log in done.logs] == [(ping, bytes(12) + raw_address(1), number), (pong, number)]
    assert {log.address for log in done.logs} == {contract}
    assert done.logs[0].data == bytes.fromhex(f"{32:064x}{2:064x}") + b"hi".ljust(32, b"\0")
    assert done.bloom != 0


def test_a_reverted_transaction_pays_and_changes_nothing() -> None:
    machine, _, address = probe_machine()
    block = machine.execute(START + 2, [sign(1, 0, address, data=calldata("silent()"), gas=60_000, value=9)])
    done = block.transactions[0]
    assert done.status == 0 and 21_000 < done.gas_used < 60_000 and done.logs == ()
    assert machine.balance(raw_address(1)) == RICH - done.gas_used * done.price
    assert machine.nonce(raw_address(1)) == 1


def test_out_of_gas_takes_the_whole_limit() -> None:
    machine, _, address = probe_machine()
    done = machine.execute(START + 2, [sign(1, 0, address, data=calldata("burn()"), gas=80_000)]).transactions[0]
    assert (done.status, done.gas_used) == (0, 80_000)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (sign(0, 1), "nonce too high"),
        (sign(0, 0, chainId=1), "invalid chain id for signer: have 1 want 31337"),
        (legacy(0, 0, chainId=5), "invalid chain id for signer: have 5 want 31337"),
        (sign(0, 0, gas=20_999), "intrinsic gas too low: gas 20999, minimum needed 21000"),
        (sign(0, 0, gas=30_000_001), "exceeds block gas limit"),
        (sign(0, 0, value=RICH), "insufficient funds for gas * price + value"),
        (sign(0, 0, maxFeePerGas=10, maxPriorityFeePerGas=1), "max fee per gas less than block base fee"),
        (sign(0, 0, None, data=bytes(49_153), gas=10**7), "max initcode size exceeded"),
        (sign(0, 0, data=b"\1" * 140_000, gas=3 * 10**6), "oversized data"),
        (b"", "typed transaction too short"),
        (b"\x03" + sign(0, 0)[1:], "transaction type not supported"),
        (b"\x02" + b"\xc0", "rlp"),
        (sign(0, 0) + b"\0", "rlp"),
        (b"\xf8\x00", "rlp"),
    ],
)
def test_what_no_block_may_contain(raw: bytes, message: str) -> None:
    assert message in only_refusal(new_machine(), raw)


def test_a_used_nonce_and_an_unprotected_signature_are_refused() -> None:
    machine = new_machine()
    machine.execute(START, [sign(0, 0)])
    assert "nonce too low" in only_refusal(machine, sign(0, 0))
    bare = {"nonce": 1, "gasPrice": MAX_FEE, "gas": 21_000, "to": STRANGER, "value": 1, "data": b""}
    raw = bytes(Account.sign_transaction(bare, KEYS[0]).raw_transaction)
    assert "replay-protected" in only_refusal(machine, raw)


def test_a_tip_above_the_highest_fee_is_refused() -> None:
    raw = sign(0, 0, maxFeePerGas=5 * 10**9, maxPriorityFeePerGas=6 * 10**9)
    assert "max priority fee per gas higher than max fee per gas" in only_refusal(new_machine(), raw)


def test_the_high_s_twin_of_a_signature_is_refused() -> None:
    import rlp
    from eth.constants import SECPK1_N

    fields = rlp.decode(sign(0, 0)[1:])
    parity, s = fields[-3], int.from_bytes(fields[-1], "big")
    fields[-3] = b"" if parity == b"\1" else b"\1"
    fields[-1] = (SECPK1_N - s).to_bytes(32, "big")
    twin = b"\2" + rlp.encode(fields)
    assert "invalid transaction v, r, s values" in only_refusal(new_machine(), twin)


def test_one_refused_transaction_does_not_hurt_its_neighbours() -> None:
    machine = new_machine()
    block = machine.execute(START, [sign(0, 0, value=1), b"rubbish", sign(1, 5), sign(0, 1, value=2)])
    assert sorted(block.refused) == [1, 2] and len(block.transactions) == 2
    assert machine.balance(OTHER) == 3


def test_a_failure_inside_the_evm_drops_that_transaction_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from eth.vm.forks import CancunVM

    broken = decode_transaction(sign(1, 0, value=7), CHAIN_ID).hash
    original = CancunVM.apply_transaction

    def failing(self, header, signed):  # type: ignore[no-untyped-def]
        result = original(self, header, signed)
        if signed.hash == broken:
            raise MemoryError
        return result

    monkeypatch.setattr(CancunVM, "apply_transaction", failing)
    machine, twin = new_machine(), new_machine()
    block = machine.execute(START, [sign(0, 0, value=1), sign(1, 0, value=7), sign(2, 0, value=2)])
    assert list(block.refused) == [1] and "cannot be executed" in block.refused[1].message
    assert block.hash == twin.execute(START, [sign(0, 0, value=1), sign(2, 0, value=2)]).hash


def test_calls_read_without_a_trace() -> None:
    machine, contract, _ = probe_machine()
    before = machine.head.hash
    result = caller(machine).call(Message(raw_address(1), contract, calldata("ping(uint256,bytes)", 1, b"")))
    assert result.error == "" and machine.head.hash == before
    assert caller(machine).call(Message(to=contract, data=calldata("total()"))).output == bytes(32)


def test_a_call_sees_its_block_or_the_one_to_come() -> None:
    machine, contract, _ = probe_machine()
    ask = Message(to=contract, data=calldata("clock()"))

    def words(output: bytes) -> list[int]:
        return [int.from_bytes(output[i : i + 32], "big") for i in (0, 32, 64)]

    assert words(caller(machine).call(ask).output) == [START + 1, 1, CHAIN_ID]
    assert words(caller(machine).call(ask, timestamp=START + 60).output) == [START + 60, 2, CHAIN_ID]
    late = Message(to=contract, data=calldata("notBefore(uint256)", START + 50))
    assert caller(machine).call(late).reverted and caller(machine).call(late, timestamp=START + 50).error == ""


def test_calls_need_no_money_for_gas_but_for_value() -> None:
    machine, contract, _ = probe_machine()
    poor = b"\x77" * 20
    ping = calldata("ping(uint256,bytes)", 1, b"")
    assert caller(machine).call(Message(poor, contract, ping)).error == ""
    assert "insufficient funds for transfer" in caller(machine).call(Message(poor, contract, ping, value=1)).error


def test_revert_data_and_other_failures() -> None:
    machine, contract, _ = probe_machine()
    reason = caller(machine).call(Message(to=contract, data=calldata("fail(string)", "no way")))
    assert reason.reverted and b"no way" in reason.output and reason.output[:4].hex() == "08c379a0"
    assert caller(machine).call(Message(to=contract, data=calldata("burn()"), gas=60_000)).error == "out of gas"
    assert (
        caller(machine).call(Message(to=contract, gas=20_000)).error == "intrinsic gas too low: have 20000, want 21000"
    )
    assert caller(machine).call(Message(data=b"\xfe")).error == "invalid instruction"


def test_the_deepest_call_does_not_break_the_interpreter() -> None:
    machine, contract, _ = probe_machine()
    assert caller(machine).call(Message(to=contract, data=calldata("deep(uint256)", 100))).output[-1] == 100
    deepest = caller(machine).call(Message(to=contract, data=calldata("deep(uint256)", 5_000)), watch=Watch(100.0))
    assert deepest.error in ("execution reverted", "out of gas")


@pytest.mark.parametrize(
    "call",
    [
        calldata("store(uint256,uint256)", 1, 2),
        calldata("ping(uint256,bytes)", 2, b"x" * 100),
        calldata("deep(uint256)", 20),
    ],
    ids=["store", "ping", "deep"],
)
def test_an_estimate_suffices_and_is_close(call: bytes) -> None:
    machine, contract, address = probe_machine()
    estimate = caller(machine).estimate(Message(raw_address(1), contract, call)).gas_used
    done = machine.execute(START + 2, [sign(1, 0, address, data=call, gas=estimate)]).transactions[0]
    assert done.status == 1
    assert estimate <= done.gas_used * 1.06


def test_estimates_of_a_transfer_a_creation_and_a_failure() -> None:
    machine, contract, _ = probe_machine()
    assert caller(machine).estimate(Message(raw_address(0), OTHER, value=1)).gas_used == 21_000
    creation = caller(machine).estimate(Message(raw_address(0), data=PROBE_CODE)).gas_used
    done = machine.execute(START + 2, [deploy(1, 0)]).transactions[0]
    assert done.gas_used <= creation <= done.gas_used * 1.02
    assert caller(machine).estimate(Message(to=contract, data=calldata("silent()"))).reverted


def test_a_store_of_another_genesis_is_refused() -> None:
    db = MemoryDB()
    Machine(db, genesis())
    Machine(db, genesis())
    with pytest.raises(ChainError, match="another genesis"):
        Machine(db, genesis(START + 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_door(raw: bytes) -> None:
    for prefix in (b"", b"\x01", b"\x02", b"\xf8\x6b"):
        with pytest.raises(Refused):
            decode_transaction(prefix + raw, CHAIN_ID)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_byte_never_passes_as_the_senders_transaction(data: st.DataObject) -> None:
    raw = sign(0, 0, value=5)
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:place] + bytes([raw[place] ^ data.draw(st.integers(1, 255))]) + raw[place + 1 :]
    try:
        tx = decode_transaction(changed, CHAIN_ID)
    except Refused:
        return
    assert "0x" + tx.sender.hex() != ADDRESSES[0].lower()
