# SPDX-License-Identifier: MIT
"""A reader for pprof profiles that shares no code with the writer under test."""
import gzip


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field; bytes for length-delimited ones."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size, "cut short"
        else:
            raise ValueError(f"wire type {key & 7}")
        yield key >> 3, value


def numbers(value):
    """A repeated number: packed, or one of several."""
    if isinstance(value, int):
        return [value]
    out, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        out.append(number)
    return out


class Line:
    def __init__(self, name, system_name):
        self.name, self.system_name = name, system_name


class Location:
    def __init__(self, address, mapping, lines):
        self.address, self.mapping, self.lines = address, mapping, lines

    @property
    def name(self):
        """Of the function that stands in the symbol table, not of what was inlined into it."""
        return self.lines[-1].name


class Mapping:
    def __init__(self, start, limit, offset, path, build_id):
        self.start, self.limit, self.offset, self.path, self.build_id = start, limit, offset, path, build_id


class Sample:
    def __init__(self, locations, values, labels):
        self.locations, self.values, self.labels = locations, values, labels


class Profile:
    """samples: leaf first; only those that were taken (not the mere counts of calls)."""

    def __init__(self, path):
        with gzip.open(path) as file:
            parts = list(fields(file.read()))
        self.path = path
        self.strings = [v.decode("utf-8") for n, v in parts if n == 6]
        self.types = [self.strings[dict(fields(v)).get(1, 0)] for n, v in parts if n == 1]
        self.period = next((v for n, v in parts if n == 12), 0)
        self.comments = [self.strings[i] for n, v in parts if n == 13 for i in numbers(v)]
        self._read_places(parts)
        self.samples = [self._sample(v) for n, v in parts if n == 2]
        self.samples = [s for s in self.samples if s.count]

    def _read_places(self, parts):
        text = self.strings
        functions, mappings = {}, {}
        for number, value in parts:
            if number == 5:
                f = dict(fields(value))
                functions[f[1]] = Line(text[f.get(2, 0)], text[f.get(3, 0)])
            elif number == 3:
                f = dict(fields(value))
                mappings[f[1]] = Mapping(f.get(2, 0), f.get(3, 0), f.get(4, 0), text[f.get(5, 0)],
                                         text[f.get(6, 0)])
        self.mappings = list(mappings.values())
        self.locations = {}
        for number, value in parts:
            if number == 4:
                each = list(fields(value))
                f = dict(each)
                lines = [functions[dict(fields(v))[1]] for n, v in each if n == 4]
                self.locations[f[1]] = Location(f.get(3, 0), mappings.get(f.get(2, 0)), lines)

    def _sample(self, value):
        ids, values, labels = [], [], {}
        for number, part in fields(value):
            if number == 1:
                ids += numbers(part)
            elif number == 2:
                values += numbers(part)
            elif number == 3:
                label = dict(fields(part))
                labels[self.strings[label.get(1, 0)]] = self.strings[label.get(2, 0)] or label.get(3, 0)
        sample = Sample([self.locations[i] for i in ids], dict(zip(self.types, values)), labels)
        sample.count = sample.values["samples"]
        return sample

    @property
    def cpu_seconds(self):
        return sum(s.values["cpu"] for s in self.samples) / 1e9
