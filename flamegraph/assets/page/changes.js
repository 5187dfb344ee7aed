// SPDX-License-Identifier: MIT
//
// changes.js - the first tab of a page of two profiles: which functions changed, the largest change first.
//
// Before all others those whose change is more than noise; the rest is grey.
//
// Needs: pair.js, panels.js, search.js.
(page => {
'use strict';

const { percent, grouped } = page.words;
const SHOWN = 500;
let panel, input, count, body;

const change = row => Math.abs(row.after - row.before);
const ownChange = row => Math.abs(row.afterSelf - row.beforeSelf);

// Shares by function; a recursive one counts each stack once.
page.sumChanges = view => {
	const names = page.profile.names.length, significant = new Set(page.profile.functions.rank), rows = [];
	const sum = values => page.sumNames(page.finishTree({ ...view, self: values, samples: values }), names);
	const before = sum(view.before), after = sum(view.after);

	for (let i = 0; i < names; i++)
		if (before.total[i] > 0 || after.total[i] > 0)
			rows.push({ index: i, before: before.total[i], after: after.total[i],
				    beforeSelf: before.self[i], afterSelf: after.self[i],
				    isSignificant: significant.has(i) });
	return rows.sort((a, b) => b.isSignificant - a.isSignificant || ownChange(b) - ownChange(a) ||
		change(b) - change(a) || a.index - b.index);
};

// The function's box that is widest; out of the zoom if it is not in there.
page.selectName = (name, zoom) => {
	const { view, state } = page, nodes = page.nodesOfName(name);
	const best = nodes.reduce((widest, node) => view.total[node] > view.total[widest] ? node : widest,
				  nodes[0] || 0);
	const isInside = best >= state.zoom && best < view.end[state.zoom];

	if (best > 0)
		page.set({ selected: best, zoom: zoom ? best : isInside ? state.zoom : 0 });
};

// "likely renamed, was f", where it is so.
const wasOf = row => (page.profile.meta.was || {})[row.index] || '';

function put(row) {
	const line = page.make('tr', { class: row.isSignificant ? '' : 'hint' }, body);
	const cell = (words, attributes) => page.make('td', attributes, line, words);

	const head = page.make('th', { scope: 'row' }, line), was = wasOf(row);

	page.make('button', { type: 'button', onclick: event => page.selectName(row.index, event.detail > 1) },
		  head, page.profile.names[row.index]);
	if (was)
		page.make('div', { class: 'was', title: was }, head, was);
	for (const [before, after] of [[row.beforeSelf, row.afterSelf], [row.before, row.after]]) {
		const isPlain = !row.isSignificant || after === before;

		cell(percent(before));
		cell(percent(after));
		cell(page.points(after - before), { class: isPlain ? '' : after > before ? 'more' : 'less' });
	}
	cell(page.ratio(row.before, row.after));
}

// What the search's terms ask of a row.
function answer(row, by) {
	const { names, modules, functions } = page.profile, isFunction = row.index < functions.n;

	return by === 'name' ? names[row.index] + ' ' + wasOf(row)
		: by === 'module' ? modules[isFunction ? functions.module[row.index] : row.index - functions.n] || ''
		: by === 'kind' ? page.KINDS[functions.kind[row.index]] || ''
		: by === 'self' ? Math.max(row.beforeSelf, row.afterSelf) : Math.max(row.before, row.after);
}

function refill() {
	const { terms } = page.parseQuery(input.value, false);
	const rows = page.sumChanges(page.view)
		.filter(row => !terms.length || page.matches(terms, by => answer(row, by)));

	count.textContent = grouped(rows.length) + ' functions' +
		(rows.length > SHOWN ? ', the first ' + SHOWN + ' shown' : '');
	body.textContent = '';
	rows.slice(0, SHOWN).forEach(put);
}

page.ready(() => page.addTab('ranking', 'Changes', place => {
	panel = place;
	const bar = page.make('div', { class: 'panel-bar' }, panel);

	input = page.make('input', { type: 'search', placeholder: 'Filter: alloc, m:libc, self>1%',
				     spellcheck: 'false', 'aria-label': 'Filter functions', oninput: refill }, bar);
	count = page.make('output', {}, bar);
	const table = page.make('table', { class: 'changes' }, page.make('div', { class: 'grid' }, panel));
	const head = page.make('tr', {}, page.make('thead', {}, table));

	for (const words of ['Function', 'Self before', 'after', 'points', 'Total before', 'after', 'points',
			     'ratio'])
		page.make('th', { scope: 'col' }, head, words);
	body = page.make('tbody', {}, table);
	page.on('view', refill);
	refill();
}));
})(page);
