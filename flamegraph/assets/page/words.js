// SPDX-License-Identifier: MIT
//
// words.js - figures in words, as analyze/units.c writes them, and the interval of a share.
//
// Pure; no document, no page.
(page => {
'use strict';

const NBSP = '\u00a0', DASH = '\u2013';

// "12.3 %": three digits or so; "0 %" and "100 %" only when it is so.
function percent(share) {
	const p = share * 100;

	return (p <= 0 || Number.isNaN(p) ? '0' : p >= 100 ? '100' : p >= 99.95 ? '>99.9' : p < 0.0005 ? '<0.001'
		: p.toFixed(p >= 9.995 ? 1 : p >= 0.0995 ? 2 : 3)) + NBSP + '%';
}

function grouped(count) {
	return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

const SECONDS = { nanosecond: 1e-9, ns: 1e-9, microsecond: 1e-6, us: 1e-6, millisecond: 1e-3, ms: 1e-3,
		  second: 1, s: 1 };

function secondsPer(unit) {
	return SECONDS[unit.length > 2 ? unit.replace(/s$/, '') : unit] || 0;
}

function timeInWords(seconds) {
	const [least, factor, digits, unit] = [[100, 1, 1, 's'], [0.9995, 1, 2, 's'], [0.09995, 1e3, 0, 'ms'],
		[1e-3, 1e3, 2, 'ms'], [1e-6, 1e6, 1, '\u00b5s'], [0, 1e9, 0, 'ns']].find(step => seconds >= step[0]);

	return (seconds * factor).toFixed(digits) + NBSP + unit;
}

function bytesInWords(bytes) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
	let i = 0;

	for (; bytes >= 1024 && i < units.length - 1; i++)
		bytes /= 1024;
	return bytes.toFixed(i ? 1 : 0) + NBSP + units[i];
}

// UNIT: "nanoseconds", "bytes", "samples", …
function valueInWords(value, unit) {
	const seconds = secondsPer(unit);

	if (seconds)
		return timeInWords(value * seconds);
	if (unit === 'bytes')
		return bytesInWords(value);
	return (Number.isInteger(value) ? grouped(value) : String(Number(value.toPrecision(6)))) + NBSP +
		(value === 1 && unit.length > 1 ? unit.replace(/s$/, '') : unit);
}

// The 95 % Wilson interval of a share that was seen in COUNT samples.
function wilson(share, count) {
	if (!(count > 0))
		return [0, 1];
	const z2 = 1.959963984540054 ** 2, p = Math.min(1, Math.max(0, share));
	const centre = p + z2 / (2 * count), spread = Math.sqrt(z2 * (p * (1 - p) / count + z2 / (4 * count * count)));

	return [Math.min(p, Math.max(0, (centre - spread) / (1 + z2 / count))),
		Math.max(p, Math.min(1, (centre + spread) / (1 + z2 / count)))];
}

page.words = { NBSP, DASH, percent, grouped, secondsPer, timeInWords, valueInWords, wilson };
})(page);
