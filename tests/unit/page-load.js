// SPDX-License-Identifier: MIT
//
// page-load.js - files of the HTML page under node, without a document; and small profiles for their tests.
'use strict';
const fs = require('fs'), path = require('path');

const PLACE = path.join(__dirname, '..', '..', 'flamegraph', 'assets', 'page');

// The `page` that these files make together.
function load(...files) {
	const page = {};

	for (const file of ['model.js', 'words.js', ...files])
		new Function('page', fs.readFileSync(path.join(PLACE, file), 'utf8'))(page);
	return page;
}

// Folded stacks as page.setProfile() takes them.  A frame is name, name@module or name@module@kind.
function fromFolded(page, text, more) {
	const names = [], modules = [''], functions = { n: 0, files: [''], module: [], file: [], line: [], kind: [] };
	const nodes = [{ children: new Map(), name: 0, self: 0 }], byText = new Map();

	function nameOf(frame) {
		const [name, module, kind] = frame.split('@');

		if (!byText.has(frame)) {
			byText.set(frame, names.length);
			names.push(name);
			if (!modules.includes(module || ''))
				modules.push(module);
			functions.module.push(modules.indexOf(module || ''));
			functions.kind.push(page.KINDS.indexOf(kind || 'own'));
			functions.file.push(0);
			functions.line.push(0);
			functions.n++;
		}
		return byText.get(frame);
	}
	for (const line of text.trim().split('\n')) {
		const [, stack, value] = /^(.*) (\d+)$/.exec(line.trim());
		let node = nodes[0];

		for (const frame of stack.split(';')) {
			if (!node.children.has(frame))
				node.children.set(frame, { children: new Map(), name: nameOf(frame), self: 0 });
			node = node.children.get(frame);
		}
		node.self += Number(value);
	}
	// Preorder, as it comes.
	const order = [], waiting = [[nodes[0], 0]];

	while (waiting.length) {
		const [node, parent] = waiting.pop();

		order.push({ node, parent });
		for (const child of [...node.children.values()].reverse())
			waiting.push([child, order.length - 1]);
	}
	const column = (kind, get) => kind.from(order, get);
	const self = column(Float64Array, ({ node }) => node.self);

	page.setProfile({ n: order.length, parent: column(Int32Array, one => one.parent),
			  name: column(Int32Array, one => one.node.name), self, samples: Float64Array.from(self), calls: null,
			  kind: column(Uint8Array, ({ node }, i) => i ? functions.kind[node.name] : page.KINDS.indexOf('thread')),
			  names, modules, functions, meta: {}, unit: 'count', type: 'samples', decimals: 0, period: 0,
			  samplesKnown: true, callsKind: 'unknown', sources: {}, health: [], ...more });
	return page;
}

let failures = 0, checks = 0;

function check(what, real, wanted) {
	checks++;
	if (JSON.stringify(real) === JSON.stringify(wanted))
		return;
	failures++;
	console.log('FAIL ' + what + '\n  is     ' + JSON.stringify(real) + '\n  wanted ' + JSON.stringify(wanted));
}

function finish() {
	console.log(checks - failures + ' of ' + checks + ' checks hold');
	process.exit(failures ? 1 : 0);
}

module.exports = { PLACE, load, fromFolded, check, finish };
