// SPDX-License-Identifier: MIT
//
// page-table.js - the rows of the ranking, their order, and what is copied of them.
'use strict';
const { load, fromFolded, check, finish } = require('./page-load.js');

const page = fromFolded(load('search.js', 'panels.js', 'table.js'), [
	'main@app;hash@app 40',
	'main@app;=cmd|calc!A0@app;read@[kernel]@kernel 35',
	'main@app;hash@app;hash@app 15',
	'[truncated: depth]@@marker;a"b,c@lib;x.so 10',
].join('\n'));
const { functions, names } = page.profile;

// What C would have computed: hash first, main without a figure.
functions.rank = Int32Array.of(names.indexOf('hash'), names.indexOf('read'), names.indexOf('main'));
functions.roi = Float64Array.from(names, name => name === 'hash' ? 12.5 : name === 'main' ? NaN : 3);
functions.score = functions.roi.map(value => value * 2);
functions.complexity = functions.roi.map(() => 1);

const { makeRows, sortRows, filterRows, FORMATS } = page.table, rows = makeRows(page.profile, page.view);
const order = (key, down) => sortRows(rows.slice(), key, down).map(row => row.name);
const hash = rows.find(row => row.name === 'hash');

check('markers are not ranked', rows.some(row => row.kind === 'marker'), false);
check('recursion counts once', [hash.self, hash.total, hash.samples, hash.totalSamples], [0.55, 0.55, 55, 55]);
check('the bound is Wilson\'s', [hash.lower.toFixed(6), hash.upper.toFixed(6)], ['0.452446', '0.643855']);
check('twice as fast saves half', hash.saves, 0.275);
check('by rank, the unranked last', order('rank', false).slice(0, 3), ['hash', 'read', 'main']);
check('by ROI, the unknown last', order('roi', true).at(-1), 'main');
check('upward, too', order('roi', false).at(-1), 'main');
check('by total', order('total', true).slice(0, 2), ['main', 'hash']);
check('by name', order('name', false)[0], '=cmd|calc!A0');
check('filtered', filterRows(rows, page.parseQuery('k:kernel', false).terms).map(row => row.name), ['read']);
check('filtered by share', filterRows(rows, page.parseQuery('self>40%', false).terms).map(row => row.name), ['hash']);
check('no filter, all', filterRows(rows, []).length, rows.length);

const sorted = sortRows(rows.slice(), 'rank', false), csv = FORMATS.CSV(sorted);

check('a formula is none any more', csv.includes('"\'=cmd|calc!A0"'), true);
check('quotes and commas', csv.includes('"a""b,c"'), true);
check('one line a row', csv.split('\n').length, rows.length + 2);
check('the first row', csv.split('\n')[1], '1,hash,app,own,12.5,25,1,55,45.244603,55,,55,55,27.5');
check('JSON comes back', JSON.parse(FORMATS.JSON(sorted))[0], { rank: 1, function: 'hash', module: 'app', kind: 'own', roi: 12.5,
	score: 25, complexity: 1, self_percent: 55, self_percent_lower95: 45.244603, total_percent: 55, calls: null,
	samples_self: 55, samples_total: 55, saves_2x_percent: 27.5 });
check('Markdown cannot be left', FORMATS.Markdown(sorted).split('\n').every(line => line === '' || line.split(/(?<!\\)\|/).length === 16), true);
finish();
