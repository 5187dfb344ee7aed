// SPDX-License-Identifier: MIT
//
// page-search.js - what a query means and how much matches, exactly.
'use strict';
const { load, fromFolded, check, finish } = require('./page-load.js');

const page = fromFolded(load('search.js'), [
	'main@app;operator new(unsigned long)@libstdc++.so.6@runtime;malloc@libc.so.6@runtime 30',
	'main@app;Parse@app;lex@app;Parse@app;malloc@libc.so.6@runtime 10',
	'main@app;Parse@app 20',
	'main@app;/usr/bin@app 4',
	'main@app;read@[kernel]@kernel 36',
].join('\n'));
const { view, profile } = page;

const get = (node, by) => by === 'name' ? profile.names[view.name[node]] : by === 'kind' ? page.functionOf(node).kind
	: by === 'module' ? page.functionOf(node).module : by === 'self' ? view.self[node] / profile.total[0]
	: by === 'total' ? view.total[node] / profile.total[0] : view.totalSamples[node];

function found(query, matchCase) {
	const { terms } = page.parseQuery(query, matchCase);
	const { hits, isHit } = page.searchTree(view, terms, profile.names.length, get, Infinity);

	return [Array.from(hits, node => profile.names[view.name[node]]).join(' '), page.matchedValue(view, isHit, 0)];
}

check('case is ignored', found('PARSE', false), ['Parse Parse', 30]);
check('unless asked for', found('PARSE', true), ['', 0]);
check('an empty query matches nothing', found('', false), ['', 0]);
check('blanks match nothing', found('  ', false), ['', 0]);
check('words in a row are one text', found('operator new(', false), ['operator new(unsigned long)', 30]);
check('in that order', found('new operator', false), ['', 0]);
check('text is no expression', found('new(unsigned.', false), ['', 0]);
check('an expression', found('/^p|^lex$/', false), ['Parse lex Parse', 30]);
check('an expression with blanks and slashes', found('/r NEW|\\/usr\\/b/', false), ['operator new(unsigned long) /usr/bin', 34]);
check('a path is no expression', found('/usr/bin', false), ['/usr/bin', 4]);
check('a path that ends in a slash is one', found('/usr/', false), ['/usr/bin', 4]);
check('nested matches count once', found('/parse|malloc/', false), ['malloc Parse Parse malloc', 60]);
check('by kind', found('k:kernel', false), ['read', 36]);
check('by module', found('m:libc', false), ['malloc malloc', 40]);
check('not', found('-m:app -k:kernel', false), ['operator new(unsigned long) malloc malloc', 40]);
check('not an expression', found('-/^[a-z]/ m:app', false), ['/usr/bin', 4]);
check('by share', found('self>20%', false), ['malloc read', 66]);
check('at least', found('self>=30%', false), ['malloc read', 66]);
check('less', found('self<5% self>3%', false), ['/usr/bin', 4]);
check('by samples', found('samples>29 samples<37 m:libc', false), ['malloc', 30]);
check('all terms together', found('k:runtime total<20% mal', false), ['malloc', 10]);
check('quotes', found('"k:kernel"', false), ['', 0]);
check('a bad expression is text', page.parseQuery('/(/', false).error.startsWith('/(/: not a regular expression'), true);
check('and still searched', found('/(/', false), ['', 0]);
check('a share without % is told', page.parseQuery('self>1', false).error, 'self>1: self needs a %: self>1%; taken as text');
check('long names are cut for expressions', page.parseQuery('/(a+)+$/', false).terms[0].test('a'.repeat(1024) + 'b'), true);

// Zoomed to Parse: what is within, only.
const parse = [...page.nodesOfName(profile.names.indexOf('Parse'))][0];
const { isHit } = page.searchTree(view, page.parseQuery('malloc', false).terms, profile.names.length, get, Infinity);

check('within a zoom', page.matchedValue(view, isHit, parse), 10);
check('the zoomed box itself', page.matchedValue(view, page.searchTree(view, page.parseQuery('parse', false).terms,
	profile.names.length, get, Infinity).isHit, parse), 30);
check('a deadline that has passed', page.searchTree(fromFolded(load('search.js'), Array.from({ length: 200 }, (_, i) =>
	'f' + i + ' 1').join('\n')).view, page.parseQuery('f', false).terms, 400, (node, by) => 'f' + by, 0).late, true);

// Whatever is typed: an answer, never an exception, and the same twice.
const PIECES = ['/', '\\', '(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '^', '$', '.', '-', '"', "'", ' ', '\n', '\0', 'self', '>', '<', '=',
		'1', '%', 'k:', 'm:', 'samples', 'total', 'a', 'é', '\ud83d', '\ude00', '\u202e', 'main', '__proto__', 'u{110000}'];
let seed = 1, thrown = '';

for (let round = 0; round < 20000 && !thrown; round++) {
	let query = '';

	for (let i = 0; i < 1 + round % 9; i++) {
		seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
		query += PIECES[(seed >>> 8) % PIECES.length];
	}
	try {
		for (const matchCase of [false, true])
			found(query, matchCase);
	} catch (error) {
		thrown = JSON.stringify(query) + ': ' + error.message;
	}
}
check('no query throws', thrown, '');
finish();
