// SPDX-License-Identifier: MIT
//
// sandwich.js - one function with everything that calls it above and everything it calls below.
//
// All occurrences are merged; a stack in which the function recurs counts once, by its outermost
// occurrence, so that both sides add up to the function's total.  The first half is pure.
// Needs: words.js.
(page => {
'use strict';

const SANDWICH_LEVELS = 100;	// of each side; what is deeper is said, not drawn

// A tree that grows by (parent, function): { n, parent, name, total, self, depth, origin, deeper }.
function growingTree(name, functions) {
	const tree = { n: 1, parent: [0], name: [name], total: [0], self: [0], depth: [0], origin: [-1], deeper: 0 };
	const known = new Map();

	tree.child = (parent, child, origin) => {
		const key = parent * functions + child;
		let index = known.get(key);

		if (index === undefined) {
			known.set(key, index = tree.n++);
			tree.parent.push(parent);
			tree.name.push(child);
			tree.total.push(0);
			tree.self.push(0);
			tree.depth.push(tree.depth[parent] + 1);
			tree.origin.push(origin);
		}
		return index;
	};
	return tree;
}

// Occurrences of WANTED that are not below another one, in the order of TREE (parents first, each
// subtree in one piece).
function outermost(tree, nameOf, wanted) {
	const found = [];

	for (let i = 1; i < tree.n;) {
		if (nameOf(i) !== wanted) {
			i++;
			continue;
		}
		found.push(i);
		for (const depth = tree.depth[i++]; i < tree.n && tree.depth[i] > depth;)
			i++;
	}
	return found;
}

// FUNCTIONS: how many different ones there are.  Returns { callers, callees, occurrences }.
function makeSandwich(tree, nameOf, functions, wanted) {
	const callers = growingTree(wanted, functions), callees = growingTree(wanted, functions);
	const roots = outermost(tree, nameOf, wanted), at = new Int32Array(SANDWICH_LEVELS + 1);

	for (const root of roots) {
		const value = tree.total[root];
		let up = 0, steps = 0;

		callers.total[0] += value;
		for (let i = tree.parent[root]; i > 0; i = tree.parent[i]) {
			if (++steps > SANDWICH_LEVELS) {
				callers.deeper += value;
				break;
			}
			up = callers.child(up, nameOf(i), i);
			callers.total[up] += value;
		}
		callers.self[up] += value;	// begins here
		callees.total[0] += value;
		callees.self[0] += tree.self[root];
		for (let i = root + 1; i < tree.n && tree.depth[i] > tree.depth[root]; i++) {
			const level = tree.depth[i] - tree.depth[root];

			if (level > SANDWICH_LEVELS) {
				callees.deeper += tree.self[i];
				continue;
			}
			at[level] = callees.child(level === 1 ? 0 : at[level - 1], nameOf(i), i);
			callees.total[at[level]] += tree.total[i];
			callees.self[at[level]] += tree.self[i];
		}
	}
	return { callers, callees, occurrences: roots.length };
}

// Left edges, the widest child first: Float64Array in the unit of the values.
function leftEdges(tree) {
	const order = Array.from({ length: tree.n }, (none, i) => i), left = new Float64Array(tree.n);
	const used = new Float64Array(tree.n);

	order.sort((a, b) => tree.depth[a] - tree.depth[b] || tree.total[b] - tree.total[a] || a - b);
	for (const i of order.slice(1)) {
		const parent = tree.parent[i];

		left[i] = left[parent] + used[parent];
		used[parent] += tree.total[i];
	}
	return left;
}

page.makeSandwich = makeSandwich;
page.leftEdges = leftEdges;
})(page);
