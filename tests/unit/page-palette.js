// SPDX-License-Identifier: MIT
//
// page-palette.js - colours of the page: readable, those of the pictures, the same everywhere and always.
'use strict';
const fs = require('fs'), path = require('path');
const { PLACE, load, check, finish } = require('./page-load.js');

const page = load('palette.js'), { THEMES, PALETTES, KINDS } = page;
const read = file => fs.readFileSync(path.join(PLACE, file), 'utf8');

function luminance(hex) {
	const [r, g, b] = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
		.map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, two) {
	const [low, high] = [luminance(one), luminance(two)].sort((a, b) => a - b);

	return (high + 0.05) / (low + 0.05);
}

/* Labels on every fill that any name can get */

for (const theme of Object.keys(THEMES)) {
	const { text, note, ground, narrow, narrowText, focus, edge } = THEMES[theme];
	let weakest = 99, where = '';
	const look = (ink, fill, what) => {
		const ratio = contrast(ink, fill);

		if (ratio < weakest)
			[weakest, where] = [ratio, what];
	};

	for (const palette of Object.keys(PALETTES))
		for (const kind of KINDS)
			// 97 * 7 * 3 and 24 * 3 hashes are all that matter.
			for (let i = 0; i < 97 * 7 * 3; i++)
				look(text, page.colourOf(palette, theme, kind, i, i % 72, i / 2036), theme + ' ' + palette + ' ' + kind + ' ' + i);
	look(narrowText, narrow, theme + ' narrow');
	look(note, ground, theme + ' note');
	check('every label is readable: ' + where + ' ' + weakest.toFixed(2), weakest >= 4.5, true);
	check(theme + ': focus and edge are seen on the ground', Math.min(contrast(focus, ground), contrast(edge, ground)) >= 3, true);
}

/* The same as the pictures' */

const css = read('../flame.css'), dark = css.indexOf('@media (prefers-color-scheme: dark)');
const LETTERS = { own: 'o', inlined: 'i', library: 'l', runtime: 'r', kernel: 'k', jit: 'j', unknown: 'u' };

for (const [theme, part] of [['light', css.slice(0, dark)], ['dark', css.slice(dark, css.indexOf('\n}', dark))]]) {
	for (const [kind, letter] of Object.entries(LETTERS))
		check('flame.css has the same ' + theme + ' ' + kind, [0, 1, 2].map(shift =>
			new RegExp('\\.k' + letter + '\\.h' + shift + ' rect \\{ fill: (#\\w{6})').exec(part)[1]), THEMES[theme][kind]);
	check('and the same ' + theme + ' threads', /\.kt rect \{ fill: (#\w{6})/.exec(part)[1], THEMES[theme].thread[0]);
}

// np_colour_hash() of the C side, in integers that do not wrap by themselves.
function plainHash(text) {
	let hash = 2166136261n;

	for (const byte of Buffer.from(text, 'utf8'))
		hash = (hash ^ BigInt(byte)) * 16777619n & 0xffffffffn;
	hash ^= hash >> 15n;
	hash = hash * 0x2c1b3c6dn & 0xffffffffn;
	return Number((hash ^ hash >> 13n) & 0xffffffffn);
}

for (const text of ['', 'main', 'h\u00e4sh', '\u65e5\u672c'])
	check('the hash of ' + text, page.colourHash(text), plainHash(text));

/* Deterministic, and different where it should be */

check('the same name, the same colour', page.colourOf('hot', 'light', 'own', 5, 1, 0), page.colourOf('hot', 'light', 'kernel', 5, 9, 0.3));
check('threads are grey in every palette', new Set(Object.keys(PALETTES).map(palette =>
	page.colourOf(palette, 'light', 'thread', 1, 1, 1))).size, 1);
check('hotter is stronger', luminance(page.colourOf('heat', 'light', 'own', 1, 1, 0.2)) <
	luminance(page.colourOf('heat', 'light', 'own', 1, 1, 0.01)), true);

/* Variables of the style: text on each ground */

const style = read('page.css'), variables = part => Object.fromEntries(Array.from(part.matchAll(/--(\w+): (#\w{6})/g), found => found.slice(1)));
const light = variables(style.slice(0, style.indexOf('data-theme="dark"')));
const darkStyle = { ...light, ...variables(style.slice(style.indexOf('data-theme="dark"'), style.indexOf('data-theme="light"'))) };

for (const [theme, values] of [['light', light], ['dark', darkStyle]]) {
	for (const ground of ['ground', 'raised', 'hover', 'pick'])
		for (const ink of ['text', 'note'])
			check(theme + ': ' + ink + ' on ' + ground, contrast(values[ink], values[ground]) >= 4.5, true);
	for (const ink of ['good', 'fair', 'poor'])
		check(theme + ': ' + ink, contrast(values[ink], values.ground) >= 4.5, true);
	for (const line of ['edge', 'focus'])
		check(theme + ': ' + line + ' is seen', contrast(values[line], values.ground) >= 3, true);
}
finish();
