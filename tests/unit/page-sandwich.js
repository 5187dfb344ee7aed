// SPDX-License-Identifier: MIT
//
// page-sandwich.js - callers and callees merged over all places, recursion counted once.
'use strict';
const { load, fromFolded, check, finish } = require('./page-load.js');

const page = fromFolded(load('sandwich.js'), [
	'main;a;f;g 10',
	'main;a;f;h 5',
	'main;b;f;g;f;h 7',	// f recurs: once
	'main;b;f 3',
	'f;g 2',		// a root of its own
	'main;c 50',
].join('\n'));

function sandwich(wanted) {
	const { view, profile } = page;

	return page.makeSandwich(view, node => view.name[node], profile.names.length, profile.names.indexOf(wanted), 0);
}

function paths(tree) {
	return Array.from({ length: tree.n }, (_, i) => {
		const path = [];

		for (let at = i; at > 0; at = tree.parent[at])
			path.unshift(page.profile.names[tree.name[at]]);
		return path.join('<') + ' ' + tree.total[i];
	}).sort();
}

const { callers, callees, occurrences } = sandwich('f'), { profile, view } = page;

check('both sides are the total', [callers.total[0], callees.total[0]], [27, 27]);
check('which is the one of the ranking', page.sumNames(view, profile.names.length).total[profile.names.indexOf('f')], 27);
check('outermost occurrences', occurrences, 3);
check('callers', paths(callers), [' 27', 'a 15', 'a<main 15', 'b 10', 'b<main 10']);
check('callees', paths(callees), [' 27', 'g 19', 'g<f 7', 'g<f<h 7', 'h 5']);
check('own values', [callees.self[0], callers.self[0]], [3, 2]);
check('children never exceed', [...callees.parent.keys()].every(i => callees.total[i] >= callees.self[i] +
	callees.parent.reduce((sum, parent, child) => sum + (child && parent === i ? callees.total[child] : 0), 0)), true);

const left = page.leftEdges(callees), at = name => callees.name.findIndex((one, i) => i && profile.names[one] === name);

check('the widest child comes first', [left[at('g')], left[at('h')]], [0, 19]);
check('of nothing', sandwich('c').callees.n, 1);

// Deeper than is drawn: counted, not drawn, and no recursion.
const deep = fromFolded(load('sandwich.js'), 'f;' + Array.from({ length: 20000 }, (_, i) => 'x' + i % 7).join(';') + ' 4');
const below = deep.makeSandwich(deep.view, node => deep.view.name[node], deep.profile.names.length, 0, 0).callees;

check('a deep stack', [below.n, below.total[1], below.deeper], [101, 4, 1]);

// What is narrower than asked for is counted, and so is nothing below it.
const narrow = page.makeSandwich(view, node => view.name[node], profile.names.length, profile.names.indexOf('f'), 0.2).callees;

check('the narrow are counted', [paths(narrow), narrow.narrow], [[' 27', 'g 19', 'g<f 7', 'g<f<h 7'], 1]);
finish();
