// SPDX-License-Identifier: MIT
//
// filters.js - the transforms of the tree by hand: what a frame's menu offers, a chip for each in force.
//
// page.transformBy(kind, node)	as a key or a menu does; 'recursion', 'cycles', 'modules', 'threads' and
//				'invert' are switches: a second time takes them away
// page.openMenu(node, x, y)	the menu of a frame; a click with the other button opens it, too
// Needs: transforms.js, page.place, page.make, page.parseQuery and page.searchTree.
(page => {
'use strict';

const SWITCHES = ['recursion', 'cycles', 'modules', 'threads', 'invert'];
const WORDS = {
	focus: 'only through', match: 'only what matches', root: 'from', hide: 'without frames of',
	drop: 'without stacks of',
	collapse: 'calls are its own:', recursion: 'recursion collapsed', cycles: 'cycles collapsed',
	module: 'one frame for', modules: 'one frame for each module', threads: 'without threads',
	invert: 'callers of the leaves',
};
const SEARCH_MS = 3000;
let menu = null, isUsed = false;

// Which nodes of TREE a query finds; page.view may be another tree.
page.findNodes = (tree, query) => {
	const { profile } = page, { functions, modules } = profile, whole = profile.total[0] || 1;
	const { terms } = page.parseQuery(query, false);

	return page.searchTree(tree, terms, profile.names.length, (node, by) => {
		const name = tree.name[node];

		return by === 'name' ? profile.names[name]
			: by === 'kind' ? page.KINDS[tree.kind[node]] + ' ' + page.KIND_LABELS[tree.kind[node]]
			: by === 'module' ? modules[name < functions.n ? functions.module[name] : name - functions.n] || ''
			: by === 'self' ? tree.self[node] / whole
			: by === 'total' ? tree.total[node] / whole : tree.totalSamples[node];
	}, Date.now() + SEARCH_MS).isHit;
};

page.transformWords = transform => {
	const { profile } = page, of = 'name' in transform ? profile.names[transform.name]
		: 'module' in transform ? profile.modules[transform.module] || 'unknown module' : transform.query || '';

	return WORDS[transform.type] + (of ? ' ' + of : '');
};

page.transformBy = (kind, node) => {
	const { transforms, query } = page.state, of = page.functionOf(node);

	if (SWITCHES.includes(kind)) {
		const rest = transforms.filter(transform => transform.type !== kind);

		page.setTransforms(rest.length < transforms.length ? rest : [...transforms, { type: kind }]);
	} else if (kind === 'match') {
		if (query)
			page.addTransform({ type: 'match', query });
	} else if (kind === 'module') {
		if (of.module)
			page.addTransform({ type: 'module', module: page.profile.modules.indexOf(of.module) });
	} else if (of.index >= 0) {
		page.addTransform({ type: kind, name: of.index });
	}
};

/* Chips */

function showChips() {
	const { transforms } = page.state, { chips } = page.filters;

	// Not for a zoom alone: the graph would jump.
	isUsed = isUsed || transforms.length > 0;
	chips.textContent = '';
	chips.hidden = !isUsed;
	transforms.forEach((transform, i) => {
		const chip = page.make('span', { class: 'chip' }, chips), words = page.transformWords(transform);

		page.make('span', { title: words.slice(0, 1000) }, chip, words);
		page.make('button', { type: 'button', 'aria-label': 'Take away: ' + words.slice(0, 200),
			onclick: () => page.setTransforms(transforms.filter((other, k) => k !== i)) }, chip, '\u00d7');
	});
	if (transforms.length) {
		const share = page.view.total[0] / (page.profile.total[0] || 1);

		page.make('span', { class: 'note' }, chips, page.words.percent(share) + ' of all is left');
	}
	if (transforms.length > 1)
		page.button(chips, 'Clear', 'Take all of these away', () => page.setTransforms([]));
	page.button(chips, 'Undo', 'Undo the last step (u)', page.undo, { disabled: !page.canUndo() });
	page.button(chips, 'Redo', 'Redo it (U)', page.redo, { disabled: !page.canRedo() });
}

/* The menu of a frame */

function entries(node) {
	const { transforms, query } = page.state, isOn = kind => transforms.some(({ type }) => type === kind);
	const of = page.functionOf(node), own = of.index < 0 ? [] : [
		['Zoom in on this frame', () => page.set({ selected: node, zoom: node }), 'Enter'],
		['Only stacks through it', 'focus', 'o'], ['Begin at it', 'root', 'b'],
		['Leave out its frames', 'hide', 'x'], ['Leave out stacks through it', 'drop'],
		['Make what it calls its own', 'collapse'],
		...(of.module ? [['One frame for ' + of.module, 'module']] : []),
		['Copy its name', () => page.copy(of.name)], null];

	return [...own, ['Collapse recursion', 'recursion', 'r', isOn('recursion')],
		['Collapse cycles', 'cycles', '', isOn('cycles')],
		['One frame for each module', 'modules', '', isOn('modules')],
		...(page.profile.kind.indexOf(page.KINDS.indexOf('thread'), 1) > 0
			? [['Without threads and processes', 'threads', '', isOn('threads')]] : []),
		['Callers of the leaves', 'invert', 'l', isOn('invert')],
		...(query ? [['Only what the search finds', 'match']] : [])];
}

function closeMenu() {
	if (!menu)
		return;
	const back = menu.back;

	menu.remove();
	menu = null;
	if (back && back.isConnected)
		back.focus({ preventScroll: true });
}

function menuKey(event) {
	const items = Array.from(menu.querySelectorAll('button')), at = items.indexOf(document.activeElement);
	const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];

	event.stopPropagation();
	if (event.key === 'Escape' || event.key === 'Tab') {
		event.preventDefault();
		closeMenu();
	} else if (next !== undefined) {
		event.preventDefault();
		items[(next + items.length) % items.length].focus();
	}
}

page.openMenu = (node, x, y) => {
	closeMenu();
	page.place.tip.hidden = true;
	menu = page.make('div', { class: 'menu', role: 'menu', onkeydown: menuKey,
		'aria-label': 'What to do with ' + page.functionOf(node).name.slice(0, 200) },
			 document.getElementById('app'));
	menu.back = document.activeElement;
	for (const entry of entries(node)) {
		if (!entry) {
			page.make('div', { role: 'separator' }, menu);
			continue;
		}
		const [words, act, key, isOn] = entry;
		const item = page.make('button', { type: 'button', tabindex: '-1',
			role: isOn === undefined ? 'menuitem' : 'menuitemcheckbox',
			'aria-checked': isOn === undefined ? undefined : String(isOn), onclick: () => {
				closeMenu();
				if (typeof act === 'string')
					page.transformBy(act, node);
				else
					act();
			} }, menu);

		page.make('span', {}, item, words);
		page.make('kbd', {}, item, key || '');
	}
	page.putNear(menu, x, y);
	menu.querySelector('button').focus();
};

page.ready(() => {
	page.filters = { chips: page.make('div', { class: 'filters', hidden: true, role: 'group',
						   'aria-label': 'Filters in force' }, page.place.chips) };
	const button = page.button(page.place.bar, 'Filter \u25be', 'What to leave out, or to look at alone (m)', () => {
		const { left, bottom } = button.getBoundingClientRect();

		page.openMenu(page.state.selected, left, bottom);
	}, { 'aria-haspopup': 'menu' });

	page.on('change', patch => ('transforms' in patch || 'zoom' in patch || 'span' in patch) && showChips());
	page.on('history', showChips);
	page.place.graph.addEventListener('contextmenu', event => {
		const bounds = page.graph.canvas.getBoundingClientRect();
		const found = page.graph.at(event.clientX - bounds.left, event.clientY - bounds.top);

		if (!found || found.run)
			return;
		event.preventDefault();
		page.set({ selected: found.node });
		page.openMenu(found.node, event.clientX, event.clientY);
	});
	document.addEventListener('pointerdown', event => menu && !menu.contains(event.target) && closeMenu());
	showChips();
});
})(page);
