// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Digests} from "../lib/Digests.sol";
import {Seats} from "../lib/Seats.sol";
import {Round} from "../rounds/Round.sol";
import {Rounds} from "../rounds/Rounds.sol";
import {Client, ClientStatus} from "./Client.sol";
import {Clients} from "./Clients.sol";

/// @title What clients missed
/// @notice No miss is counted unless it is recorded. Anyone may: the round's bitmaps or a verdict on chain are the proof.
abstract contract Misses is Clients, Rounds {
    uint8 private constant MISSED = 1;

    event MissRecorded(uint32 indexed round, uint16 indexed index, uint8 misses);

    error NotLastClosed(uint32 lastClosed);
    error NotMissed(uint16 index);
    error MissAlreadyRecorded(uint16 index);

    /// @notice Records that an active client sent no update in the last closed round, or withheld the bytes of the
    /// one that it announced. Anyone, once per client and round. Too many in a row suspend the client.
    /// @param round number of the last closed round
    /// @param index the client
    /// @param digest what it submitted; ignored when it submitted nothing
    /// @param weight the weight in its verdict; ignored when it submitted nothing
    /// @param proof from its WITHHELD verdict to the round's verdictsRoot; ignored when it submitted nothing
    function recordMiss(
        uint32 round,
        uint16 index,
        bytes32 digest,
        uint32 weight,
        bytes32[] calldata proof
    ) external {
        uint32 lastClosed = _inFlight() ? currentRound - 1 : currentRound;
        if (round == 0 || round != lastClosed) revert NotLastClosed(lastClosed);
        Client storage c = _clients[index];
        _requireStatus(c, ClientStatus.ACTIVE);
        if (c.lastMiss == round) revert MissAlreadyRecorded(index);
        Round storage r = _rounds[round];
        if (!Seats.has(r.selected, index)) revert NotMissed(index);
        if (Seats.has(r.submitted, index)) {
            bytes32 leaf = Digests.verdictLeaf(round, index, digest, false, Digests.WITHHELD, weight);
            if (!MerkleProof.verifyCalldata(proof, r.verdictsRoot, leaf)) revert NotMissed(index);
        }
        // A withheld submission is no sign of life, so a miss in the round before always counts on.
        bool consecutive = c.lastMiss + 1 == round || c.lastSubmitted <= c.lastMiss;
        uint8 misses = consecutive ? c.misses : 0;
        if (misses < type(uint8).max) ++misses;
        c.misses = misses;
        c.lastMiss = round;
        emit MissRecorded(round, index, misses);
        uint8 limit = _terms(r).maxMissed;
        if (limit != 0 && misses >= limit) _suspend(index, MISSED);
    }
}
