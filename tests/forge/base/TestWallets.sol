// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title FickleWallet: an ERC-1271 wallet that answers as it is told to
/// @dev `LONG_ANSWER` says yes to everything, with more bytes than it should; the moods before it but `HONEST` say no.
/// In good faith it accepts the signatures of one key, 64 bytes (ERC-2098). It forwards calls for its test.
contract FickleWallet {
    enum Mood {
        HONEST,
        REFUSING,
        REVERTING,
        BURNING,
        SHORT_ANSWER,
        WRONG_MAGIC,
        LONG_ANSWER
    }

    bytes4 private constant MAGIC = 0x1626ba7e;
    address private immutable _signer;
    Mood public mood;

    constructor(address signer) {
        _signer = signer;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function act(address target, bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory answer) = target.call(data);
        if (success) return answer;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        Mood mood_ = mood;
        if (mood_ == Mood.REVERTING) revert("no");
        if (mood_ == Mood.BURNING) {
            while (true) {
                hash = keccak256(abi.encode(hash));
            }
        }
        if (mood_ == Mood.SHORT_ANSWER) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (mood_ == Mood.LONG_ANSWER) {
            assembly ("memory-safe") {
                mstore(0x80, shl(224, 0x1626ba7e))
                return(0x80, 100000)
            }
        }
        if (mood_ == Mood.WRONG_MAGIC) return 0x1626ba7f;
        if (mood_ == Mood.REFUSING || signature.length != 64) return 0xffffffff;
        bytes32 vs = bytes32(signature[32:64]);
        uint8 v = uint8(uint256(vs) >> 255) + 27;
        address signer = ecrecover(hash, v, bytes32(signature[0:32]), vs & bytes32(type(uint256).max >> 1));
        return signer == _signer && signer != address(0) ? MAGIC : bytes4(0xffffffff);
    }
}
