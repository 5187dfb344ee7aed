// SPDX-License-Identifier: MIT
//
// page-transforms.js - transforms of the tree, exactly, and against lists of stacks on random ones.
'use strict';
const { load, fromFolded, check, finish } = require('./page-load.js');

const FILES = ['transforms.js', 'palette.js', 'panels.js', 'graph.js', 'search.js', 'filters.js'];

// Every stack that ends somewhere, and its value; sorted.
function folded(page, view) {
	const lines = [], self = view.ends || view.self;

	for (let i = 0; i < view.n; i++) {
		const path = [];

		for (let at = i; at > 0; at = view.parent[at])
			path.unshift(page.profile.names[view.name[at]]);
		if (self[i])
			lines.push((path.join(';') || '-') + ' ' + self[i]);
	}
	return lines.sort();
}

const STACKS = [
	'main@app;parse@app;lex@app 30', 'main@app;parse@app;lex@app;parse@app 10', 'main@app;hash@lib;mix@lib 40',
	'main@app;io@app;read@libc 15', 'main@app;io@app 3', 'thread@@thread;main@app;io@app;read@libc 2',
].join('\n');
const page = fromFolded(load(...FILES), STACKS), { profile } = page;
const name = text => profile.names.indexOf(text);
const after = (...list) => folded(page, page.transform(profile, list));

check('nothing', after(), folded(page, profile));
check('focus keeps stacks through it', after({ type: 'focus', name: name('io') }),
	['main;io 3', 'main;io;read 15', 'thread;main;io;read 2']);
check('root sums up all its occurrences', after({ type: 'root', name: name('io') }), ['io 3', 'io;read 17']);
check('root takes the outermost', after({ type: 'root', name: name('parse') }), ['parse;lex 30', 'parse;lex;parse 10']);
check('hide gives to the caller', after({ type: 'hide', name: name('lex') }),
	['main;hash;mix 40', 'main;io 3', 'main;io;read 15', 'main;parse 30', 'main;parse;parse 10', 'thread;main;io;read 2']);
check('hide of the outermost', after({ type: 'hide', name: name('main') }),
	['hash;mix 40', 'io 3', 'io;read 15', 'parse;lex 30', 'parse;lex;parse 10', 'thread;io;read 2']);
check('drop leaves stacks out', after({ type: 'drop', name: name('io') }),
	['main;hash;mix 40', 'main;parse;lex 30', 'main;parse;lex;parse 10']);
check('collapse makes what it calls its own', after({ type: 'collapse', name: name('parse') }),
	['main;hash;mix 40', 'main;io 3', 'main;io;read 15', 'main;parse 40', 'thread;main;io;read 2']);
check('cycles end where they began', after({ type: 'cycles' }),
	['main;hash;mix 40', 'main;io 3', 'main;io;read 15', 'main;parse 10', 'main;parse;lex 30', 'thread;main;io;read 2']);
check('a module is one frame', after({ type: 'module', module: profile.modules.indexOf('lib') }).filter(line => line.includes('lib')),
	['main;[lib] 40']);
check('every module is', after({ type: 'modules' }), ['[app] 43', '[app];[lib] 40', '[app];[libc] 15', 'thread;[app];[libc] 2']);
check('without threads', after({ type: 'threads' }).filter(line => line.includes('read')), ['main;io;read 17']);
check('callers of the leaves', after({ type: 'invert' }), ['io;main 3', 'lex;parse;main 30', 'mix;hash;main 40',
	'parse;lex;parse;main 10', 'read;io;main 15', 'read;io;main;thread 2']);
check('what matches', after({ type: 'match', query: 'k:own /^(hash|read)$/' }),
	['main;hash;mix 40', 'main;io;read 15', 'thread;main;io;read 2']);
check('one after the other', after({ type: 'threads' }, { type: 'focus', name: name('io') }, { type: 'hide', name: name('main') }),
	['io 3', 'io;read 17']);

const recursive = fromFolded(load(...FILES), 'a;b;b;b;c 5\na;b;b 2\na;b;c;b;b 1');

check('direct recursion is one frame', folded(recursive, recursive.transform(recursive.profile, [{ type: 'recursion' }])),
	['a;b 2', 'a;b;c 5', 'a;b;c;b 1']);
