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

// Occurrences of WANTED that are not below another one.
function outermost(tree, nameOf, wanted) {
	const found = [];

	for (let i = 1; i < tree.n;) {
		const isOne = nameOf(i) === wanted;

		if (isOne)
			found.push(i);
		i = isOne ? tree.end[i] : i + 1;
	}
	return found;
}

// Merge what STEP leads to from the places AT, level by level, by name; VALUES and OWN are what each place is
// worth.  step(place, its value, visit(next place, its value, its own part)).  What is worth less than LEAST is counted in
// `narrow` and not looked into, so that little is done however large the tree is.
function mergeLevels(wanted, at, values, own, step, nameOf, functions, least) {
	const sum = list => list.reduce((total, value) => total + value, 0);
	const tree = { n: 1, parent: [0], name: [wanted], total: [sum(values)], self: [sum(own)],
		       depth: [0], origin: [at[0]], narrow: 0, deeper: 0 };
	const slot = new Int32Array(functions), stamp = new Int32Array(functions);
	const queue = [{ at, values, own, node: 0 }];

	for (let q = 0; q < queue.length; q++) {
		const group = queue[q], found = [];

		queue[q] = null;
		group.at.forEach((place, i) => step(place, group.values[i], (next, value, part) => {
			const name = nameOf(next);

			if (stamp[name] !== q + 1) {
				stamp[name] = q + 1;
				slot[name] = found.length;
				found.push({ name, at: [], values: [], own: [], total: 0, self: 0 });
			}
			const one = found[slot[name]];

			one.at.push(next);
			one.values.push(value);
			one.own.push(part);
			one.total += value;
			one.self += part;
		}));
		for (const { name, total, self, ...places } of found) {
			if (total < least) {
				tree.narrow++;
			} else if (tree.depth[group.node] === SANDWICH_LEVELS) {
				tree.deeper++;
			} else {
				tree.parent.push(group.node);
				tree.name.push(name);
				tree.total.push(total);
				tree.self.push(self);
				tree.depth.push(tree.depth[group.node] + 1);
				tree.origin.push(places.at[0]);
				queue.push({ ...places, node: tree.n++ });
			}
		}
	}
	return tree;
}

// FUNCTIONS: how many names there are; NARROWEST: the least share of the function that is a box.  Returns
// { callers, callees, occurrences }; a caller's own value is that of the stacks that begin with it.
function makeSandwich(tree, nameOf, functions, wanted, narrowest) {
	const roots = outermost(tree, nameOf, wanted), totals = roots.map(root => tree.total[root]);
	const least = narrowest * totals.reduce((sum, value) => sum + value, 0);
	const begins = (node, value) => tree.parent[node] ? 0 : value;
	const up = (node, value, visit) => tree.parent[node] &&
		visit(tree.parent[node], value, begins(tree.parent[node], value));
	const down = (node, value, visit) => {
		for (let i = node + 1; i < tree.end[node]; i = tree.end[i])
			visit(i, tree.total[i], tree.self[i]);
	};
	const callers = mergeLevels(wanted, roots, totals, roots.map((root, i) => begins(root, totals[i])), up,
				    nameOf, functions, least);
	const callees = mergeLevels(wanted, roots, totals, roots.map(root => tree.self[root]), down,
				    nameOf, functions, least);

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
const ROW = 20, NARROW_PX = 2, LABEL_PX = 22;
let panel;

// The boxes of one side, level 1 and up, with left edge and width in shares of the whole function.
function boxesOf(tree, direction) {
	const left = leftEdges(tree), whole = tree.total[0] || 1;

	return Array.from({ length: tree.n - 1 }, (none, k) => ({
		tree, i: k + 1, level: direction * tree.depth[k + 1],
		left: left[k + 1] / whole, width: tree.total[k + 1] / whole }));
}

function makeBox(box, top, parent) {
	const { tree, i } = box, name = page.profile.names[tree.name[i]], whole = page.profile.total[0] || 1;
	const words = [name, page.valueOf(tree.total[i]), percent(box.width) + ' of the function',
		       percent(tree.total[i] / whole) + ' of all'];
	const element = page.make('button', { type: 'button', class: 'box', tabindex: box.level ? '-1' : '0',
		'aria-label': (box.level < 0 ? 'Caller ' : box.level > 0 ? 'Callee ' : '') + words.join(', '),
		title: words.join('\n').slice(0, 2000),
		onclick: () => page.selectName(tree.name[i]) }, parent,
		box.width * parent.clientWidth < LABEL_PX ? '' : name);

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
	const others = boxes.filter(box => box.level === from.level + dy &&
		(dy || Math.sign(box.left - from.left) === dx));
	const distance = box => Math.max(0, box.left - middle, middle - box.left - box.width);

	return others.sort((a, b) => distance(a) - distance(b))[0];
}

function draw() {
	const { view, profile, state } = page, wanted = page.functionOf(state.selected);

	panel.textContent = '';
	if (!state.selected) {
		page.make('p', { class: 'hint' }, panel, 'Choose a function in the graph or in the ranking: ' +
			  'its callers are drawn above it, what it calls below.');
		return;
	}
	const { callers, callees, occurrences } = page.makeSandwich(view, node => view.name[node],
		profile.names.length, wanted.index, NARROW_PX / (panel.clientWidth || 1));
	const above = boxesOf(callers, -1), below = boxesOf(callees, 1);
	const narrow = callers.narrow + callees.narrow, isDeeper = callers.deeper + callees.deeper > 0;
	const top = Math.max(...callers.depth), bottom = Math.max(...callees.depth);
	const left = [narrow && grouped(narrow) + ' too narrow to be drawn',
		      isDeeper && 'deeper than ' + SANDWICH_LEVELS + ' levels is not drawn'].filter(Boolean);

	page.make('p', {}, panel, wanted.name + ': ' + page.valueOf(callees.total[0]) + ', ' +
		percent(callees.total[0] / (profile.total[0] || 1)) + ' of all, in ' + grouped(occurrences) +
		(occurrences === 1 ? ' place' : ' places') + (left.length ? ' \u00b7 ' + left.join(' \u00b7 ') : ''));
	const area = page.make('div', { class: 'sandwich', role: 'group',
					'aria-label': 'Callers above, callees below' }, panel);
	const focal = { tree: callees, i: 0, level: 0, left: 0, width: 1 }, boxes = [...above, focal, ...below];

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
