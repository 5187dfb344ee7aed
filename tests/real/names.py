# SPDX-License-Identifier: MIT
"""Are the names of a profile right?  Asked of binutils, which reads the same files by other code:
nm for symbols, readelf for the bounds in .eh_frame, objdump for PLT stubs, addr2line for inlines."""
import bisect
import functools
import os
import re
import subprocess


def output(*command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace",
                            env=dict(os.environ, LC_ALL="C"), check=False)
    return result.stdout


class Intervals:
    """Half-open ranges, each with a name; they may overlap."""

    def __init__(self, triples):
        self._all = sorted(set(triples))
        self._starts = [start for start, _, _ in self._all]
        self._longest = max((end - start for start, end, _ in self._all), default=0)

    def covering(self, address):
        at = bisect.bisect_right(self._starts, address)
        while at > 0 and self._all[at - 1][0] >= address - self._longest:
            at -= 1
            if self._all[at][1] > address:
                yield self._all[at]


class Object:
    """What binutils knows about one file."""

    def __init__(self, path, build_id):
        self.path = path
        self.debug = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        if not os.path.exists(self.debug):
            self.debug = None       # then there are no inlines to be checked
        header = output("readelf", "-hlnSW", path)
        if ".debug_info" in header:
            self.debug = path
        self.entry = int(re.search(r"Entry point address:\s+(0x\w+)", header).group(1), 16)
        loads = re.findall(r"^\s+LOAD\s+(0x\w+)\s+(0x\w+)", header, re.M)
        self.first = min(int(address, 16) & ~0xfff for _, address in loads)
        self.build_id = (re.search(r"Build ID: (\w+)", header) or [None, ""])[1]

    @functools.cached_property
    def symbols(self):
        found, unsized = set(), set()
        listings = [("nm", "-D", "-S", "--defined-only", self.path), ("nm", "-S", "--defined-only", self.path)]
        if self.debug:
            listings.append(("nm", "-S", "--defined-only", self.debug))
        for command in listings:
            for line in output(*command).splitlines():
                match = re.fullmatch(r"(\w+) (?:(\w{16}) )?([tTwWiuV]) (.*)", line)
                if match:
                    start, name = int(match.group(1), 16), match.group(4).split("@")[0]
                    if match.group(2):
                        found.add((start, start + int(match.group(2), 16), name))
                    else:
                        unsized.add((start, name))
        starts = sorted({start for start, _, _ in found} | {start for start, _ in unsized})
        for start, name in unsized:     # hand-written assembly: up to the next symbol
            at = bisect.bisect_right(starts, start)
            found.add((start, starts[at] if at < len(starts) else start + 1, name))
        return Intervals(found)

    @functools.cached_property
    def fdes(self):
        text = output("readelf", "--debug-dump=frames", self.path)
        return Intervals((int(a, 16), int(b, 16), "") for a, b in
                         re.findall(r" FDE cie=\w+ pc=(\w+)\.\.(\w+)", text))

    @functools.cached_property
    def stubs(self):
        text = output("objdump", "-d", "--no-show-raw-insn", "-j", ".plt", "-j", ".plt.sec", "-j", ".plt.got",
                      self.path)
        labels = [(int(a, 16), name) for a, name in re.findall(r"^(\w+) <(\S+)>:", text, re.M)]
        ends = [start for start, _ in labels[1:]] + [labels[-1][0] + 16] if labels else []
        return Intervals((start, min(end, start + 16), name.split("@")[0] + "@plt")
                         for (start, name), end in zip(labels, ends))

    def stubs_at(self, address):
        """What objdump calls *ABS*+0xN is a call of what the function at N chooses."""
        for _, _, name in self.stubs.covering(address):
            match = re.fullmatch(r"\*ABS\*\+0x([0-9a-f]+)@plt", name)
            yield from ([n + "@plt" for _, _, n in self.symbols.covering(int(match.group(1), 16))] if match else [name])

    @functools.cached_property
    def main(self):
        """What _start hands to __libc_start_main."""
        text = output("objdump", "-d", f"--start-address={self.entry}", f"--stop-address={self.entry + 64}", self.path)
        match = (re.search(r"lea\s+-?0x\w+\(%rip\),%rdi\s+# ([0-9a-f]+)", text) or
                 re.search(r"mov\s+\$0x([0-9a-f]+),%rdi", text))
        return int(match.group(1), 16) if match else None

    def inlines(self, addresses):
        """{address: names, innermost first}, from debugging information."""
        if not self.debug or not addresses:
            return {}
        text = output("addr2line", "-a", "-f", "-i", "-e", self.debug, text="".join(f"{a:#x}\n" for a in addresses))
        found, names = {}, None
        for line in text.splitlines():
            if re.fullmatch(r"0x[0-9a-f]{16}", line):
                names = found.setdefault(int(line, 16), [])
                is_name = True
            elif names is not None:
                if is_name and line != "??":
                    names.append(line)
                is_name = not is_name
        return found


