// SPDX-License-Identifier: MIT
//
// pair.js - a page of two profiles: widths of either or of the larger, colours and words of the change.
//
// Values are shares of each whole.  Of every node `before` and `after` are its own; profile.change says
// whether the change with all that it calls is more than noise (page_data.c).  What transforms merge was not tested.
// Needs: panels.js, palette.js; takes the place of table.js, source.js and about.js.
(page => {
'use strict';

const SIDES = ['union', 'before', 'after'];
const STRONG = 0.3;	// relative change from which a colour is the stronger one, as in diff.c
const SHADES = [['new', 'new'], ['much-more', 'over 30 % more'], ['more', 'more'],
		['same', 'no significant change'],
		['less', 'less'], ['much-less', 'over 30 % less'], ['gone', 'gone']];
const COLOURS = {
	light: { 'new': '#f6a49a', 'much-more': '#ee8f4a', more: '#f7c08a', same: '#e4e2df', less: '#a9d3f0',
		 'much-less': '#66aee0', gone: '#b9c3f5' },
	dark: { 'new': '#8a3226', 'much-more': '#96480c', more: '#6d4420', same: '#3b3c3f', less: '#2c5570',
		'much-less': '#17608f', gone: '#3d4a94' },
};

page.state.side = 'union';

// Of a tree with all that is called, made when it is asked for.
function totals(tree) {
	if (!tree.beforeTotal) {
		tree.beforeTotal = tree.before.slice();
		tree.afterTotal = tree.after.slice();
		for (let i = tree.n - 1; i > 0; i--) {
			tree.beforeTotal[tree.parent[i]] += tree.beforeTotal[i];
			tree.afterTotal[tree.parent[i]] += tree.afterTotal[i];
		}
	}
	return tree;
}

// Was this node tested as it is now, not as a part of what was merged here?
function isAsTested(node, origin) {
	const { view, profile } = page;

	if (origin < 0 || view === profile)
		return origin >= 0;
	return Math.abs(view.beforeTotal[node] - totals(profile).beforeTotal[origin]) < 1e-9 &&
		Math.abs(view.afterTotal[node] - profile.afterTotal[origin]) < 1e-9;
}

// Shares of single precision do not quite add up.
const whole = share => share > 1 - 1e-5 ? 1 : share;

// {before, after, isSignificant, q}; q is null when nobody tested.
page.changeOf = node => {
	const { beforeTotal, afterTotal, origin } = totals(page.view), from = origin[node];
	const word = isAsTested(node, from) ? page.profile.change[from] : 0;

	return { before: whole(beforeTotal[node]), after: whole(afterTotal[node]), isSignificant: word % 2 === 1,
		 q: word > 1 ? ((word >> 1) - 1) / 10000 : null };
};

page.shadeOf = ({ before, after, isSignificant }) => {
	if (!isSignificant || before === after)
		return 'same';
	if (before <= 0 || after <= 0)
		return before <= 0 ? 'new' : 'gone';
	return (Math.abs(after - before) > STRONG * before ? 'much-' : '') + (after > before ? 'more' : 'less');
};

page.points = change => Math.abs(change) < 5e-5 ? '0'
	: (change < 0 ? '\u2212' : '+') + Math.abs(100 * change).toFixed(2);

// "x1.25", "new", "gone", or nothing.
page.ratio = (before, after) => before > 0 && after > 0 ? '\u00d7' + (after / before).toFixed(2)
	: before > 0 ? 'gone' : after > 0 ? 'new' : '';

page.changeWords = ({ before, after }) => {
	const ratio = page.ratio(before, after);

	return page.words.percent(before) + ' \u2192 ' + page.words.percent(after) + ' (' +
		page.points(after - before) + ' points' + (ratio && ', ' + ratio) + ')';
};

page.valueOf = value => page.words.percent(value);

page.details = node => {
	const { view } = page, change = page.changeOf(node), of = page.functionOf(node);
	const place = of.file && of.file + (of.line ? ':' + of.line : '');
	const result = [['Total', page.changeWords(change)]], was = (page.profile.meta.was || {})[of.index];

	if (node && was)
		result.push(['Name', was]);
	if (node && !view.ends)
		result.push(['Self', page.changeWords({ before: view.before[node], after: view.after[node] })]);
	if (node)
		result.push(['Change', change.q === null ? 'not tested' : (change.isSignificant ? '' : 'no ') +
			     'more than noise (q ' + change.q.toFixed(4) + ')']);
	if (of.module || place)
		result.push(['From', [of.module, place].filter(Boolean).join(' \u00b7 ')]);
	return result;
};

function widthsOf(profile, side) {
	const { before, after } = profile;
	const self = side === 'before' ? before : side === 'after' ? after
		: before.map((share, i) => Math.max(share, after[i]));

	return page.finishTree({ ...profile, self, samples: self });
}

function showSide() {
	const { side } = page.state;

	page.replaceProfile(widthsOf(page.profile, SIDES.includes(side) ? side : 'union'));
	if (page.view.total[page.state.zoom] <= 0)
		page.apply({ zoom: 0 });
	page.graph.redraw();
}

// Colours of the change instead of whose code it is; what is new or gone has the edge of a marker.
function paint() {
	const colours = COLOURS[page.paint.theme];

	page.paint.fill = node => node ? colours[page.shadeOf(page.changeOf(node))] : page.paint.thread[0];
	page.paint.isThin = () => false;
	document.querySelectorAll('.legend .swatch').forEach((swatch, i) => {
		swatch.style.backgroundColor = colours[SHADES[i][0]];
	});
}

page.ready(() => {
	document.documentElement.classList.add('pair');
	page.replaceProfile(widthsOf(page.profile, 'union'));
	page.on('paint', paint);
	const list = page.make('ul', { class: 'legend', 'aria-label': 'What the colours mean' },
			       page.place.chips);

	for (const [, words] of SHADES) {
		const item = page.make('li', {}, list);

		page.make('span', { class: 'swatch' }, item);
		page.make('span', {}, item, words);
	}
	const select = page.make('select', { 'aria-label': 'Widths', title: 'Widths',
					     onchange: () => page.set({ side: select.value }) }, page.place.bar);

	for (const side of SIDES)
		page.make('option', { value: side }, select, 'widths: ' + (side === 'union' ? 'the larger' : side));
	page.on('change', patch => {
		if (!('side' in patch))
			return;
		select.value = page.state.side;
		showSide();
	});
	paint();
});
})(page);
