// SPDX-License-Identifier: MIT
//
// aria.js - the graph for those who do not see it: the boxes around the selected one as a tree.
//
// A canvas says nothing, and half a million elements would say too much.  So there is, out of sight, a
// role=tree with the selected box, its callers, its neighbours and its callees; it is made anew when
// the selection moves.  One of its items can be reached by Tab: the selected one (roving tabindex).
// Levels, positions and numbers of siblings are those of the whole tree.
// Needs: panels.js.
(page => {
'use strict';

const AROUND = 12;	// neighbours on each side, and callees
const CALLERS = 40;	// the nearest, and the root

page.childrenOf = node => {
	const { view } = page, children = [];

	for (let i = node + 1; i < view.end[node]; i = view.end[i])
		children.push(i);
	return children;
};

// What the mirror holds, in the order of the tree: { node, position, of }.
page.mirrored = selected => {
	const { view } = page, path = [];

	for (let i = selected; i > 0 && path.length <= CALLERS; i = view.parent[i])
		path.unshift(i);
	const at = node => {
		const siblings = node ? page.childrenOf(view.parent[node]) : [0];

		return { node, position: siblings.indexOf(node) + 1, of: siblings.length, siblings };
	};
	const items = [0, ...path.slice(0, -1)].map(at), here = at(selected), children = page.childrenOf(selected);
	const item = (all, first, last) => all.slice(Math.max(0, first), last)
		.map((node, i) => ({ node, position: Math.max(0, first) + i + 1, of: all.length }));

	if (selected)
		items.push(...item(here.siblings, here.position - 1 - AROUND, here.position));
	items.push(...item(children, 0, AROUND));
	if (selected)
		items.push(...item(here.siblings, here.position, here.position + AROUND));
	return items;
};

let tree;

function label(node) {
	return [page.functionOf(node).name, ...page.details(node).slice(0, node === page.state.selected ? 9 : 1)
		.map(([what, words]) => what + ' ' + words)].join(', ');
}

function update() {
	const hadFocus = tree.contains(document.activeElement), { view, state } = page;

	tree.textContent = '';
	for (const { node, position, of } of page.mirrored(state.selected)) {
		const isLeaf = view.end[node] === node + 1;

		page.make('div', { role: 'treeitem', 'aria-level': view.depth[node] + 1, 'aria-posinset': position,
			'aria-setsize': of, 'aria-selected': String(node === state.selected),
			'aria-expanded': isLeaf ? undefined : 'true', 'aria-label': label(node),
			tabindex: node === state.selected ? '0' : '-1', 'data-node': node }, tree);
	}
	if (hadFocus)
		page.focusGraph();
}

page.focusGraph = () => tree.querySelector('[tabindex="0"]').focus({ preventScroll: true });

page.ready(() => {
	tree = page.make('div', { class: 'away', role: 'tree', 'aria-label': 'Call tree: callers hold their callees',
		onclick: event => page.set({ selected: Number(event.target.dataset.node) || 0 }),
		onfocusin: event => {
			const node = Number(event.target.dataset.node);

			page.place.graph.classList.add('focused');
			page.graph.redraw();
			// An assistant may move the focus on its own.
			if (node !== page.state.selected)
				page.set({ selected: node });
		},
		onfocusout: () => {
			page.place.graph.classList.remove('focused');
			page.graph.redraw();
		} }, page.place.graph);
	update();
	page.on('view', update);
	page.on('change', patch => ('selected' in patch || 'zoom' in patch) && update());
});
})(page);
