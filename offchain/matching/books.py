"""Price levels: for each side of each market a tree over the bits of the price, and the best level at hand.

A node tells 32 children apart by five bits of the price; leaves hold levels. A tree is as deep as its highest price
asks for, so any range of ticks and any number of levels costs a few steps, and memory follows the levels that exist.
Most steps never happen: the best level is known, an order that leaves has its level beside it if it was the last one
there, and the leaves used last are remembered.
"""

import cython

from offchain.matching import layout as at
from offchain.matching.orders import OrderPool
from offchain.matching.words import I64, Words, blank, grown, high_of, low_of, pair


@cython.final
@cython.cclass
class Books:
    """All sides of all markets. A side is named by its record's first word; odd records rise from the best."""

    sides: Words
    pool: OrderPool
    nodes: Words
    nodes_capacity: I64
    nodes_used: I64
    free_node: I64
    lowest: Words
    highest: Words

    def __init__(self, pool: OrderPool) -> None:
        self.sides = blank(0)
        self.pool = pool
        self.nodes_capacity = 16
        self.nodes = blank(self.nodes_capacity * at.NODE_WORDS)
        self.nodes_used = 1
        # No price is of record 0.
        self.nodes[at.PREFIX] = -1
        self.free_node = 0
        self.lowest = blank(32)
        self.highest = blank(32)
        power: I64 = 1
        for bit in range(32):
            self.lowest[(power * at.DE_BRUIJN & at.LOW32) >> 27] = bit
            power *= 2
            self.highest[((power - 1) * at.DE_BRUIJN_FILLED & at.LOW32) >> 27] = bit

    @cython.cfunc
    def hold_sides(self, count: I64) -> I64:
        """Have room for the sides of `count` markets."""
        side: I64 = len(self.sides)
        if side < count * at.SIDES * at.SIDE_WORDS:
            self.sides = grown(self.sides, 2 * count * at.SIDES * at.SIDE_WORDS)
            while side < len(self.sides):
                self.set_best(side, 0)
                side += at.SIDE_WORDS
        return 0

    @cython.cfunc
    @cython.inline
    def level_at(self, side: I64, price: I64) -> I64:
        """The level of a price, made if there is none: records of orders may be dead then."""
        prefix: I64 = price >> at.NODE_BITS
        leaf: I64 = self.leaf_at_hand(side, prefix)
        if self.nodes[leaf + at.PREFIX] != prefix:
            leaf = self.leaf_of(side, price)
            self.nodes[leaf + at.PREFIX] = prefix
            self.keep_at_hand(side, prefix, leaf)
        child: I64 = leaf + at.CHILDREN + (price & at.NODE_MASK)
        if self.nodes[child] != 0:
            return self.nodes[child]
        level: I64 = self.pool.take_level()
        self.pool.slots[level + at.PRICE] = price
        self.pool.slots[level + at.LEAF] = leaf
        self.link(leaf, price & at.NODE_MASK, level)
        if (price < self.sides[side + at.BEST_PRICE]) == self.rises(side):
            self.set_best(side, level)
        return level

    @cython.cfunc
    def set_best(self, side: I64, level: I64) -> I64:
        """Have a level, or none, as the best of a side."""
        none: I64 = at.NO_PRICE if self.rises(side) else 0
        self.sides[side + at.BEST] = level
        self.sides[side + at.BEST_PRICE] = self.pool.slots[level + at.PRICE] if level != 0 else none
        return 0

    @cython.cfunc
    @cython.inline
    def leaf_at_hand(self, side: I64, prefix: I64) -> I64:
        """The leaf used last of those that stand where one with this prefix does, or 0."""
        leaves: I64 = self.sides[side + at.LEAVES + ((prefix >> 1) & at.LEAVES_MASK)]
        return (leaves >> (prefix & 1) * at.HIGH) & at.LOW31

    @cython.cfunc
    @cython.inline
    def keep_at_hand(self, side: I64, prefix: I64, leaf: I64) -> I64:
        """Let a leaf, or 0, stand there."""
        place: I64 = side + at.LEAVES + ((prefix >> 1) & at.LEAVES_MASK)
        leaves: I64 = self.sides[place]
        self.sides[place] = pair(low_of(leaves), leaf) if prefix & 1 != 0 else pair(leaf, high_of(leaves))
        return 0

    @cython.cfunc
    def drop(self, side: I64, level: I64) -> I64:
        """Remove a level that has no orders left."""
        price: I64 = self.pool.slots[level + at.PRICE]
        leaf: I64 = self.pool.slots[level + at.LEAF]
        self.pool.give_back_level(level)
        self.unlink(side, leaf, price)
        if self.sides[side + at.BEST] == level:
            self.set_best(side, self.best_of(side, leaf, price))
        return 0

    @cython.cfunc
    def next_level(self, side: I64, price: I64) -> I64:
        """The best level that is worse than a price within the side's tree, or 0."""
        node: I64 = self.sides[side + at.ROOT]
        shift: I64 = self.sides[side + at.ROOT_SHIFT]
        turn: I64 = 0
        turn_bits: I64 = 0
        turn_shift: I64 = 0
        while True:
            bits: I64 = self.worse(side, self.nodes[node + at.PRESENT], (price >> shift) & at.NODE_MASK)
            if bits != 0:
                turn, turn_bits, turn_shift = node, bits, shift
            if shift == 0:
                break
            node = self.nodes[node + at.CHILDREN + ((price >> shift) & at.NODE_MASK)]
            shift -= at.NODE_BITS
        if turn == 0:
            return 0
        return self.descend(side, self.nodes[turn + at.CHILDREN + self.first(side, turn_bits)], turn_shift)

    @cython.cfunc
    @cython.inline
    def rises(self, side: I64) -> cython.bint:
        """Whether prices rise from the side's best level on."""
        return (side // at.SIDE_WORDS) % 2 == 1

    @cython.cfunc
    @cython.inline
    def worse(self, side: I64, present: I64, child: I64) -> I64:
        """Those of the children present that are worse than one of them."""
        one: I64 = 1
        if self.rises(side):
            return present >> (child + 1) << (child + 1)
        return present & ((one << child) - 1)

    @cython.cfunc
    @cython.inline
    def first(self, side: I64, present: I64) -> I64:
        """The best of the children present, of which there must be one (a de Bruijn number finds the bit)."""
        if self.rises(side):
            return self.lowest[((present & -present) * at.DE_BRUIJN & at.LOW32) >> 27]
        present |= present >> 1
        present |= present >> 2
        present |= present >> 4
        present |= present >> 8
        present |= present >> 16
        return self.highest[(present * at.DE_BRUIJN_FILLED & at.LOW32) >> 27]

    @cython.cfunc
    def best_of(self, side: I64, leaf: I64, price: I64) -> I64:
        """The best level of a side that just lost its best one, of that leaf and price; 0 if it was the last."""
        prefix: I64 = price >> at.NODE_BITS
        if self.leaf_at_hand(side, prefix) == leaf and self.nodes[leaf + at.PRESENT] != 0:
            return self.nodes[leaf + at.CHILDREN + self.first(side, self.nodes[leaf + at.PRESENT])]
        root: I64 = self.sides[side + at.ROOT]
        if root == 0 or self.nodes[root + at.PRESENT] == 0:
            return 0
        return self.descend(side, root, self.sides[side + at.ROOT_SHIFT] + at.NODE_BITS)

    @cython.cfunc
    def descend(self, side: I64, node: I64, shift: I64) -> I64:
        """The best level under a node; `shift` is that of the node's parent, 0 if the node is a level."""
        while shift != 0:
            node = self.nodes[node + at.CHILDREN + self.first(side, self.nodes[node + at.PRESENT])]
            shift -= at.NODE_BITS
        return node

    @cython.cfunc
    def leaf_of(self, side: I64, price: I64) -> I64:
        """The leaf of a price, made with the nodes above it where there are none."""
        root: I64 = self.sides[side + at.ROOT]
        if root == 0:
            root = self.new_node()
            self.sides[side + at.ROOT] = root
        while price >> self.sides[side + at.ROOT_SHIFT] >> at.NODE_BITS != 0:
            root = self.raise_root(side)
        shift: I64 = self.sides[side + at.ROOT_SHIFT]
        node: I64 = root
        while shift != 0:
            child: I64 = (price >> shift) & at.NODE_MASK
            below: I64 = self.nodes[node + at.CHILDREN + child]
            if below == 0:
                below = self.new_node()
                self.nodes[below + at.PARENT] = node
                self.link(node, child, below)
            node = below
            shift -= at.NODE_BITS
        return node

    @cython.cfunc
    def raise_root(self, side: I64) -> I64:
        """Put a new root above the old one, for prices beyond its reach."""
        old: I64 = self.sides[side + at.ROOT]
        self.sides[side + at.ROOT_SHIFT] += at.NODE_BITS
        if self.nodes[old + at.PRESENT] == 0:
            self.keep_at_hand(side, 0, 0)
            return old
        root: I64 = self.new_node()
        self.nodes[old + at.PARENT] = root
        self.link(root, 0, old)
        self.sides[side + at.ROOT] = root
        return root

    @cython.cfunc
    @cython.inline
    def link(self, node: I64, child: I64, below: I64) -> I64:
        """Hang a level or node under a node."""
        one: I64 = 1
        self.nodes[node + at.CHILDREN + child] = below
        self.nodes[node + at.PRESENT] |= one << child
        return 0

    @cython.cfunc
    def unlink(self, side: I64, leaf: I64, price: I64) -> I64:
        """Take the level of a price from its leaf, and every node that this leaves without children but the root."""
        one: I64 = 1
        node: I64 = leaf
        shift: I64 = 0
        while True:
            child: I64 = (price >> shift) & at.NODE_MASK
            self.nodes[node + at.CHILDREN + child] = 0
            self.nodes[node + at.PRESENT] &= ~(one << child)
            if self.nodes[node + at.PRESENT] != 0:
                return 0
            if shift == 0:
                self.forget(side, leaf, price >> at.NODE_BITS)
            parent: I64 = self.nodes[node + at.PARENT]
            if parent == 0:
                return 0
            self.nodes[node + at.PARENT] = self.free_node
            self.free_node = node
            node = parent
            shift += at.NODE_BITS

    @cython.cfunc
    def forget(self, side: I64, leaf: I64, prefix: I64) -> I64:
        """Do not remember a leaf that has no levels left."""
        if self.leaf_at_hand(side, prefix) == leaf:
            self.keep_at_hand(side, prefix, 0)
        return 0

    @cython.cfunc
    def new_node(self) -> I64:
        """A node without children and parent."""
        node: I64 = self.free_node
        if node != 0:
            self.free_node = self.nodes[node + at.PARENT]
            self.nodes[node + at.PARENT] = 0
            return node
        if self.nodes_used == self.nodes_capacity:
            self.nodes_capacity *= 2
            self.nodes = grown(self.nodes, self.nodes_capacity * at.NODE_WORDS)
        node = self.nodes_used * at.NODE_WORDS
        self.nodes_used += 1
        return node