const inverted = page.transform(profile, [{ type: 'invert' }]), sums = page.sumNames(inverted, profile.names.length);

check('inverted, own time is still the leaf\'s', [...sums.self.slice(0, profile.functions.n)],
	[...page.sumNames(profile, profile.functions.n).self]);
check('and the totals are', [...sums.total.slice(0, profile.functions.n)], [...profile.functions.total]);
check('twice inverted is as before', after({ type: 'invert' }, { type: 'invert' }), folded(page, profile));
check('the origin of one node', inverted.origin[1] >= 0 && profile.name[inverted.origin[1]] === inverted.name[1], true);
check('none of several', page.transform(profile, [{ type: 'threads' }]).origin.includes(-1), true);

/* Against stacks as lists: another way to the same. */

const NAIVE = {
	focus: (stacks, want) => stacks.filter(([path]) => path.includes(want)),
	root: (stacks, want) => stacks.filter(([path]) => path.includes(want)).map(([path, value]) => [path.slice(path.indexOf(want)), value]),
	hide: (stacks, want) => stacks.map(([path, value]) => [path.filter(one => one !== want), value]),
	drop: (stacks, want) => stacks.filter(([path]) => !path.includes(want)),
	collapse: (stacks, want) => stacks.map(([path, value]) => [path.includes(want) ? path.slice(0, path.indexOf(want) + 1) : path, value]),
	recursion: stacks => stacks.map(([path, value]) => [path.filter((one, i) => one !== path[i - 1]), value]),
	cycles: stacks => stacks.map(([path, value]) => [path.reduce((kept, one) =>
		kept.includes(one) ? kept.slice(0, kept.indexOf(one) + 1) : [...kept, one], []), value]),
	invert: stacks => stacks.map(([path, value]) => [path.slice().reverse(), value]),
};

function summed(stacks) {
	const sums = new Map();

	for (const [path, value] of stacks)
		sums.set(path.join(';') || '-', (sums.get(path.join(';') || '-') || 0) + value);
	return [...sums].map(([path, value]) => path + ' ' + value).sort();
}

let seed = 12345;
const random = below => (seed = Math.imul(seed, 1103515245) + 12345 >>> 0) / 65536 % below | 0;

for (let round = 0; round < 150; round++) {
	let stacks = Array.from({ length: 1 + random(30) }, () =>
		[Array.from({ length: 1 + random(9) }, () => 'abcdef'[random(6)]), 1 + random(50)]);
	const one = fromFolded(load(...FILES), summed(stacks).join('\n')), list = [];

	for (let step = 0; step < 1 + random(4); step++) {
		const type = Object.keys(NAIVE)[random(8)], want = 'abcdef'[random(6)], index = one.profile.names.indexOf(want);

		if (index < 0)
			continue;
		list.push(['recursion', 'cycles', 'invert'].includes(type) ? { type } : { type, name: index });
		stacks = NAIVE[type](stacks, want);
	}
	// Of two profiles: both sides go the way of the rest.
	one.profile.before = one.profile.self.slice();
	one.profile.after = one.profile.self.map(value => value * 3);
	const view = one.transform(one.profile, list), ends = Array.from(view.ends || view.self);

	check('round ' + round + ': ' + JSON.stringify(list), folded(one, view), summed(stacks));
	check('round ' + round + ': before and after', [Array.from(view.before), Array.from(view.after)],
	      [ends, ends.map(value => value * 3)]);
	let left = true;

	for (let i = 1; i < view.n; i++)
		left = left && view.parent[i] < i && view.left[i] >= view.left[view.parent[i]] && view.end[i] <= view.end[view.parent[i]];
	check('round ' + round + ': preorder, within the parent', left, true);
}

/* Depth */

const DEEP = 100000, deep = fromFolded(load(...FILES), Array.from({ length: DEEP }, (_, i) => 'f' + i % 7).join(';') + ' 9');

for (const type of ['recursion', 'cycles', 'modules', 'threads', 'invert'])
	check('a hundred thousand deep: ' + type, deep.transform(deep.profile, [{ type }]).total[0], 9);
check('all of it is inverted', deep.transform(deep.profile, [{ type: 'invert' }]).n, DEEP + 1);
finish();
