// SPDX-License-Identifier: MIT
//
// model.js - the profile, the tree that is shown, and the state of the page.
//
// embed.py joins the files of the page, in the order of flamegraph/meson.build, into one closure that
// begins with `const page = {};`.  There is no import and no global.  Files of the engine keep what is
// theirs in a scope of their own and put the rest on `page`; plain functions of the panels are shared.
// Without a document (under node) every file must load: touch it only in functions given to page.ready().
//
// page.profile	as read; never changes
//	n		nodes, in preorder: parents first, node 0 is the root, named "all"
//	parent, name, depth, end: Int32Array	end: one past the subtree; the root's parent is 0
//	self, total, left: Float64Array		in the profile's unit; left: from the root's left edge
//	samples, totalSamples: Float64Array	samples whose leaf it is; with descendants
//	calls: Float64Array or null		activations; null when nobody counted
//	kind: Uint8Array			index into page.KINDS
//	names[]		visible text by name index (a "name" is a function: name, module and kind), and
//			after the functions.n functions those of what transforms make: moduleName[module] is
//			"[libc.so.6]", cutName stands for callers that were left out
//	modules[]	text; functions.module[name] is an index into it, 0 is "" = unknown
//	functions	n; by name index: module, file, line, kind, self, total, samples, totalSamples,
//			calls; and the columns that C computed, by key: score, roi, complexity, … (NaN: none);
//			rank: name indices in the order of the ranking; files[] for file
//	unit, type, decimals, period, total, samplesKnown, callsKind ('unknown', 'lower-bound', 'exact')
//	sources		{file index: {file, value, lines: [{number, self, inlined, total, text}]}} or empty
//	health[]	{id, level: 'note'|'fair'|'poor', text, todo}: what lint found about how good it is
//	meta		as in the data: title, source, command, notes[], weights, columns, …
//
// page.view	the tree after state.transforms: the same arrays (n … kind) and `origin`, a profile node
//		or -1 where several were merged; also rowStart, rowNodes: nodes by depth, left to right.
//		view.names is profile.names, so name indices stay.
//
// page.state	zoom, selected (view nodes), span (null or {left, right} within zoom), transforms[] (see
//		transforms.js), query, layout 'flame'|'icicle', theme 'auto'|'light'|'dark', palette, tab
// page.set(patch)	changes it; what is undoable (zoom, span, transforms) goes into the history;
//		updates the link (link.js); emits 'change' with what really changed
// page.setTransforms(list), page.undo(), page.redo(), page.canUndo(), page.canRedo()
// page.on(event, fn)	'change' (patch), 'view' (the tree was made anew; node numbers are others),
//		'hover' (view node or -1, mouse event, the "…" box there), 'history' (undo and redo)
// page.ready(fn)	fn() once the profile is there, in the order of the files
// page.functionOf(node), page.pathHash(node), page.nodeOfHash(hash), page.nodesOfName(name)
(page => {
'use strict';

page.KINDS = ['own', 'inlined', 'library', 'runtime', 'kernel', 'jit', 'unknown', 'thread', 'marker'];
page.KIND_LABELS = ['own code', 'inlined', 'libraries', 'runtime (libc \u2026)', 'kernel', 'JIT', 'unknown',
		    'process, thread', 'not profiled'];

const UNDOABLE = ['zoom', 'span', 'transforms'];
const listeners = new Map(), starters = [];

page.profile = null;
page.view = null;
page.state = { zoom: 0, selected: 0, span: null, transforms: [], query: '', layout: 'flame', theme: 'auto',
	       palette: 'kind', tab: '' };
const past = [], future = [];
let hashes = null, byName = null;

page.on = (event, fn) => {
	if (!listeners.has(event))
		listeners.set(event, []);
	listeners.get(event).push(fn);
};

page.emit = (event, ...values) => {
	for (const fn of listeners.get(event) || [])
		fn(...values);
};

page.ready = fn => starters.push(fn);

/* Trees */

// Complete a tree of parent, name, self, samples, calls, kind in preorder by what follows from them.
page.finishTree = tree => {
	const n = tree.n, parent = tree.parent;

	tree.depth = new Int32Array(n);
	tree.end = new Int32Array(n);
	tree.total = Float64Array.from(tree.self);
	tree.totalSamples = Float64Array.from(tree.samples);
	tree.left = new Float64Array(n);
	for (let i = 1; i < n; i++)
		tree.depth[i] = tree.depth[parent[i]] + 1;
	for (let i = n - 1; i >= 0; i--) {
		if (tree.end[i] === 0)
			tree.end[i] = i + 1;
		if (i === 0)
			break;
		const p = parent[i];

		tree.total[p] += tree.total[i];
		tree.totalSamples[p] += tree.totalSamples[i];
		if (tree.end[p] < tree.end[i])
			tree.end[p] = tree.end[i];
	}
	// Where the next child of a node goes.
	const next = new Float64Array(n);

	for (let i = 1; i < n; i++) {
		tree.left[i] = next[i] = next[parent[i]];
		next[parent[i]] += tree.total[i];
	}
	return page.sortRows(tree);
};

// Nodes by depth; preorder within a row is left to right.
page.sortRows = tree => {
	let rows = 0;

	for (let i = 0; i < tree.n; i++)
		rows = Math.max(rows, tree.depth[i] + 1);
	tree.rowStart = new Int32Array(rows + 1);
	tree.rowNodes = new Int32Array(tree.n);
	for (let i = 0; i < tree.n; i++)
		tree.rowStart[tree.depth[i] + 1]++;
	for (let row = 0; row < rows; row++)
		tree.rowStart[row + 1] += tree.rowStart[row];
	const at = tree.rowStart.slice();

	for (let i = 0; i < tree.n; i++)
		tree.rowNodes[at[tree.depth[i]]++] = i;
	return tree;
};

// By name index; the totals of a recursive function count each stack once.
page.sumNames = (tree, names) => {
	const sums = { self: new Float64Array(names), total: new Float64Array(names),
		       samples: new Float64Array(names), totalSamples: new Float64Array(names),
		       calls: tree.calls && new Float64Array(names) };
	const until = new Int32Array(names);	// end of the outermost subtree of this name

	for (let i = 1; i < tree.n; i++) {
		const name = tree.name[i];

		sums.self[name] += tree.self[i];
		sums.samples[name] += tree.samples[i];
		if (sums.calls)
			sums.calls[name] += tree.calls[i];
		if (i < until[name])
			continue;
		until[name] = tree.end[i];
		sums.total[name] += tree.total[i];
		sums.totalSamples[name] += tree.totalSamples[i];
	}
	return sums;
};

// DATA is what decode.js makes of the bytes, or a test by hand: meta, names, modules, functions
// (n, module, file, line, kind, columns, files) and the arrays of a tree.
page.setProfile = data => {
	const profile = page.finishTree(data), functions = profile.functions;

	Object.assign(functions, page.sumNames(profile, functions.n));

	// Names of what transforms make.
	profile.moduleName = profile.modules.map((module, i) => functions.n + i);
	profile.moduleKind = [];
	for (let i = functions.n - 1; i >= 0; i--)
		profile.moduleKind[functions.module[i]] = functions.kind[i];
	for (const module of profile.modules)
		profile.names.push('[' + (module || 'unknown module') + ']');
	profile.cutName = profile.names.push('[\u2026 callers further out]') - 1;
	profile.origin = new Int32Array(profile.n).map((zero, i) => i);
	page.profile = profile;
	useView(profile);
};

function useView(view) {
	page.view = view;
	view.names = page.profile.names;
	hashes = byName = null;
}

// The root is no function: its index is -1.
page.functionOf = node => {
	const { profile, view } = page, name = view.name[node], { functions, modules } = profile;
	const isFunction = node > 0 && name < functions.n;

	return { index: node ? name : -1, name: node ? profile.names[name] : 'all', kind: page.KINDS[view.kind[node]],
		 module: isFunction ? modules[functions.module[name]] : node ? modules[name - functions.n] || '' : '',
		 file: isFunction ? functions.files[functions.file[name]] : '',
		 line: isFunction ? functions.line[name] : 0 };
};

page.nodesOfName = name => {
	if (!byName) {
		const start = new Int32Array(page.profile.names.length + 1), { n, name: of } = page.view;

		for (let i = 1; i < n; i++)
			start[of[i] + 1]++;
		for (let i = 0; i + 1 < start.length; i++)
			start[i + 1] += start[i];
		const at = start.slice(), nodes = new Int32Array(n);

		for (let i = 1; i < n; i++)
			nodes[at[of[i]]++] = i;
		byName = { start, nodes };
	}
	return byName.nodes.subarray(byName.start[name], byName.start[name + 1]);
};

/* Hashes of paths: of names alone, so that a link outlives another width, another run, another build. */

page.hashText = text => {
	let a = 0xdeadbeef, b = 0x41c6ce57;

	for (let i = 0; i < text.length; i++) {
		a = Math.imul(a ^ text.charCodeAt(i), 2654435761);
		b = Math.imul(b ^ text.charCodeAt(i), 1597334677);
	}
	return [(a ^ a >>> 16) >>> 0, (b ^ b >>> 16) >>> 0];
};

function nameHashes() {
	const profile = page.profile;

	if (!profile.hashes) {
		profile.hashes = [new Uint32Array(profile.names.length), new Uint32Array(profile.names.length)];
		profile.names.forEach((name, i) => {
			[profile.hashes[0][i], profile.hashes[1][i]] = page.hashText(name);
		});
	}
	return profile.hashes;
}

// Twins, of the same text below the same parent, differ in module or kind; sorted by name, they are
// neighbours, and the next one is one more.
function pathHashes() {
	const { n, parent, name } = page.view, [first, second] = nameHashes();
	const a = new Uint32Array(n), b = new Uint32Array(n);
	const last = new Int32Array(n), twins = new Int32Array(n);	// by parent

	for (let i = 1; i < n; i++) {
		const p = parent[i], x = first[name[i]], y = second[name[i]], before = last[p];

		twins[p] = before && first[name[before]] === x && second[name[before]] === y ? twins[p] + 1 : 0;
		last[p] = i;
		a[i] = Math.imul((a[p] ^ x) + twins[p], 2246822519);
		a[i] ^= a[i] >>> 13;
		b[i] = Math.imul(b[p] + y ^ x >>> 7, 3266489917);
		b[i] ^= b[i] >>> 16;
	}
	return hashes = [a, b];
}

const hex = number => number.toString(16).padStart(8, '0');

page.pathHash = node => node ? (hashes || pathHashes()).map(part => hex(part[node])).join('') : '';

// -1: there is no such path in the view.
page.nodeOfHash = hash => {
	if (!hash)
		return 0;
	if (!/^[0-9a-f]{16}$/.test(hash))
		return -1;
	const [a, b] = hashes || pathHashes();
	const x = parseInt(hash.slice(0, 8), 16), y = parseInt(hash.slice(8), 16);

	for (let i = a.indexOf(x); i > 0; i = a.indexOf(x, i + 1))
		if (b[i] === y)
			return i;
	return -1;
};

page.nameHash = name => nameHashes().map(part => hex(part[name])).join('');

/* State */

const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

// What undo goes back to: paths, because the nodes of another view have other numbers.
const snapshot = () => ({ transforms: page.state.transforms, zoom: page.pathHash(page.state.zoom),
			  selected: page.pathHash(page.state.selected), span: page.state.span });

function remake(transforms) {
	const zoom = page.pathHash(page.state.zoom), selected = page.pathHash(page.state.selected);
	const name = page.state.selected ? page.view.name[page.state.selected] : -1;

	page.state.transforms = transforms;
	useView(transforms.length ? page.transform(page.profile, transforms) : page.profile);
	page.state.zoom = Math.max(0, page.nodeOfHash(zoom));
	page.state.selected = page.nodeOfHash(selected);
	// Its path is another one: then the first box of the same function.
	if (page.state.selected < 0)
		page.state.selected = name < 0 ? 0 : page.nodesOfName(name)[0] || 0;
	page.state.span = null;
	page.emit('view');
}

// The same tree with other values.
page.replaceProfile = profile => {
	const { transforms } = page.state;

	page.profile = profile;
	remake(transforms);
};

// Without a step in the history: for links and for undo itself.
page.apply = patch => {
	const before = { ...page.state }, changed = {};

	if (patch.transforms && !same(patch.transforms, before.transforms))
		remake(patch.transforms);
	for (const key of Object.keys(patch))
		if (key !== 'transforms' && Object.hasOwn(page.state, key))
			page.state[key] = patch[key];
	if ('zoom' in patch && !('span' in patch))
		page.state.span = null;
	for (const key of Object.keys(page.state))
		if (!same(page.state[key], before[key]))
			changed[key] = page.state[key];
	if (Object.keys(changed).length)
		page.emit('change', changed);
	return changed;
};

page.set = patch => {
	const step = snapshot(), changed = page.apply(patch);
	const isStep = UNDOABLE.some(key => key in changed);

	if (isStep) {
		past.push(step);
		future.length = 0;
		page.emit('history');
	}
	if (page.updateLink && Object.keys(changed).length)
		page.updateLink(isStep);
	return changed;
};

page.setTransforms = transforms => page.set({ transforms });
page.addTransform = transform => page.set({ transforms: [...page.state.transforms, transform] });
page.canUndo = () => past.length > 0;
page.canRedo = () => future.length > 0;

function go(from, to) {
	if (!from.length)
		return;
	const step = from.pop();

	to.push(snapshot());
	page.apply({ transforms: step.transforms });
	page.apply({ zoom: Math.max(0, page.nodeOfHash(step.zoom)), span: step.span,
		     selected: Math.max(0, page.nodeOfHash(step.selected)) });
	page.emit('history');
	if (page.updateLink)
		page.updateLink(false);
}

page.undo = () => go(past, future);
page.redo = () => go(future, past);

page.start = () => {
	for (const fn of starters)
		fn();
};
})(page);
