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

// Shares by function; a recursive one counts each stack once.
page.sumChanges = view => {
	const names = page.profile.names.length, sum = values => page.sumNames(page.finishTree({ ...view, self: values, samples: values }), names);
	const before = sum(view.before), after = sum(view.after), rows = [], significant = new Set(page.profile.functions.rank);

	for (let i = 0; i < names; i++)
		if (before.total[i] > 0 || after.total[i] > 0)
			rows.push({ index: i, before: before.total[i], after: after.total[i], beforeSelf: before.self[i], afterSelf: after.self[i],
				    isSignificant: significant.has(i) });
	return rows.sort((a, b) => b.isSignificant - a.isSignificant || Math.abs(b.afterSelf - b.beforeSelf) - Math.abs(a.afterSelf - a.beforeSelf) ||
		Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || a.index - b.index);
};

function cell(row, words, attributes) {
	page.make('td', attributes, row, words);
}

function put(row) {
	const line = page.make('tr', { class: row.isSignificant ? '' : 'hint' }, body), change = row.afterSelf - row.beforeSelf;

	page.make('button', { type: 'button', onclick: event => page.selectName(row.index, event.detail > 1) },
		  page.make('th', { scope: 'row' }, line), page.profile.names[row.index]);
	for (const [before, after] of [[row.beforeSelf, row.afterSelf], [row.before, row.after]]) {
		cell(line, percent(before));
		cell(line, percent(after));
		cell(line, page.points(after - before), { class: !row.isSignificant || after === before ? '' : after > before ? 'more' : 'less' });
	}
	cell(line, row.before <= 0 ? 'new' : row.after <= 0 ? 'gone' : change === 0 || row.beforeSelf <= 0 || row.afterSelf <= 0 ? ''
		: '\u00d7' + (row.afterSelf / row.beforeSelf).toFixed(2));
}

function refill() {
	const { terms } = page.parseQuery(input.value, false), { profile } = page, { functions, modules } = profile;
	const of = i => i < functions.n ? functions.module[i] : i - functions.n;
	const rows = page.sumChanges(page.view).filter(row => !terms.length || page.matches(terms, by => by === 'name' ? profile.names[row.index]
		: by === 'module' ? modules[of(row.index)] || '' : by === 'kind' ? page.KINDS[functions.kind[row.index]] || ''
		: by === 'self' ? Math.max(row.beforeSelf, row.afterSelf) : Math.max(row.before, row.after)));

	count.textContent = grouped(rows.length) + ' functions' + (rows.length > SHOWN ? ', the first ' + SHOWN + ' shown' : '');
	body.textContent = '';
	rows.slice(0, SHOWN).forEach(put);
}

page.ready(() => page.addTab('ranking', 'Changes', place => {
	panel = place;
	const bar = page.make('div', { class: 'panel-bar' }, panel);

	input = page.make('input', { type: 'search', placeholder: 'Filter: alloc, m:libc, self>1%', spellcheck: 'false',
				     'aria-label': 'Filter functions', oninput: refill }, bar);
	count = page.make('output', {}, bar);
	const table = page.make('table', { class: 'changes' }, page.make('div', { class: 'grid' }, panel));
	const head = page.make('tr', {}, page.make('thead', {}, table));

	for (const words of ['Function', 'Self before', 'after', 'points', 'Total before', 'after', 'points', ''])
		page.make('th', { scope: 'col' }, head, words);
	body = page.make('tbody', {}, table);
	page.on('view', refill);
	refill();
}));
})(page);
