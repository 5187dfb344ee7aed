// SPDX-License-Identifier: MIT
//
// table.js - the ranking: every function with its figures, to sort, filter and copy.
//
// A row stands for a function (a name index).  Self, total, calls and samples are those of what is
// shown after the transforms; score and ROI are the ones that the report computed of the whole.
// The first half is pure.
// Needs: words.js, search.js, panels.js.
(page => {
'use strict';

const { DASH, percent, grouped, wilson } = page.words;

/* Rows */

const RANKED = new Set(['own', 'inlined', 'library', 'runtime', 'kernel', 'jit', 'unknown']);

function makeRows(profile, view) {
	const { functions } = profile, count = profile.names.length, sums = page.sumNames(view, count);
	const whole = profile.total[0] || 1, all = profile.samplesKnown ? profile.totalSamples[0] : 0;
	const rank = new Map(functions.rank && Array.from(functions.rank, (name, i) => [name, i + 1]));
	const column = (key, i) => functions[key] && i < functions.n ? functions[key][i] : NaN;
	const rows = [];

	for (let i = 0; i < count; i++) {
		const kind = i < functions.n ? page.KINDS[functions.kind[i]] : 'library';

		if (!sums.total[i] || !RANKED.has(kind))
			continue;
		const self = sums.self[i] / whole, [low, high] = wilson(self, all);

		rows.push({ index: i, rank: rank.get(i) || NaN, name: profile.names[i], kind,
			    module: i < functions.n ? profile.modules[functions.module[i]] : '',
			    self, total: sums.total[i] / whole, value: sums.self[i],
			    calls: sums.calls && sums.calls[i] || NaN,
			    samples: profile.samplesKnown ? sums.samples[i] : NaN,
			    totalSamples: profile.samplesKnown ? sums.totalSamples[i] : NaN,
			    lower: all ? low : NaN, upper: all ? high : NaN, saves: self / 2,
			    score: column('score', i), roi: column('roi', i), complexity: column('complexity', i) });
	}
	return rows;
}

// DOWN: the largest first.  What is not known comes last either way; ties go by name.
function sortRows(rows, key, down) {
	const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

	return rows.sort((a, b) => {
		const x = a[key], y = b[key];

		if (typeof x !== 'string' && (Number.isNaN(x) || Number.isNaN(y)))
			return Number.isNaN(x) - Number.isNaN(y) || compare(a.name, b.name) || a.index - b.index;
		return (down ? compare(y, x) : compare(x, y)) || compare(a.name, b.name) || a.index - b.index;
	});
}

const filterRows = (rows, terms) => terms.length ? rows.filter(row => page.matches(terms, by => row[by])) : rows;

/* To copy */

const EXPORTED = ['rank', 'function', 'module', 'kind', 'roi', 'score', 'complexity', 'self_percent',
		  'self_percent_lower95', 'total_percent', 'calls', 'samples_self', 'samples_total',
		  'saves_2x_percent'];
const EXPORTED_TEXTS = ['function', 'module', 'kind'];

function exported(row, at) {
	const number = (value, digits) => Number.isFinite(value) ? Number(value.toFixed(digits)) : null;

	return [number(row.rank, 0) || at + 1, row.name, row.module, row.kind,
		number(row.roi, 6), number(row.score, 6), number(row.complexity, 6),
		number(100 * row.self, 6), number(100 * row.lower, 6), number(100 * row.total, 6),
		number(row.calls, 0), number(row.samples, 6), number(row.totalSamples, 6),
		number(100 * row.saves, 6)];
}

// A name that a spreadsheet would take for a formula gets an apostrophe.
function csvField(value) {
	const text = value === null ? '' : String(value);

	if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text))
		return '"\'' + text.replace(/"/g, '""') + '"';
	return /[",;\n\r ']/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function markdownField(value) {
	return value === null ? DASH : String(value).replace(/[\\`*_{}[\]<>#|~&]/g, '\\$&').replace(/\s+/g, ' ');
}

const FORMATS = {
	CSV: rows => [EXPORTED, ...rows.map(exported)]
		.map(fields => fields.map(csvField).join(',') + '\n').join(''),
	JSON: rows => JSON.stringify(rows.map((row, at) => Object.fromEntries(
		exported(row, at).map((value, i) => [EXPORTED[i], value]))), null, 1) + '\n',
	Markdown: rows => [EXPORTED.map(name => name.replace(/_/g, ' ')),
			   EXPORTED.map(name => EXPORTED_TEXTS.includes(name) ? '---' : '--:'),
			   ...rows.map((row, at) => exported(row, at).map(markdownField))]
		.map(fields => '| ' + fields.join(' | ') + ' |\n').join(''),
};

page.table = { makeRows, sortRows, filterRows, FORMATS };

/* The table itself: rows of one height, of which only those in sight exist */

const make = (...given) => page.make(...given);	// it comes later than this line
const ROW = 26, SPARE = 6;
const orDash = (is, words) => is ? words : DASH;
const COLUMNS = [
	['rank', '#', 'Place in the ranking by ROI', row => row.rank || DASH],
	['name', 'Function', 'Function', row => row.name],
	['self', 'Self', 'Time of its own, of all; the line is the 95\u00a0% interval', row => percent(row.self)],
	['total', 'Total', 'With what it calls, each stack once', row => percent(row.total)],
	['calls', 'Calls', 'Activations seen', row => orDash(row.calls,
		(page.profile.callsKind === 'exact' ? '' : '\u2265') + grouped(row.calls))],
	['samples', 'Samples', 'Samples of its own', row => orDash(row.samples >= 0, grouped(row.samples))],
	['lower', '\u226595\u00a0%', 'With 95\u00a0% confidence its own share is at least this',
	 row => orDash(row.lower >= 0, percent(row.lower))],
	['saves', 'Saves 2\u00d7', 'What of the whole is saved when it becomes twice as fast',
	 row => percent(row.saves)],
	['roi', 'ROI', 'Score / complexity: what a change gives for its effort',
	 row => orDash(row.roi >= 0, row.roi.toFixed(2))],
	['module', 'Module', 'Program or library', row => row.module],
].map(([key, label, title, text]) => ({ key, label, title, text }));

const table = { rows: [], shown: [], sort: 'rank', down: false, current: 0, filter: '' };

function makeHeads(grid) {
	const head = make('div', { class: 'row heads', role: 'row', 'aria-rowindex': 1 }, grid);

	for (const column of COLUMNS) {
		const cell = make('span', { role: 'columnheader', class: 'c-' + column.key }, head);

		column.head = cell;
		make('button', { type: 'button', title: column.title, onclick: () => sortBy(column.key) }, cell,
		     column.label);
	}
}

function sortBy(key) {
	const isText = key === 'name' || key === 'module' || key === 'rank';

	table.down = table.sort === key ? !table.down : !isText;
	table.sort = key;
	update();
	page.say('Sorted by ' + COLUMNS.find(column => column.key === key).title +
		 (table.down ? ', largest first' : ''));
}

function update() {
	const { terms, error } = page.parseQuery(table.filter, false);
	const selected = page.functionOf(page.state.selected).index;

	table.input.classList.toggle('bad', error !== '');
	table.input.title = error;
	if (table.sorted !== table.sort + table.down)
		sortRows(table.rows, table.sort, table.down);
	table.sorted = table.sort + table.down;
	table.shown = filterRows(table.rows, terms);
	for (const { key, head } of COLUMNS)
		head.setAttribute('aria-sort', key !== table.sort ? 'none'
			: table.down ? 'descending' : 'ascending');
	table.grid.setAttribute('aria-rowcount', table.shown.length + 1);
	table.space.style.height = table.shown.length * ROW + 'px';
	table.count.textContent = (terms.length ? grouped(table.shown.length) + ' of ' : '') +
		grouped(table.rows.length) + ' functions';
	table.current = Math.max(0, table.shown.findIndex(row => row.index === selected));
	draw();
}

// The whisker is the interval around the bar's end; the widest of them takes the whole room.
function selfBar(place, row) {
	const most = table.most || 1, cell = make('span', { class: 'plot' }, place);
	const bar = make('i', { class: row.samples < 5 ? 'bar-of thin' : 'bar-of' }, cell);
	const whisker = make('i', { class: 'whisker' }, cell);

	bar.style.width = 100 * row.self / most + '%';
	whisker.hidden = !row.self || !(row.upper > row.lower);
	whisker.style.left = 100 * row.lower / most + '%';
	whisker.style.width = 100 * Math.max(0, row.upper - row.lower) / most + '%';
}

function makeRow(row, at) {
	const isSelected = row.index === page.functionOf(page.state.selected).index && page.state.selected > 0;
	const line = make('div', { class: 'row', role: 'row', 'aria-rowindex': at + 2, 'aria-selected': String(isSelected),
				   tabindex: at === table.current ? '0' : '-1', 'data-at': at }, table.space);

	line.style.top = at * ROW + 'px';
	for (const column of COLUMNS) {
		const cell = make('span', { role: 'gridcell', class: 'c-' + column.key }, line);

		if (column.key === 'self')
			selfBar(cell, row);
		const words = column.text(row), isLong = column.key === 'name' || column.key === 'module';

		make('span', isLong ? { title: words.slice(0, 2000) } : {}, cell, words);
	}
	return line;
}

function draw() {
	const { scrollTop, clientHeight } = table.grid;
	const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
	const last = Math.min(table.shown.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
	const hadFocus = table.space.contains(document.activeElement);

	table.space.textContent = '';
	for (let at = first; at < last; at++)
		makeRow(table.shown[at], at);
	const current = table.space.querySelector('[tabindex="0"]');

	if (!current && table.space.firstChild)
		table.space.firstChild.tabIndex = 0;
	if (hadFocus)
		(current || table.space.firstChild || table.input).focus({ preventScroll: true });
}

function scrollTo(at) {
	const top = at * ROW, room = table.grid.clientHeight - ROW;	// the heads stay

	if (top < table.grid.scrollTop)
		table.grid.scrollTop = top;
	else if (top + ROW > table.grid.scrollTop + room)
		table.grid.scrollTop = top + ROW - room;
}

function moveTo(at) {
	table.current = Math.min(table.shown.length - 1, Math.max(0, at));
	scrollTo(table.current);
	draw();
	const line = table.space.querySelector('[tabindex="0"]');

	if (line)
		line.focus({ preventScroll: true });
}

function onKey(event) {
	const jump = Math.max(1, Math.floor(table.grid.clientHeight / ROW) - 2);
	const to = { ArrowDown: table.current + 1, ArrowUp: table.current - 1, PageDown: table.current + jump,
		     PageUp: table.current - jump, Home: 0, End: Infinity }[event.key];

	if (!event.target.classList.contains('row') || event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (to !== undefined)
		moveTo(to);
	else if (event.key === 'Enter' || event.key === ' ')
		page.selectName(table.shown[table.current].index, event.key === 'Enter' && event.shiftKey);
	else
		return;
	event.preventDefault();
	event.stopPropagation();
}

function refill() {
	table.rows = makeRows(page.profile, page.view);
	table.sorted = '';
	table.most = table.rows.reduce((most, row) =>
		Math.max(most, row.self, row.self ? row.upper || 0 : 0), 0);
	update();
}

function build(panel) {
	const bar = make('div', { class: 'panel-bar' }, panel);

	table.input = make('input', { type: 'search', placeholder: 'Filter: alloc, m:libc, self>1%',
		spellcheck: 'false', 'aria-label': 'Filter the functions', oninput: () => {
			table.filter = table.input.value;
			table.grid.scrollTop = 0;
			update();
		} }, bar);
	table.count = make('output', {}, bar);
	for (const format of Object.keys(FORMATS))
		page.button(bar, 'Copy ' + format, 'Copy these rows as ' + format, async () => {
			await page.copy(FORMATS[format](table.shown));
			page.say(grouped(table.shown.length) + ' rows copied as ' + format);
		}, { class: 'copy' });
	table.grid = make('div', { class: 'grid', role: 'grid', 'aria-label': 'Ranking of functions',
		'aria-colcount': COLUMNS.length, onscroll: draw, onkeydown: onKey }, panel);
	makeHeads(table.grid);
	table.space = make('div', { class: 'space', role: 'rowgroup', onclick: event => {
		const line = event.target.closest('.row');

		if (line) {
			table.current = Number(line.dataset.at);
			page.selectName(table.shown[table.current].index, event.detail > 1);
		}
	} }, table.grid);
	refill();
	page.on('view', refill);
	page.on('change', patch => 'selected' in patch && follow());
	page.on('resize', () => page.isOpen('ranking') && draw());
	page.on('tab', open => open === 'ranking' && follow());
}

// The row of the selected box comes into sight.
function follow() {
	const selected = page.functionOf(page.state.selected).index;
	const at = page.state.selected ? table.shown.findIndex(row => row.index === selected) : -1;

	if (at >= 0) {
		table.current = at;
		scrollTo(at);
	}
	draw();
}

page.ready(() => page.addTab('ranking', 'Ranking', build));
})(page);
