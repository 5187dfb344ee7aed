# SPDX-License-Identifier: MIT
"""A pprof file, made from lists: for the tests, and independent of the code under test."""
import gzip


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A varint or a length-delimited field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    return varint(number << 3 | 2) + varint(len(value)) + value


class Pprof:
    """samples: (stack, values, labels); stack: locations, leaf first, each a list of frames
    (function, file, line), the innermost inlined first; the object's path goes with the location."""

    def __init__(self, types, period=None, comments=()):
        self.strings, self.functions, self.mappings, self.locations = {"": 0}, {}, {}, {}
        self.body = b"".join(field(1, field(1, self.text(t)) + field(2, self.text(u))) for t, u in types)
        self.tables = b""
        self.tail = b"".join(field(13, self.text(c)) for c in comments)
        if period:
            self.tail += field(11, field(1, self.text(types[-1][0])) + field(2, self.text(types[-1][1])))
            self.tail += field(12, period)

    def text(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def mapping(self, path):
        if path not in self.mappings:
            self.mappings[path] = len(self.mappings) + 1
            self.tables += field(3, field(1, self.mappings[path]) + field(5, self.text(path)))
        return self.mappings[path]

    def function(self, name, path):
        if (name, path) not in self.functions:
            self.functions[name, path] = len(self.functions) + 1
            self.tables += field(5, field(1, self.functions[name, path]) + field(2, self.text(name)) +
                                 field(3, self.text(name)) + field(4, self.text(path)))
        return self.functions[name, path]

    def location(self, path, frames):
        key = (path, tuple(frames))
        if key not in self.locations:
            lines = b"".join(field(4, field(1, self.function(name, file)) + field(2, line))
                             for name, file, line in frames)
            mapping = self.mapping(path) if path else 0
            self.locations[key] = len(self.locations) + 1
            self.tables += field(4, field(1, self.locations[key]) + field(2, mapping) + lines)
        return self.locations[key]

    def sample(self, stack, values, labels=()):
        out = b"".join(field(1, self.location(path, frames)) for path, frames in stack)
        out += field(2, b"".join(varint(v) for v in values))
        for key, value in labels:
            which = field(3, value) if isinstance(value, int) else field(2, self.text(value))
            out += field(3, field(1, self.text(key)) + which)
        self.body += field(2, out)

    def bytes(self):
        names = b"".join(field(6, s.encode("utf-8", "surrogateescape")) for s in self.strings)
        return gzip.compress(self.body + self.tables + names + self.tail, mtime=0)
