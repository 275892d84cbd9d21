// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Statement, TestOrder} from "./Batches.sol";

/// @title TypedData: the EIP-712 struct hashes of all that anybody signs, written for the tests alone
library TypedData {
    string private constant ORDER =
        "Order(uint32 market,uint8 side,uint64 price,uint64 quantity,uint40 expiry,uint48 seq,uint16 lane,uint16 maxFeeBps,uint16 flags)";

    function order(TestOrder memory signed) internal pure returns (bytes32) {
        bytes memory low = abi.encode(signed.market, signed.side, signed.price, signed.quantity, signed.expiry);
        bytes memory high = abi.encode(signed.seq, signed.lane, signed.maxFeeBps, signed.flags);
        return keccak256(bytes.concat(keccak256(bytes(ORDER)), low, high));
    }

    function ladder(uint48 floor, TestOrder[] memory orders) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            hashes[i] = order(orders[i]);
        }
        bytes32 typehash = keccak256(bytes(string.concat("Ladder(uint48 floor,Order[] orders)", ORDER)));
        return keccak256(abi.encode(typehash, floor, keccak256(abi.encodePacked(hashes))));
    }

    function statement(Statement memory signed, uint64 number, bytes32 previousHash) internal pure returns (bytes32) {
        if (!signed.isIsolated) {
            bytes32 assets = keccak256(abi.encodePacked(signed.assets));
            bytes32 deltas = keccak256(abi.encodePacked(signed.deltas));
            return keccak256(
                abi.encode(
                    keccak256(
                        "NetStatement(uint64 batch,bytes32 previousHash,uint48 floor,uint16[] assets,int64[] deltas)"
                    ),
                    number,
                    previousHash,
                    signed.floor,
                    assets,
                    deltas
                )
            );
        }
        bytes32 isolated = keccak256(
            "IsolatedNetStatement(uint64 batch,bytes32 previousHash,uint48 floor,uint32 market,int64 base,int64 quote)"
        );
        bytes memory head = abi.encode(isolated, number, previousHash, signed.floor, signed.market);
        return keccak256(bytes.concat(head, abi.encode(signed.deltas[0], signed.deltas[1])));
    }

    function batch(uint64 number, bytes memory payload, bytes32 previousHash, bytes32 journalRoot, uint64 sequence)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash = keccak256(
            "Batch(uint64 number,bytes32 payloadHash,bytes32 previousHash,bytes32 journalRoot,uint64 throughSequence)"
        );
        bytes32 payloadHash = keccak256(payload);
        return keccak256(abi.encode(typehash, number, payloadHash, previousHash, journalRoot, sequence));
    }

    function withdrawal(uint16 asset, uint64 amount, uint64 nonce, uint40 deadline) internal pure returns (bytes32) {
        bytes32 typehash = keccak256("Withdrawal(uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
        return keccak256(abi.encode(typehash, asset, amount, nonce, deadline));
    }

    function withdrawalApproval(address owner, uint16 asset, uint64 amount, uint64 nonce, uint40 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash =
            keccak256("WithdrawalApproval(address owner,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
        return keccak256(abi.encode(typehash, owner, asset, amount, nonce, deadline));
    }

    function isolatedWithdrawal(uint32 market, uint16 asset, uint64 amount, uint64 nonce, uint40 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash =
            keccak256("IsolatedWithdrawal(uint32 market,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
        return keccak256(abi.encode(typehash, market, asset, amount, nonce, deadline));
    }

    function isolatedWithdrawalApproval(
        address owner,
        uint32 market,
        uint16 asset,
        uint64 amount,
        uint64 nonce,
        uint40 deadline
    ) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "IsolatedWithdrawalApproval(address owner,uint32 market,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)"
        );
        return keccak256(abi.encode(typehash, owner, market, asset, amount, nonce, deadline));
    }

    function cancelApproval(address owner, uint16 asset, uint48 floor, uint40 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash = keccak256("CancelApproval(address owner,uint16 asset,uint48 floor,uint40 deadline)");
        return keccak256(abi.encode(typehash, owner, asset, floor, deadline));
    }

    function isolatedCancelApproval(address owner, uint32 market, uint48 floor, uint40 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash = keccak256("IsolatedCancelApproval(address owner,uint32 market,uint48 floor,uint40 deadline)");
        return keccak256(abi.encode(typehash, owner, market, floor, deadline));
    }

    function sessionRevocationApproval(address owner, address key, uint32 market, uint40 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash =
            keccak256("SessionRevocationApproval(address owner,address key,uint32 market,uint40 deadline)");
        return keccak256(abi.encode(typehash, owner, key, market, deadline));
    }
}
