// SPDX-License-Identifier: MIT
//
// transforms.js - one call tree into another.
//
// Pure: arrays in, arrays out, no document.  A transform is one of
//	{type: 'focus', name}	only stacks through that function
//	{type: 'match', query}	only stacks through what a search finds
//	{type: 'root', name}	begin at it, all its occurrences summed up
//	{type: 'hide', name}	its frames are left out: what it did is its caller's
//	{type: 'drop', name}	stacks through it are left out
//	{type: 'collapse', name}	what it calls is its own
//	{type: 'recursion'}	a function that calls itself is one frame
//	{type: 'cycles'}	also when others lie between
//	{type: 'module', module}	neighbouring frames of a module are one frame of its name
//	{type: 'modules'}	of every module
//	{type: 'threads'}	no frames for processes and threads
//	{type: 'invert'}	callers above their callees: leaves are at the root
// They are applied in their order.  Only 'focus', 'match', 'root' and 'drop' change the sum.
(page => {
'use strict';

const THREAD = page.KINDS.indexOf('thread'), LIBRARY = page.KINDS.indexOf('library');
const MARKER = page.KINDS.indexOf('marker');
const INVERTED_FRAMES = 2e6;	// frames visited to invert a tree: bounds time and memory
const OUTSIDE = -1, GONE = -2;	// instead of a target: nothing is kept, but maybe below; nothing below either

/* A tree that grows: children are found by (parent, name, kind). */

function grow(array, room) {
	const larger = new array.constructor(room);

	larger.set(array);
	return larger;
}

// What of a tree is added up; before and after are of two profiles, see pair.js.
const sumsOf = tree => ['self', 'samples', 'calls', 'before', 'after'].filter(key => tree[key]);

class Builder {
	constructor(room, sums) {
		this.n = 0;
		this.room = Math.max(64, room);
		this.sums = sums;
		for (const key of ['parent', 'name', 'origin'])
			this[key] = new Int32Array(this.room);
		for (const key of sums)
			this[key] = new Float64Array(this.room);
		this.kind = new Uint8Array(this.room);
		this.slots = new Int32Array(1 << Math.ceil(Math.log2(this.room)) + 1).fill(-1);
		this.add(0, 0, THREAD);
	}

	add(parent, name, kind) {
		if (this.n === this.room) {
			this.room *= 2;
			for (const key of ['parent', 'name', 'origin', 'kind', ...this.sums])
				this[key] = grow(this[key], this.room);
		}
		this.parent[this.n] = parent;
		this.name[this.n] = name;
		this.kind[this.n] = kind;
		this.origin[this.n] = GONE;
		return this.n++;
	}

	slot(parent, name, kind) {
		const { slots } = this, mask = slots.length - 1;
		let at = Math.imul(parent, 0x9e3779b1) ^ Math.imul(name * 16 + kind, 0x85ebca6b);

		at = (at ^ at >>> 15) & mask;
		while (slots[at] >= 0 && (this.parent[slots[at]] !== parent || this.name[slots[at]] !== name ||
					  this.kind[slots[at]] !== kind))
			at = at + 1 & mask;
		return at;
	}

	child(parent, name, kind) {
		let at = this.slot(parent, name, kind);

		if (this.slots[at] >= 0)
			return this.slots[at];
		if (this.n * 2 > this.slots.length) {
			this.slots = new Int32Array(this.slots.length * 2).fill(-1);
			for (let i = 1; i < this.n; i++)
				this.slots[this.slot(this.parent[i], this.name[i], this.kind[i])] = i;
			at = this.slot(parent, name, kind);
		}
		return this.slots[at] = this.add(parent, name, kind);
	}

	meet(node, origin) {
		this.origin[node] = this.origin[node] === GONE || this.origin[node] === origin ? origin : -1;
	}

	// Children by name, nodes in preorder; all by counting, nothing recursive.
	finish(order) {
		const { n, parent, name, kind } = this, key = new Int32Array(n);
		let ids = new Int32Array(n - 1);

		for (let i = 1; i < n; i++) {
			ids[i - 1] = i;
			key[i] = order[name[i]] * 16 + kind[i];
		}
		ids = countingSort(ids, key, order.length * 16);
		ids = countingSort(ids, parent, n);
		const next = new Int32Array(n + 1);

		for (let i = 1; i < n; i++)
			next[parent[i] + 1]++;
		for (let i = 0; i < n; i++)
			next[i + 1] += next[i];
		const sequence = new Int32Array(n), place = new Int32Array(n), stack = new Int32Array(n);
		let count = 0, top = 1;

		while (top > 0) {
			const node = stack[--top];

			place[node] = count;
			sequence[count++] = node;
			for (let i = next[node + 1] - 1; i >= next[node]; i--)
				stack[top++] = ids[i];
		}
		const pick = array => {
			const picked = new array.constructor(n);

			for (let i = 0; i < n; i++)
				picked[i] = array[sequence[i]];
			return picked;
		};
		const parents = pick(parent);

		for (let i = 0; i < n; i++)
			parents[i] = place[parents[i]];
		return page.finishTree({ n, parent: parents, name: pick(name), kind: pick(kind), calls: null,
					 origin: pick(this.origin),
					 ...Object.fromEntries(this.sums.map(key => [key, pick(this[key])])) });
	}
}

function countingSort(ids, key, keys) {
	const start = new Int32Array(keys + 1), sorted = new Int32Array(ids.length);

	for (let i = 0; i < ids.length; i++)
		start[key[ids[i]] + 1]++;
	for (let i = 0; i < keys; i++)
		start[i + 1] += start[i];
	for (let i = 0; i < ids.length; i++)
		sorted[start[key[ids[i]]]++] = ids[i];
	return sorted;
}

// Place of each name among all: by text, then module.
function orderOf(profile) {
	if (!profile.order) {
		const { names, modules, functions } = profile, module = i => modules[functions.module[i]] || '';
		const sorted = Array.from(names.keys()).sort((a, b) => names[a] < names[b] ? -1 : names[a] > names[b] ? 1
			: module(a) < module(b) ? -1 : module(a) > module(b) ? 1 : a - b);

		profile.order = new Int32Array(names.length);
		sorted.forEach((name, i) => { profile.order[name] = i; });
	}
	return profile.order;
}

/* Transforms that look at a frame and the frames below it */

// PLACE(i, target of its parent, builder) says where node i goes: a node of the builder, OUTSIDE or GONE.
function rebuild(tree, profile, place) {
	const { n, parent } = tree, builder = new Builder(n, sumsOf(tree)), to = new Int32Array(n);

	for (let i = 0; i < n; i++) {
		const above = to[parent[i]];

		to[i] = i === 0 ? place(0, 0, builder) : above === GONE ? GONE : place(i, above, builder);
		if (to[i] >= 0)
			builder.meet(to[i], tree.origin[i]);
	}
	for (const key of builder.sums) {
		const from = endsOf(tree, key), sums = builder[key];

		for (let i = 0; i < n; i++)
			if (to[i] >= 0)
				sums[to[i]] += from[i];
	}
	builder.origin[0] = 0;
	return keepDirection(builder.finish(orderOf(profile)), tree.ends);
}

// What a stack is worth, at its end; see keepDirection().
const endsOf = (tree, key) => key === 'self' && tree.ends || key === 'samples' && tree.endSamples || tree[key];

const copy = (tree, i, above, builder) => i === 0 ? 0 : builder.child(above, tree.name[i], tree.kind[i]);

function hide(tree, profile, isHidden) {
	return rebuild(tree, profile, (i, above, builder) => i && isHidden(i) ? above
		: copy(tree, i, above, builder));
}

function drop(tree, profile, name) {
	return rebuild(tree, profile, (i, above, builder) => i && tree.name[i] === name ? GONE
		: copy(tree, i, above, builder));
}

function collapse(tree, profile, name) {
	const isInside = new Uint8Array(tree.n);

	return rebuild(tree, profile, (i, above, builder) => {
		isInside[i] = i && (isInside[tree.parent[i]] || tree.name[i] === name);
		return i && isInside[tree.parent[i]] ? above : copy(tree, i, above, builder);
	});
}

function rootAt(tree, profile, name) {
	return rebuild(tree, profile, (i, above, builder) => i && (above >= 0 || tree.name[i] === name)
		? copy(tree, i, Math.max(0, above), builder) : OUTSIDE);
}

// Frames on the way to one that is wanted are kept, but what ends there is not.
function keepOnly(tree, profile, isWanted) {
	const { n, parent } = tree, hasBelow = new Uint8Array(n), isInside = new Uint8Array(n);

	for (let i = n - 1; i > 0; i--) {
		hasBelow[i] |= isWanted(i);
		hasBelow[parent[i]] |= hasBelow[i];
	}
	for (let i = 1; i < n; i++)
		isInside[i] = isInside[parent[i]] | isWanted(i);
	const only = { ...tree, ends: undefined, endSamples: undefined };

	for (const key of sumsOf(tree))
		only[key] = endsOf(tree, key).map((value, i) => isInside[i] ? value : 0);
	return keepDirection(rebuild(only, profile, (i, above, builder) => i && !isInside[i] && !hasBelow[i] ? GONE
		: copy(tree, i, above, builder)), tree.ends);
}

function recursion(tree, profile) {
	return rebuild(tree, profile, (i, above, builder) => above && builder.name[above] === tree.name[i] ? above
		: copy(tree, i, above, builder));
}

// A name that is not among the frames below in the source needs no look along the path.
function cycles(tree, profile) {
	const onPath = new Int32Array(profile.names.length), path = [0];

	return rebuild(tree, profile, (i, above, builder) => {
		const name = tree.name[i];

		if (i === 0)
			return 0;
		while (path[path.length - 1] !== tree.parent[i])
			onPath[tree.name[path.pop()]]--;
		path.push(i);
		if (onPath[name]++ > 0)
			for (let at = above; at > 0; at = builder.parent[at])
				if (builder.name[at] === name)
					return at;
		return copy(tree, i, above, builder);
	});
}

function moduleOf(profile, name) {
	return name < profile.functions.n ? profile.functions.module[name] : -1;
}

// MODULE below 0: every one that is known.
function collapseModules(tree, profile, module) {
	return rebuild(tree, profile, (i, above, builder) => {
		const of = i ? moduleOf(profile, tree.name[i]) : 0;

		if (of <= 0 || module >= 0 && of !== module)
			return copy(tree, i, above, builder);
		const name = profile.moduleName[of];

		if (builder.name[above] === name && above)
			return above;
		return builder.child(above, name, profile.moduleKind[of] === undefined ? LIBRARY : profile.moduleKind[of]);
	});
}

/* Inverted */

// What a stack is worth stands at its end; for an inverted tree that is the outermost caller, which is no
// reason to call it the caller's own: shown as own is what the innermost function had.
function keepDirection(tree, isInverted) {
	if (!isInverted)
		return tree;
	tree.ends = tree.self;
	tree.endSamples = tree.samples;
	tree.self = new Float64Array(tree.n);
	tree.samples = new Float64Array(tree.n);
	for (let i = 0; i < tree.n; i++) {
		tree.self[i] = tree.depth[i] === 1 ? tree.total[i] : 0;
		tree.samples[i] = tree.depth[i] === 1 ? tree.totalSamples[i] : 0;
	}
	return tree;
}

// How many frames of each stack can be had.
function levelsFor(tree, hasEnd) {
	const stacks = new Float64Array(tree.rowStart.length + 1);
	let alive = 0, frames = 0, depth = 0;

	for (let i = 1; i < tree.n; i++)
		if (hasEnd(i)) {
			stacks[tree.depth[i]]++;
			alive++;
		}
	while (alive > 0 && frames + alive <= INVERTED_FRAMES) {
		frames += alive;
		alive -= stacks[++depth];
	}
	return alive > 0 ? Math.max(1, depth) : Infinity;
}

// Calls are of a frame and its caller; they have no place here.
function invert(tree, profile) {
	const sums = sumsOf(tree).filter(key => key !== 'calls'), ends = sums.map(key => endsOf(tree, key));
	const hasEnd = i => ends.some(values => values[i] > 0), levels = levelsFor(tree, hasEnd);
	const builder = new Builder(tree.n, sums);
	const add = (target, i) => sums.forEach((key, k) => { builder[key][target] += ends[k][i]; });

	add(0, 0);
	for (let i = 1; i < tree.n; i++) {
		if (!hasEnd(i))
			continue;
		let target = 0, left = levels;

		for (let at = i; at > 0; at = tree.parent[at]) {
			if (left-- === 0) {
				target = builder.child(target, profile.cutName, MARKER);
				break;
			}
			target = builder.child(target, tree.name[at], tree.kind[at]);
			builder.meet(target, tree.origin[at]);
		}
		add(target, i);
	}
	builder.origin[0] = 0;
	return keepDirection(builder.finish(orderOf(profile)), !tree.ends);
}

/* All */

const TYPES = {
	focus: (tree, profile, { name }) => keepOnly(tree, profile, i => tree.name[i] === name),
	match: (tree, profile, { query }) => {
		const isHit = page.findNodes(tree, query);

		return keepOnly(tree, profile, i => isHit[i]);
	},
	root: (tree, profile, { name }) => rootAt(tree, profile, name),
	hide: (tree, profile, { name }) => hide(tree, profile, i => tree.name[i] === name),
	drop: (tree, profile, { name }) => drop(tree, profile, name),
	collapse: (tree, profile, { name }) => collapse(tree, profile, name),
	recursion, cycles, invert,
	module: (tree, profile, { module }) => collapseModules(tree, profile, module),
	modules: (tree, profile) => collapseModules(tree, profile, -1),
	threads: (tree, profile) => hide(tree, profile, i => tree.kind[i] === THREAD),
};

// The steps of the last call: the next one mostly adds one, or takes the last away.
let steps = [];

page.transform = (profile, list) => {
	let tree = profile;

	if (steps.length && steps[0].profile !== profile)
		steps = [];
	list.forEach((transform, i) => {
		const key = JSON.stringify(transform);

		if (steps[i] && steps[i].key === key) {
			tree = steps[i].tree;
			return;
		}
		tree = TYPES[transform.type](tree, profile, transform);
		steps.length = i;
		steps.push({ key, tree, profile });
	});
	return tree;
};

page.isTransform = transform => Object.hasOwn(TYPES, transform.type);
})(page);
