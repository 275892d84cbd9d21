"""Ways in which the files of a journal can be damaged. Each takes the files as they were, and changes them in place.

`Files` are names with their bytes, those of archived segments with `archive/` before them. Where a damage needs to know
where groups begin, it is told the `bounds` that each commit wrote; where it needs files that do not belong, another
journal's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

Files = dict[str, bytearray]
Bounds = list[tuple[str, int, int]]
"""Segment, first byte and byte after the last one of each commit, in order."""
SECTOR: Final = 512
PAGE: Final = 4_096


@dataclass(frozen=True)
class Scene:
    """What a damage has to work with."""

    files: Files
    bounds: Bounds
    stranger: Files
    chance: Random

    @property
    def segments(self) -> list[str]:
        """Names of the journal's segments, oldest first."""
        return sorted((name for name in self.files if "segment-" in name), key=lambda name: name.split("/")[-1])

    @property
    def snapshots(self) -> list[str]:
        """Names of its snapshots, oldest first."""
        return sorted(name for name in self.files if name.startswith("snapshot-"))

    def segment(self) -> str:
        """Any segment; the last one, which recovery reads whole, as often as all others."""
        return self.chance.choice((self.chance.choice(self.segments), self.segments[-1]))

    def span(self, name: str) -> tuple[int, int]:
        """Any part of a file."""
        start = self.chance.randrange(len(self.files[name]) or 1)
        return start, min(len(self.files[name]), start + self.chance.choice((1, 8, 88, SECTOR, PAGE)))


def flip_bits(scene: Scene) -> None:
    """One to eight bits, anywhere in one segment."""
    data = scene.files[scene.segment()]
    for _ in range(scene.chance.choice((1, 1, 1, 2, 8))):
        data[scene.chance.randrange(len(data))] ^= 1 << scene.chance.randrange(8)


def cut(scene: Scene) -> None:
    """A segment ends anywhere."""
    name = scene.segment()
    del scene.files[name][scene.chance.randrange(len(scene.files[name])) :]


def cut_between_commits(scene: Scene) -> None:
    """A segment ends where a commit did."""
    name, start, _ = scene.chance.choice(scene.bounds)
    del scene.files[name][start:]


def zero(scene: Scene) -> None:
    """Bytes, sectors or pages come back as zeros."""
    name = scene.segment()
    start, stop = scene.span(name)
    if scene.chance.random() < 0.5:
        start -= start % SECTOR
    scene.files[name][start:stop] = bytes(stop - start)


def overwrite(scene: Scene) -> None:
    """Bytes come back as others: noise, or bytes from elsewhere in the journal."""
    name, source = scene.segment(), scene.segment()
    start, stop = scene.span(name)
    there = scene.span(source)[0]
    foreign = scene.files[source][there : there + stop - start]
    scene.files[name][start:stop] = scene.chance.choice((scene.chance.randbytes(stop - start), foreign))


def insert(scene: Scene) -> None:
    """Bytes that were never written stand between others."""
    name = scene.segment()
    start = scene.span(name)[0]
    scene.files[name][start:start] = scene.chance.randbytes(scene.chance.choice((1, 8, 100)))


def take_out(scene: Scene) -> None:
    """Bytes are missing between others."""
    name = scene.segment()
    start, stop = scene.span(name)
    del scene.files[name][start:stop]


def lose_a_commit(scene: Scene) -> None:
    """A commit is missing whole."""
    name, start, stop = scene.chance.choice(scene.bounds)
    del scene.files[name][start:stop]


def repeat_a_commit(scene: Scene) -> None:
    """A commit stands there twice: after itself, after another, or at the end."""
    (name, start, stop), (target, _, place) = scene.chance.choice(scene.bounds), scene.chance.choice(scene.bounds)
    target, place = scene.chance.choice(((name, stop), (target, place), scene.bounds[-1][::2]))
    scene.files[target][place:place] = scene.files[name][start:stop]


def swap_commits(scene: Scene) -> None:
    """Two commits stand in each other's place."""
    first, second = sorted(scene.chance.sample(range(len(scene.bounds)), 2))
    (name, start, stop), (other, there, end) = scene.bounds[first], scene.bounds[second]
    moved, back = scene.files[name][start:stop], scene.files[other][there:end]
    scene.files[other][there:end] = moved
    scene.files[name][start:stop] = back


