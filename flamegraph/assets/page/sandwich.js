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

/* The tab */

const { percent, grouped } = page.words;
const ROW = 20, BOXES = 1500, NARROW_PX = 2;
let panel;

// The boxes of one side, level 1 and up, as { node, level, left, width } in shares of the whole function.
function boxesOf(tree, direction, pixels) {
	const left = leftEdges(tree), whole = tree.total[0] || 1, boxes = [];
	let narrow = 0;

	for (let i = 1; i < tree.n; i++)
		if (tree.total[i] / whole * pixels >= NARROW_PX && boxes.length < BOXES)
			boxes.push({ tree, i, level: direction * tree.depth[i], left: left[i] / whole,
				     width: tree.total[i] / whole });
		else
			narrow++;
	return { boxes, narrow };
}

function makeBox(box, top, parent) {
	const { tree, i } = box, name = page.profile.names[tree.name[i]], whole = page.profile.total[0] || 1;
	const words = [name, page.valueOf(tree.total[i]), percent(box.width) + ' of the function',
		       percent(tree.total[i] / whole) + ' of all'];
	const element = page.make('button', { type: 'button', class: 'box', tabindex: box.level ? '-1' : '0',
		'aria-label': (box.level < 0 ? 'Caller ' : box.level > 0 ? 'Callee ' : '') + words.join(', '),
		title: words.join('\n').slice(0, 2000), onclick: () => page.selectName(tree.name[i]) }, parent, name);

	box.element = element;
	element.style.left = 100 * box.left + '%';
	element.style.width = 100 * box.width + '%';
	element.style.top = (top + box.level) * ROW + 'px';
	element.style.background = page.paint.fill(tree.origin[i]);
	element.classList.toggle('focal', !box.level);
}

// The nearest box in the direction of the key.
function neighbour(boxes, from, key) {
	const dx = { ArrowLeft: -1, ArrowRight: 1 }[key] || 0, dy = { ArrowUp: -1, ArrowDown: 1 }[key] || 0;
	const middle = from.left + from.width / 2;
	const others = boxes.filter(box => box.level === from.level + dy && (dy || Math.sign(box.left - from.left) === dx));
	const distance = box => Math.max(0, box.left - middle, middle - box.left - box.width);

	return others.sort((a, b) => distance(a) - distance(b))[0];
}

function draw() {
	const { view, profile, state } = page, wanted = page.functionOf(state.selected);

	panel.textContent = '';
	if (!state.selected) {
		page.make('p', { class: 'hint' }, panel, 'Choose a function in the graph or in the ranking: its callers ' +
			'are drawn above it, what it calls below.');
		return;
	}
	const { callers, callees, occurrences } = page.makeSandwich(view, node => view.name[node], profile.names.length, wanted.index);
	const above = boxesOf(callers, -1, panel.clientWidth), below = boxesOf(callees, 1, panel.clientWidth);
	const top = above.boxes.reduce((most, box) => Math.max(most, -box.level), 0);
	const bottom = below.boxes.reduce((most, box) => Math.max(most, box.level), 0);
	const left = [above.narrow + below.narrow && grouped(above.narrow + below.narrow) + ' too narrow to be drawn',
		      callers.deeper + callees.deeper && 'deeper than ' + SANDWICH_LEVELS + ' levels is not drawn'].filter(Boolean);

	page.make('p', {}, panel, wanted.name + ': ' + page.valueOf(callees.total[0]) + ', ' +
		percent(callees.total[0] / (profile.total[0] || 1)) + ' of all, in ' + grouped(occurrences) +
		(occurrences === 1 ? ' place' : ' places') + (left.length ? ' \u00b7 ' + left.join(' \u00b7 ') : ''));
	const area = page.make('div', { class: 'sandwich', role: 'group', 'aria-label': 'Callers above, callees below' }, panel);
	const focal = { tree: callees, i: 0, level: 0, left: 0, width: 1 }, boxes = [...above.boxes, focal, ...below.boxes];

	callees.origin[0] = page.nodesOfName(wanted.index)[0];
	area.style.height = (top + bottom + 1) * ROW + 'px';
	for (const box of boxes)
		makeBox(box, top, area);
	panel.scrollTop = Math.max(0, area.offsetTop + (top + 0.5) * ROW - panel.clientHeight / 2);
	area.addEventListener('keydown', event => {
		const from = boxes.find(box => box.element === event.target);
		const to = from && event.key.startsWith('Arrow') && neighbour(boxes, from, event.key);

		if (!from || !event.key.startsWith('Arrow'))
			return;
		event.preventDefault();
		event.stopPropagation();
		if (to)
			to.element.focus();
	});
}

page.ready(() => {
	const redraw = () => page.isOpen('sandwich') && draw();

	page.addTab('sandwich', 'Sandwich', place => {
		panel = place;
	});
	for (const event of ['view', 'paint', 'tab', 'resize'])
		page.on(event, redraw);
	page.on('change', patch => 'selected' in patch && redraw());
});
})(page);
