// SPDX-License-Identifier: MIT
//
// decode.js - the bytes that the page carries, as what page.setProfile() takes.
//
// The format is that of page_data.h; the two are built together.
(page => {
'use strict';

function fromBase64(text) {
	if (Uint8Array.fromBase64)
		return Uint8Array.fromBase64(text);
	const binary = atob(text), bytes = new Uint8Array(binary.length);

	for (let i = 0; i < binary.length; i++)
		bytes[i] = binary.charCodeAt(i);
	return bytes;
}

page.unpack = async text => {
	const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream('deflate'));

	return new Uint8Array(await new Response(stream).arrayBuffer());
};

function reader(bytes) {
	const text = new TextDecoder();
	let at = 0;

	// Beyond 32 bits by multiplication: shifts would wrap.
	function number() {
		let byte = bytes[at++], value = byte & 127, factor = 128;

		while (byte & 128) {
			byte = bytes[at++];
			value += (byte & 127) * factor;
			factor *= 128;
		}
		return value;
	}

	return {
		number,
		text: () => {
			const length = number();

			at += length;
			return text.decode(bytes.subarray(at - length, at));
		},
		slice: length => bytes.subarray(at, at += length),
		column: (array, from = 0) => {
			for (let i = from; i < array.length; i++)
				array[i] = number();
			return array;
		},
		floats: count => {
			const view = new DataView(bytes.buffer, bytes.byteOffset + at, count * 4);

			at += count * 4;
			return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * 4, true));
		},
		isAtEnd: () => at === bytes.length,
	};
}

// Prefixes are counted in bytes, so a string is whole before it is decoded.
function strings(from) {
	const text = new TextDecoder(), count = from.number(), result = new Array(count);
	let last = new Uint8Array(64), length = 0;

	for (let i = 0; i < count; i++) {
		const shared = from.number(), rest = from.number();

		length = shared + rest;
		if (length > last.length) {
			const longer = new Uint8Array(2 * length);

			longer.set(last);
			last = longer;
		}
		last.set(from.slice(rest), shared);
		result[i] = text.decode(last.subarray(0, length));
	}
	return result;
}

const list = (from, pool) => from.column(new Array(from.number())).map(place => pool[place]);

function readNames(from, pool) {
	const modules = list(from, pool), files = list(from, pool), n = from.number();
	const names = from.column(new Array(n)).map(place => pool[place]);
	const functions = { n, files, module: from.column(new Int32Array(n)), file: from.column(new Int32Array(n)),
			    line: from.column(new Int32Array(n)), kind: from.column(new Uint8Array(n)) };

	return { names, modules, functions };
}

// What C computed, by name; NaN for threads, markers and the like, which are not ranked.
function readRanking(from, meta, functions) {
	functions.rank = from.column(new Int32Array(from.number()));
	for (const key of meta.columns) {
		const column = new Float32Array(functions.n).fill(NaN), values = from.floats(functions.rank.length);

		functions.rank.forEach((name, i) => { column[name] = values[i]; });
		functions[key] = column;
	}
	functions.category = new Array(functions.n).fill('');
	for (const name of functions.rank)
		functions.category[name] = meta.categories[from.number()];
}

const INLINED = 1, CAN_BE_INLINED = [true, false, true, true, false, false, true, false, false];

// Where nobody counted them they are copies of the value, which the period makes samples of.
function countSamples(tree, meta) {
	const sum = tree.samples.reduce((all, samples) => all + samples, 0), factor = meta.sampleCount / sum;

	if (meta.samplesKnown && sum > 0 && Math.abs(factor - 1) > 1e-9)
		tree.samples.forEach((samples, i) => { tree.samples[i] = samples * factor; });
}

function readNodes(from, meta, functions) {
	const n = from.number() + 1, divisor = from.number();
	const tree = { n, parent: new Int32Array(n), name: new Int32Array(n), self: new Float64Array(n),
		       samples: new Float64Array(n), calls: meta.calls ? new Float64Array(n) : null,
		       kind: new Uint8Array(n) };
	const own = from.number(), ownSamples = from.number(), ownCalls = from.number();

	for (let i = 1, last = 0; i < n; i++) {
		for (let up = from.number(); up > 0; up--)
			last = tree.parent[last];
		tree.parent[i] = last;
		last = i;
	}
	for (let i = 1; i < n; i++) {
		const word = from.number(), kind = functions.kind[word >>> 1];

		tree.name[i] = word >>> 1;
		tree.kind[i] = word & 1 && CAN_BE_INLINED[kind] ? INLINED : kind;
	}
	from.column(tree.self, 1);
	tree.self[0] = own;
	if (meta.samples)
		from.column(tree.samples, 1);
	else
		tree.samples.set(tree.self);
	tree.samples[0] = ownSamples;
	for (let i = 0; i < n; i++)
		tree.self[i] *= divisor;
	if (tree.calls) {
		from.column(tree.calls, 1);
		tree.calls[0] = ownCalls;
	}
	countSamples(tree, meta);
	if (meta.pair) {
		tree.before = Float64Array.from(from.floats(n));
		tree.after = Float64Array.from(from.floats(n));
		tree.change = from.column(new Int32Array(n));
	}
	tree.kind[0] = page.KINDS.indexOf('thread');
	return tree;
}

// By file index: { file, value, lines: [{ number, self, inlined, total, text }] }.
function readSources(meta, files) {
	const sources = {};

	for (const { file, lines } of meta.sources || []) {
		const of = Array.from({ length: lines.length / 5 }, (_, i) => {
			const [number, self, inlined, total, text] = lines.slice(5 * i, 5 * i + 5);

			return { number, self, inlined, total, text };
		});
		const index = files.includes(file) ? files.indexOf(file) : files.push(file) - 1;

		sources[index] = { file, lines: of, value: of.reduce((sum, line) => sum + line.self, 0) };
	}
	return sources;
}

page.decode = bytes => {
	const from = reader(bytes), meta = JSON.parse(from.text());
	const { names, modules, functions } = readNames(from, strings(from));

	readRanking(from, meta, functions);
	const tree = readNodes(from, meta, functions);

	if (!from.isAtEnd())
		throw new Error('the data of this page is damaged');
	return { ...tree, names, modules, functions, meta, unit: meta.unit, type: meta.type, decimals: meta.decimals,
		 period: meta.period, samplesKnown: meta.samplesKnown, callsKind: meta.callsKind,
		 sources: readSources(meta, functions.files), health: meta.health };
};
})(page);