def demangled(name):
    return _demangle(name) if name.startswith(("_Z", "_R")) else name


@functools.lru_cache(maxsize=None)
def _demangle(name):
    return output("c++filt", name).strip()


_objects = {}


def object_of(mapping):
    key = mapping.path
    if key not in _objects:
        known = Object(mapping.path, mapping.build_id) if os.path.isfile(mapping.path) else None
        assert known is None or known.build_id == mapping.build_id, f"{mapping.path}: not the file that was profiled"
        _objects[key] = known
    return _objects[key]


def same(line, names):
    return any(n in (line.name, line.system_name) or demangled(n) == line.name for n in names)


def verdict(location, known, chain):
    """None when binutils agrees, "unresolved", or what it says instead."""
    address = location.address - location.mapping.start + known.first
    name, outer = location.name, location.lines[-1]
    inlined = location.lines[:-1]
    module = os.path.basename(location.mapping.path)
    starts = {start for start, _, _ in known.fdes.covering(address)}
    covering = {n for _, _, n in known.symbols.covering(address)}
    if inlined and not all(any(same(line, [n]) for n in chain) for line in inlined):
        return f"{[line.name for line in inlined]} inlined into {name}, but addr2line has {chain}"
    if same(outer, covering) or chain and same(outer, chain[-1:]):
        return None
    match = re.fullmatch(re.escape(module) + r"\+0x([0-9a-f]+)", name)
    if match and int(match.group(1), 16) in starts:
        return None
    if match and int(match.group(1), 16) == address:
        return "unresolved"
    if name.endswith("@plt") and name in known.stubs_at(address):
        return None
    if name == "_start" and known.entry in starts or name == "main" and known.main in starts:
        return None
    return f"{name}, but nm has {sorted(covering)}, .eh_frame {[hex(s) for s in starts]}, addr2line {chain}"


def is_marker(location):
    """[startup] and the like: not a place in a file, and it does not look like a function."""
    return location.mapping is None and location.name.startswith(("[", "process:", "thread:"))


def check(profile):
    """({id of a location: "unresolved"}, [what is wrong]) for all locations of the samples."""
    used = {id(l): l for s in profile.samples for l in s.locations if not is_marker(l)}
    by_object, bad, unresolved, checked = {}, [], set(), 0
    for location in used.values():
        if location.mapping is None:
            unresolved.add(id(location))
        else:
            by_object.setdefault(location.mapping.path, []).append(location)
    for path, locations in by_object.items():
        known = object_of(locations[0].mapping)
        if known is None:       # the vDSO: no file to ask
            continue
        at = {id(l): l.address - l.mapping.start + known.first for l in locations}
        chains = known.inlines(sorted(set(at.values())))
        for location in locations:
            checked += 1
            said = verdict(location, known, chains.get(at[id(location)], []))
            if said == "unresolved":
                unresolved.add(id(location))
            elif said:
                bad.append(f"{path} at {at[id(location)]:#x}: we say {said}")
    return unresolved, bad, checked
