// SPDX-License-Identifier: MIT
//
// keys.js - the keyboard, the buttons that do the same, and the list of the keys.
//
// Keys without Ctrl work where nothing is typed and can be turned off in the list (?).
// Needs: everything else of the page; comes last.
(page => {
'use strict';

const HELP = [['arrows', 'to the caller, callee, neighbour'], ['Enter, Backspace', 'zoom in; out by one'],
	['Esc', 'clear the search, then the zoom'], ['/ or Ctrl-F', 'search; n, N: next, previous match'],
	['i', 'root below or on top'], ['r', 'recursion collapsed or not'],
	['x, o, b', 'hide the function; focus on it; root at it'], ['m, right button', 'all filters'],
	['l', 'callers from the leaf up'], ['u, U', 'undo, redo (Ctrl-Z, Ctrl-Y)'], ['d', 'dark, light'],
	['t, s', 'ranking; sandwich'], ['?', 'this list']];
const NARROWEST_PX = 1;
let dialog, letters = true;

/* Where the arrows go */

function isWide(node) {
	const { view, state } = page, pixels = page.place.graph.clientWidth || 1;
	const whole = state.span ? state.span.right - state.span.left : view.total[state.zoom];

	return view.total[node] / whole * pixels >= NARROWEST_PX;
}

const isShown = node => node >= page.state.zoom && node < page.view.end[page.state.zoom];

// The next box of the same row that can be seen.
function besides(node, step) {
	const { rowStart, rowNodes, depth } = page.view;
	const from = rowStart[depth[node]], to = rowStart[depth[node] + 1];
	let low = from, high = to;

	while (low < high) {
		const middle = low + high >> 1;

		if (rowNodes[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	for (let i = low + step; i >= from && i < to && isShown(rowNodes[i]); i += step)
		if (isWide(rowNodes[i]))
			return rowNodes[i];
	return -1;
}

page.step = (key, node) => {
	const { view, state } = page, outward = (key === 'ArrowUp') === (state.layout === 'flame');

	if (key === 'ArrowLeft' || key === 'ArrowRight')
		return node ? besides(node, key === 'ArrowLeft' ? -1 : 1) : -1;
	if (!outward)
		return node ? view.parent[node] : -1;
	if (node < state.zoom && view.end[node] > state.zoom)	// below the zoomed box: on its way
		return page.childrenOf(node).find(child => child <= state.zoom && view.end[child] > state.zoom);
	return page.childrenOf(node).reduce((best, child) =>
		best < 0 || view.total[child] > view.total[best] ? child : best, -1);
};

/* What the keys do */

const toggleLayout = () => page.set({ layout: page.state.layout === 'flame' ? 'icicle' : 'flame' });
const toggleTheme = () => page.set({ theme: page.paint.theme === 'dark' ? 'light' : 'dark' });
const openTab = id => page.set({ tab: page.isOpen(id) ? 'none' : id });

function transformBy(kind) {
	page.transformBy(kind, page.state.selected);
}

const KEYS = {
	'/': () => page.focusSearch(), n: () => page.nextMatch(1), N: () => page.nextMatch(-1),
	i: toggleLayout, d: toggleTheme, t: () => openTab('ranking'), s: () => openTab('sandwich'), '?': help,
	r: () => transformBy('recursion'), x: () => transformBy('hide'), o: () => transformBy('focus'),
	b: () => transformBy('root'), l: () => transformBy('invert'), u: () => page.undo(), U: () => page.redo(),
	0: () => page.set({ zoom: 0 }), m: openMenu,
};

// At the selected box, where that is in sight.
function openMenu() {
	const { selected } = page.state, box = page.graph.place(selected);
	const { left, top } = page.graph.canvas.getBoundingClientRect();

	page.openMenu(selected, left + (box ? box.x + Math.min(80, box.width) : 80), top + (box ? box.y : 40));
}

function escape(isTyping) {
	const { state } = page;

	if (state.query)
		page.set({ query: '' });
	else if (isTyping)
		page.focusGraph();
	else
		page.set({ zoom: 0 });
}

function onControl(event) {
	const key = event.key.toLowerCase(), act = key === 'f' ? page.focusSearch : key === 'y' ||
		key === 'z' && event.shiftKey ? page.redo : key === 'z' ? page.undo : null;

	if (!act || event.altKey || key !== 'f' && event.target.localName === 'input')
		return;
	event.preventDefault();
	act();
}

function onGraphKey(event) {
	const { selected, zoom } = page.state, { view } = page;

	if (event.key.startsWith('Arrow')) {
		const to = page.step(event.key, selected);

		if (to >= 0)
			page.set({ selected: to });
	} else if (event.key === 'Enter' || event.key === ' ') {
		page.set({ zoom: selected });
	} else if (event.key === 'Backspace') {
		page.set({ zoom: view.parent[zoom], selected: view.parent[zoom] });
	} else if (event.key === 'ContextMenu' || event.shiftKey && event.key === 'F10') {
		openMenu();
	} else {
		return false;
	}
	event.preventDefault();
	return true;
}

function onKey(event) {
	const { target } = event, isTyping = target.localName === 'input' || target.localName === 'select';

	if (event.defaultPrevented || dialog.open)
		return;
	if (event.ctrlKey || event.metaKey) {
		onControl(event);
	} else if (event.key === 'Escape') {
		escape(isTyping);
	} else if (!isTyping && !event.altKey) {
		const isGraph = target === document.body || page.place.graph.contains(target);

		if (isGraph && onGraphKey(event))
			return;
		if (letters && Object.hasOwn(KEYS, event.key)) {
			event.preventDefault();
			KEYS[event.key]();
		}
	}
}

/* The list, and the buttons */

function help() {
	dialog.showModal();
}

function makeDialog() {
	dialog = page.make('dialog', { class: 'help', 'aria-label': 'Keys' }, document.body);
	page.make('h2', {}, dialog, 'Keys');
	const list = page.make('dl', {}, dialog);

	for (const [keys, meaning] of HELP) {
		page.make('dt', {}, list, keys);
		page.make('dd', {}, list, meaning);
	}
	page.make('p', {}, dialog, 'Search: text \u00b7 /expression/ \u00b7 k:kernel \u00b7 m:libc \u00b7 -m:libc \u00b7 ' +
		  'self>1% \u00b7 total>5% \u00b7 samples>100; all of them together.');
	const line = page.make('label', {}, dialog);

	page.make('input', { type: 'checkbox', checked: true, onchange: event => {
		letters = event.target.checked;
	} }, line);
	line.append(' Keys without Ctrl');
	page.button(dialog, 'Close', 'Close', () => dialog.close());
}

function makeSelect(title, key, choices) {
	const select = page.make('select', { title, 'aria-label': title,
		onchange: () => page.set({ [key]: select.value }) }, page.place.bar);

	for (const [value, label] of Object.entries(choices))
		page.make('option', { value }, select, label);
	const show = () => {
		select.value = page.state[key];
	};

	show();
	page.on('change', show);
}

page.ready(() => {
	const { bar, graph } = page.place;
	const out = page.button(bar, 'Reset', 'Show everything (Esc)', () => page.set({ zoom: 0 }));
	const icicle = page.button(bar, 'Icicle', 'Root on top (i)', toggleLayout);
	const show = () => {
		out.disabled = !page.state.zoom;
		icicle.setAttribute('aria-pressed', String(page.state.layout === 'icicle'));
	};

	makeSelect('Colours', 'palette', page.PALETTES);
	makeSelect('Theme', 'theme', { auto: 'system theme', light: 'light', dark: 'dark' });
	page.button(bar, '?', 'Keys (?)', help);
	makeDialog();
	show();
	page.on('change', show);
	// What is selected can be seen: out of the part that was looked at closer, if it is not in there.
	page.on('change', patch => {
		const { view, state: { span, selected } } = page, left = view.left[selected];

		if ('selected' in patch && span && (left >= span.right || left + view.total[selected] <= span.left))
			page.apply({ span: null });
	});
	document.addEventListener('keydown', onKey);
	graph.addEventListener('click', () => page.focusGraph());
});
})(page);