def append_garbage(scene: Scene) -> None:
    """Bytes that nobody wrote follow the end: noise, zeros, the journal's own, or another journal's."""
    name = scene.segment()
    strange = scene.stranger[scene.chance.choice([name for name in scene.stranger if "segment-" in name])]
    own = scene.files[scene.segment()]
    noise = scene.chance.randbytes(scene.chance.choice((1, 7, 100, 5_000)))
    start = scene.chance.randrange(len(own) or 1)
    scene.files[name] += scene.chance.choice((noise, bytes(len(noise)), bytes(own[start:]), bytes(strange)))


def lose_a_segment(scene: Scene) -> None:
    """A segment is missing."""
    del scene.files[scene.segment()]


def swap_segments(scene: Scene) -> None:
    """Two segments bear each other's name, or two names are on one segment."""
    first, second = scene.segment(), scene.segment()
    if scene.chance.random() < 0.5:
        scene.files[first], scene.files[second] = scene.files[second], scene.files[first]
    else:
        scene.files[first] = bytearray(scene.files[second])


def rename_a_segment(scene: Scene) -> None:
    """A segment, or a copy of it, bears a name that it never had."""
    name = scene.segment()
    sequence = scene.chance.choice((0, 7, int(name.split("-")[-1].removesuffix(".journal")) + 1, 10**19))
    renamed = scene.chance.choice((f"segment-{sequence:020}.journal", "segment-copy.journal", f"{name}.journal"))
    scene.files[renamed] = bytearray(scene.files[name]) if scene.chance.random() < 0.5 else scene.files.pop(name)


def bring_in_a_strange_segment(scene: Scene) -> None:
    """A segment of another journal stands in the place of one, or beside them all."""
    strange = scene.chance.choice([name for name in scene.stranger if "segment-" in name])
    target = scene.chance.choice((scene.segment(), strange))
    scene.files[target] = bytearray(scene.stranger[strange])


def drop_newer_snapshots(scene: Scene) -> None:
    """The newest snapshot that is left is stale, or none is left."""
    for name in scene.snapshots[scene.chance.randrange(len(scene.snapshots) + 1) :]:
        del scene.files[name]


def damage_a_snapshot(scene: Scene) -> None:
    """A snapshot has flipped bits, ends early, is empty, or is followed by bytes that are not its own."""
    name = scene.chance.choice(scene.snapshots)
    data = scene.files[name]
    match scene.chance.randrange(4):
        case 0:
            data[scene.chance.randrange(len(data))] ^= 1 << scene.chance.randrange(8)
        case 1:
            del data[scene.chance.randrange(len(data)) :]
        case 2:
            data.clear()
        case 3:
            data += scene.chance.randbytes(9)


def bring_in_a_strange_snapshot(scene: Scene) -> None:
    """A snapshot of another journal stands beside the journal's own, or alone."""
    strange = scene.chance.choice([name for name in scene.stranger if name.startswith("snapshot-")])
    if scene.chance.random() < 0.5:
        for name in scene.snapshots:
            del scene.files[name]
    scene.files[strange] = bytearray(scene.stranger[strange])


def rename_a_snapshot(scene: Scene) -> None:
    """A snapshot bears the name of another command, or no command's."""
    name = scene.chance.choice(scene.snapshots)
    sequence = scene.chance.choice((0, 3, int(name[9:29]) + 1, 10**19))
    renamed = scene.chance.choice(
        (f"snapshot-{sequence:020}.state", f"snapshot-{sequence:020}.state", "snapshot-x.state")
    )
    scene.files[renamed] = scene.files.pop(name)


DAMAGES: Final[tuple[Callable[[Scene], None], ...]] = (
    flip_bits,
    flip_bits,
    cut,
    cut,
    cut_between_commits,
    zero,
    overwrite,
    insert,
    take_out,
    lose_a_commit,
    repeat_a_commit,
    swap_commits,
    append_garbage,
    lose_a_segment,
    swap_segments,
    rename_a_segment,
    bring_in_a_strange_segment,
    drop_newer_snapshots,
    damage_a_snapshot,
    bring_in_a_strange_snapshot,
    rename_a_snapshot,
)
