// SPDX-License-Identifier: MIT
//
// palette.js - what colour a frame has: the same function in the same colour in every picture.
//
// Pure but for page.paint at the end.  "kind", the default, has the hues, the shift by module and the
// strength by function of assets/flame.css, told apart by colour-blind people; tests/unit/page-palette.js
// holds the two together, and every pair of label and fill to 4.5:1.
(page => {
'use strict';

const PALETTES = { kind: 'by whose code', module: 'by module', heat: 'by own share',
		   hot: 'classic hot', mem: 'classic mem', io: 'classic io' };

const THIN = 5;	// samples

const THEMES = {
	light: { ground: '#ffffff', text: '#1c1b1a', note: '#5f5b57', focus: '#0b57d0', edge: '#1c1b1a',
		 line: '#8a857f', narrow: '#eceae7', narrowText: '#57534f',
		 own: ['#f4a259', '#f6b26b', '#ef9466'], inlined: ['#f3d867', '#efe07c', '#f6cd6c'],
		 library: ['#74bce8', '#70c6da', '#88b6ee'], runtime: ['#d3cdf7', '#cacff6', '#dccbf4'],
		 kernel: ['#e3a0c6', '#dba2d3', '#e9a3b6'], jit: ['#71cdab', '#83cd9b', '#6fccbc'],
		 unknown: ['#e3ddd3', '#dedbd4', '#e6dad0'], thread: ['#d9dce1'], marker: ['#f4f3f1'] },
	dark: { ground: '#16171a', text: '#f1efec', note: '#a9a6a2', focus: '#8ab4f8', edge: '#ffffff',
		line: '#8d8984', narrow: '#2a2b2e', narrowText: '#b9b6b2',
		own: ['#8d3a0d', '#8a4413', '#92331c'], inlined: ['#796e1b', '#736f1c', '#84661a'],
		library: ['#1c5d87', '#17646f', '#2b5597'], runtime: ['#4a4d98', '#41549b', '#5a4894'],
		kernel: ['#8b3a6b', '#7f3d7c', '#943d53'], jit: ['#15694c', '#29683a', '#136760'],
		unknown: ['#443f38', '#42403b', '#473e38'], thread: ['#474b53'], marker: ['#232427'] },
};

// Hue range, saturation and the lightness in each theme; a hash chooses within.
const CLASSIC = { hot: [6, 50], mem: [88, 160], io: [190, 232] };

// np_colour_hash() of the C side: FNV-1a over UTF-8 with a last mix.
function colourHash(text) {
	let hash = 2166136261;

	for (const byte of new TextEncoder().encode(text))
		hash = Math.imul(hash ^ byte, 16777619);
	hash ^= hash >>> 15;
	hash = Math.imul(hash, 0x2c1b3c6d);
	return (hash ^ hash >>> 13) >>> 0;
}

function hex(r, g, b) {
	return '#' + [r, g, b].map(c => Math.round(c).toString(16).padStart(2, '0')).join('');
}

function blend(over, under, opacity) {
	const part = (text, at) => parseInt(text.slice(at, at + 2), 16);

	return hex(...[1, 3, 5].map(at => part(over, at) * opacity + part(under, at) * (1 - opacity)));
}

function fromHsl(hue, saturation, lightness) {
	const a = saturation * Math.min(lightness, 1 - lightness);
	const channel = n => {
		const k = (n + hue / 30) % 12;

		return 255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
	};

	return hex(channel(0), channel(8), channel(4));
}

// The fill of a frame: KIND one of page.KINDS, BY_NAME and BY_MODULE hashes, SHARE its own part of the whole.
function colourOf(palette, theme, kind, byName, byModule, share) {
	const colours = THEMES[theme], dark = theme === 'dark';

	if (kind === 'thread' || kind === 'marker')
		return colours[kind][0];
	if (palette === 'heat')
		return blend(colours.own[2], colours.unknown[0], Math.sqrt(Math.min(1, share * 5)));
	if (CLASSIC[palette]) {
		const [from, to] = CLASSIC[palette], hue = from + (to - from) * (byName % 97) / 96;

		return fromHsl(hue, dark ? 0.5 : 0.82, (dark ? 0.25 : 0.72) + (byName % 7) * 0.006);
	}
	const strength = [1, 0.84, 0.68][byName % 3];

	if (palette === 'module')
		return blend(fromHsl(byModule % 24 * 15, dark ? 0.45 : 0.6, dark ? 0.28 : 0.75),
			     colours.ground, strength);
	return blend(colours[kind][byModule % 3], colours.ground, strength);
}

// When nothing is known of whose code anything is, all is drawn as own code, shifted by name.
function makePaint(palette, theme) {
	const { profile } = page, known = new Map(), whole = profile.total[0] || 1;
	const kindsKnown = profile.kind.some(kind => !['unknown', 'marker', 'thread'].includes(page.KINDS[kind]));

	return Object.assign({ palette, theme, fill(node) {
		const { view } = page, name = view.name[node];
		// Of the own share the colour needs only some steps.
		const step = palette === 'heat' ? Math.round(Math.min(0.2, view.self[node] / whole) * 1000) : 0;
		const key = (name * 16 + view.kind[node]) * 256 + step;
		let colour = known.get(key);

		if (!colour) {
			const { name: text, module, kind } = page.functionOf(node), byName = colourHash(text);

			colour = kindsKnown || kind !== 'unknown'
				? colourOf(palette, theme, kind, byName, colourHash(module), step / 1000)
				: colourOf(palette, theme, 'own', byName, Math.floor(byName / 3), step / 1000);
			known.set(key, colour);
		}
		return colour;
	},
	// Fewer samples than tell anything: hatched.
	isThin: node => profile.samplesKnown && page.view.totalSamples[node] < THIN }, THEMES[theme]);
}

// What is in force: page.paint.fill(node), .isThin(node), .text, .ground, .focus, .edge, .line, .narrow,
// .narrowText; 'paint' is emitted when it changed.
function repaint() {
	const { theme, palette } = page.state, dark = theme === 'dark' || theme === 'auto' && prefersDark();

	page.paint = makePaint(PALETTES[palette] ? palette : 'kind', dark ? 'dark' : 'light');
	document.documentElement.dataset.theme = page.paint.theme;
	page.emit('paint');
}

const prefersDark = () => matchMedia('(prefers-color-scheme: dark)').matches;

page.ready(() => {
	repaint();
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
	page.on('change', patch => ('theme' in patch || 'palette' in patch) && repaint());
});

page.makePaint = makePaint;
page.PALETTES = PALETTES;
page.THEMES = THEMES;
page.colourHash = colourHash;
page.colourOf = colourOf;
})(page);
