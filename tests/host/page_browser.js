// SPDX-License-Identifier: MIT
//
// page_browser.js - the HTML page's panels in a real browser: node page_browser.js REPORT_TOOL GOLDEN_DIR [SHOTS_DIR]
//
// Ranking, sandwich, search, keyboard, ARIA, links, themes, print.  Only what a user has is looked at: the
// document, the address, the clipboard.  Needs Chromium ($CHROMIUM or /usr/bin/chromium) and playwright-core
// ($NP_PLAYWRIGHT, its directory, or anywhere node looks); without, exit 77.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path');
const { execFileSync } = require('child_process');

const [, , tool, golden, shots] = process.argv;
const browserPath = process.env.CHROMIUM || '/usr/bin/chromium';
let playwright, failures = 0, checks = 0;

function skip(why) {
	console.log('skipped: ' + why);
	process.exit(77);
}

try {
	playwright = require(process.env.NP_PLAYWRIGHT || 'playwright-core');
} catch (error) {
	skip('no playwright-core: npm install playwright-core somewhere, NP_PLAYWRIGHT=<there>/node_modules/playwright-core');
}
if (!fs.existsSync(browserPath))
	skip('no ' + browserPath + ': apt-get install chromium');

function check(what, condition, detail) {
	checks++;
	if (!condition) {
		failures++;
		console.log('FAIL ' + what + (detail === undefined ? '' : ': ' + JSON.stringify(detail)));
	}
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'np-page-'));
function draw(name, folded, ...options) {
	const input = path.join(work, name + '.folded'), output = path.join(work, name + '.html');

	fs.writeFileSync(input, folded);
	execFileSync(tool, [input, '-f', 'html', '-o', output, ...options]);
	return 'file://' + output;
}

async function open(page, address) {
	await page.goto('about:blank');
	await page.goto(address);
	await page.waitForSelector('html.live');
}

/* What can be seen and heard */

const plain = text => text.replace(/\u00a0/g, ' ');
const selected = page => page.evaluate(() => {
	const items = document.querySelectorAll('[role=treeitem][aria-selected=true]');

	return items.length === 1 ? items[0].getAttribute('aria-label').split(',')[0] : items.length + ' selected';
});
const heard = page => page.locator('[role=status]').textContent().then(plain);
const output = page => page.locator('.search output').textContent().then(plain);
const status = page => page.locator('.status').textContent().then(plain);
const rows = page => page.evaluate(() => Array.from(document.querySelectorAll('.space .row'), row =>
	Array.from(row.querySelectorAll('[role=gridcell]'), cell => cell.textContent.replace(/\u00a0/g, ' '))));
const names = async page => (await rows(page)).map(row => row[1]);
const press = async (page, ...keys) => {
	for (const key of keys)
		await page.keyboard.press(key);
};
const hash = page => page.evaluate(() => decodeURIComponent(location.hash));

// In milliseconds, so that shares are easy: 1000 samples.
const STACKS = 'main;parse;lex 300\nmain;parse;lex;parse 100\nmain;hash 400\nmain;io;read 150\nmain;io;write 48\nmain;io 2\n';

async function keys(page) {
	await open(page, draw('keys', STACKS));
	check('the root is where it begins', await selected(page) === 'all', await selected(page));
	for (const [key, name] of [['ArrowUp', 'main'], ['ArrowUp', 'hash'], ['ArrowRight', 'io'], ['ArrowUp', 'read'],
				   ['ArrowRight', 'write'], ['ArrowDown', 'io'], ['ArrowLeft', 'hash'], ['ArrowRight', 'io'],
				   ['ArrowRight', 'parse'], ['ArrowRight', 'parse'], ['ArrowLeft', 'io']]) {
		await press(page, key);
		check(key + ' to ' + name, await selected(page) === name, await selected(page));
	}
	await press(page, 'Enter');
	check('Enter zooms', (await hash(page)).includes('zoom=') && await heard(page) === 'Zoomed to io', await heard(page));
	await press(page, 'ArrowDown');
	check('out of the zoom on its way', await selected(page) === 'main');
	await press(page, 'ArrowUp');
	check('and back on it, not to the widest', await selected(page) === 'io', await selected(page));
	await press(page, 'ArrowRight');
	check('nothing beside the zoomed box', await selected(page) === 'io');
	await press(page, 'Backspace');
	check('Backspace zooms out by one', await heard(page) === 'Zoomed to main' && await selected(page) === 'main');
	await press(page, 'Escape');
	check('Esc shows all', !(await hash(page)).includes('zoom=') && await heard(page) === 'All is shown');
	await press(page, 'ArrowUp', ' ');
	check('Space zooms', await heard(page) === 'Zoomed to hash', await heard(page));
	await press(page, '0');
	check('0 shows all', await heard(page) === 'All is shown');
	await press(page, 'i');
	check('i turns it over', (await hash(page)).includes('view=icicle') &&
		await page.locator('button', { hasText: 'Icicle' }).getAttribute('aria-pressed') === 'true');
	await press(page, 'ArrowUp');
	check('then up is the caller', await selected(page) === 'main', await selected(page));
	await press(page, 'ArrowDown');
	check('and down the callee', await selected(page) === 'hash');
	await press(page, 'i', 'd');
	check('d is dark', await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	await press(page, 'd', 's');
	check('s is the sandwich', await page.locator('#panel-sandwich').isVisible());
	await press(page, 't');
	check('t is the ranking', await page.locator('#panel-ranking').isVisible());
	await press(page, 't');
	check('and away again', !await page.locator('#panel-ranking').isVisible());
	await press(page, 't', 'r');
	check('r collapses recursion', (await hash(page)).includes('t=recursion'), await hash(page));
	await press(page, 'u');
	check('u takes it back', !(await hash(page)).includes('t=recursion'));
	await press(page, 'U');
	check('U does it again', (await hash(page)).includes('t=recursion'));
	await press(page, 'Control+z');
	check('so does Ctrl-Z', !(await hash(page)).includes('t=recursion'));
	await press(page, 'Control+y', 'r');
	check('and Ctrl-Y, and r twice', !(await hash(page)).includes('t=recursion'));
	await press(page, '/', 'h', 'a', 's', 'h', 'Enter', 'Escape', 'Escape', 'b');
	check('b begins at it, and it stays selected', (await hash(page)).includes('t=root') && await selected(page) === 'hash',
		await selected(page));
	await press(page, 'u', 'm');
	check('m is the menu', await page.locator('[role=menu]').isVisible());
	await press(page, 'Escape', '?');
	check('? is the list of keys', await page.locator('dialog').isVisible());
	await page.locator('dialog input').uncheck();
	await press(page, 'Escape', 'd');
	check('keys without Ctrl can be turned off', await page.evaluate(() => document.documentElement.dataset.theme) === 'light');
	await press(page, 'Control+f');
	check('Ctrl-F is the search', await page.evaluate(() => document.activeElement.type) === 'search');
}

async function aria(page) {
	await open(page, draw('aria', STACKS));
	await press(page, 'ArrowUp', 'ArrowUp', 'ArrowRight');	// io
	const items = await page.evaluate(() => Array.from(document.querySelectorAll('[role=tree] > *'), item => [
		item.getAttribute('role'), item.getAttribute('aria-label').split(',')[0], item.getAttribute('aria-level'),
		item.getAttribute('aria-posinset'), item.getAttribute('aria-setsize'), item.getAttribute('aria-expanded'),
		item.tabIndex]));

	check('the tree around the selected box', JSON.stringify(items) === JSON.stringify([
		['treeitem', 'all', '1', '1', '1', 'true', -1], ['treeitem', 'main', '2', '1', '1', 'true', -1],
		['treeitem', 'hash', '3', '1', '3', null, -1], ['treeitem', 'io', '3', '2', '3', 'true', 0],
		['treeitem', 'read', '4', '1', '2', null, -1], ['treeitem', 'write', '4', '2', '2', null, -1],
		['treeitem', 'parse', '3', '3', '3', 'true', -1]]), items);
	const label = plain(await page.locator('[aria-selected=true][role=treeitem]').getAttribute('aria-label'));

	check('it says how much', label === 'io, Total 200 samples \u00b7 20.0 % of all (95 %: 17.6 % \u2026 22.6 %) \u00b7 20.0 % of ' +
		'its caller, Self 2 samples \u00b7 0.20 % of all, Samples 200', label);
	check('the tree has a name', await page.locator('[role=tree]').getAttribute('aria-label') !== null);
	check('the canvas is silent', await page.locator('canvas').getAttribute('aria-hidden') === 'true');
	await page.locator('.graph canvas').click({ position: { x: 5, y: 5 } });
	check('a click gives the graph the focus', await page.evaluate(() => document.activeElement.getAttribute('role')) === 'treeitem');
	check('which can be seen', await page.evaluate(() => getComputedStyle(document.querySelector('.graph')).outlineStyle) === 'solid');
	// All that can be reached by Tab, once round.
	const stops = [];

	await open(page, page.url());
	for (let i = 0; i < 40; i++) {
		await press(page, 'Tab');
		const stop = await page.evaluate(() => {
			const { activeElement: at } = document, style = getComputedStyle(at);

			return at === document.body ? null : { role: at.getAttribute('role') || at.localName, label: at.getAttribute('aria-label') ||
				at.title || at.textContent, ring: style.outlineStyle !== 'none' || at.closest('.graph.focused') !== null };
		});

		if (!stop)
			break;
		stops.push(stop);
	}
	const count = role => stops.filter(stop => stop.role === role).length;

	check('one stop in the tree, the tabs and the rows', count('treeitem') === 1 && count('tab') === 1 && count('row') === 1, stops);
	check('every stop has a name', stops.every(stop => stop.label), stops);
	check('every stop can be seen', stops.every(stop => stop.ring), stops.filter(stop => !stop.ring));
	const odd = await page.evaluate(() => Array.from(document.querySelectorAll('#app button, #app input, #app select'), element =>
		element.getAttribute('aria-label') || element.textContent.trim() || element.title).filter(name => !name).length);

	check('no control without a name', odd === 0, odd);
	check('no id twice', await page.evaluate(() => new Set(Array.from(document.querySelectorAll('[id]'), one => one.id)).size ===
		document.querySelectorAll('[id]').length));
}

async function tabs(page) {
	await open(page, draw('tabs', STACKS));
	const open_one = () => page.evaluate(() => Array.from(document.querySelectorAll('[role=tabpanel]'), panel => panel.hidden ? '' : panel.id).join(''));

	check('the ranking is open', await open_one() === 'panel-ranking');
	await page.locator('#tab-ranking').focus();
	await press(page, 'ArrowRight');
	check('right is the next', await open_one() === 'panel-sandwich' &&
		await page.evaluate(() => document.activeElement.id) === 'tab-sandwich');
	await press(page, 'End');
	check('End is the last', await open_one() === 'panel-about');
	await press(page, 'ArrowRight');
	check('and round', await open_one() === 'panel-ranking');
	check('tabs and panels know each other', await page.evaluate(() => Array.from(document.querySelectorAll('[role=tab]')).every(tab =>
		document.getElementById(tab.getAttribute('aria-controls')).getAttribute('aria-labelledby') === tab.id)));
	const height = () => page.locator('.graph').boundingBox().then(box => box.height), before = await height();

	await page.locator('[role=separator].split').focus();
	await press(page, 'ArrowDown', 'ArrowDown');
	check('the line between can be moved by key', await height() > before + 10, [before, await height()]);
	await page.locator('#tab-ranking').click();
	check('a second click closes', await open_one() === '' && await height() > before + 60);
}

async function searching(page) {
	await open(page, draw('search', STACKS));
	await press(page, '/');
	await page.keyboard.type('PARSE');
	check('nested matches count once', await output(page) === '40.0 % matched \u00b7 2', await output(page));
	await press(page, 'Enter');
	check('Enter goes to the first', await output(page) === '40.0 % matched \u00b7 1/2' && await selected(page) === 'parse', await output(page));
	await press(page, 'Enter', 'Enter');
	check('and round', (await output(page)).endsWith('1/2'), await output(page));
	await press(page, 'Shift+Enter');
	check('Shift-Enter goes back', (await output(page)).endsWith('2/2'), await output(page));
	check('the search keeps the focus', await page.evaluate(() => document.activeElement.type) === 'search');
	await page.locator('button', { hasText: 'Aa' }).click();
	check('with case nothing', await output(page) === '0 % matched \u00b7 0', await output(page));
	await page.locator('button', { hasText: 'Aa' }).click();
	for (const [query, wanted] of [['/^(read|hash)$/', '55.0 % matched \u00b7 2'], ['self>20%', '80.0 % matched \u00b7 2'],
				       ['samples>399', '100 % matched \u00b7 4'], ['m:nothing', '0 % matched \u00b7 0'],
				       ['k:unknown total<10%', '4.80 % matched \u00b7 1']]) {
		await page.fill('.search input', query);
		check(query, await output(page) === wanted, await output(page));
	}
	await page.fill('.search input', '/(/');
	check('a broken expression is told', await page.locator('.search input.bad').count() === 1 &&
		(await page.locator('.search input').getAttribute('title')).includes('not a regular expression'));
	await page.fill('.search input', 'r');
	await press(page, 'Escape', 'Escape');
	check('Esc clears, then leaves', await page.inputValue('.search input') === '' &&
		await page.evaluate(() => document.activeElement.getAttribute('role')) === 'treeitem');
	await page.fill('.search input', 'io');
	await press(page, 'Enter', 'Escape', 'Escape', 'Enter');
	check('io is zoomed', await heard(page) === 'Zoomed to io', await heard(page));
	await page.fill('.search input', 'read|hash');
	check('text is no expression', (await output(page)).startsWith('0 % matched'), await output(page));
	await page.fill('.search input', 'read');
	check('of all and of the zoom', await output(page) === '15.0 % matched, 75.0 % of zoom \u00b7 1', await output(page));
	await press(page, 'Escape', 'Escape', 'n');
	check('n without a search does nothing', await selected(page) === 'io', await selected(page));
	check('the result is announced', await page.locator('.search output').getAttribute('aria-live') === 'polite');
	// Seconds of backtracking for each name would be too many; the page answers.
	await page.fill('.search input', '/(a|a)*$/');
	check('an evil expression does not hang', (await output(page)).includes('matched'));
}

async function ranking(page) {
	await open(page, draw('ranking', STACKS));
	const first = await names(page);

	check('by ROI as the report', first[0] === execFileSync(tool, [path.join(work, 'ranking.folded'), '--no-svg', '-f', 'csv'])
		.toString().split('\n')[1].split(',')[1], first);
	check('figures', JSON.stringify((await rows(page)).find(row => row[1] === 'hash').slice(2, 8)) ===
		JSON.stringify(['40.0 %', '40.0 %', '\u2013', '400', '37.0 %', '20.0 %']), (await rows(page)).find(row => row[1] === 'hash'));
	for (const [label, key, down, up] of [['Self', 'c-self', 'hash', 'main'], ['Function', 'c-name', 'hash', 'write']]) {
		const head = page.locator('.heads .' + key);

		await page.locator('.heads button', { hasText: label }).click();
		const sort = await head.getAttribute('aria-sort'), one = (await names(page))[0];

		await page.locator('.heads button', { hasText: label }).click();
		check('by ' + label, one === down && (await names(page))[0] === up && sort !== await head.getAttribute('aria-sort') &&
			/ascending|descending/.test(sort), [one, (await names(page))[0], sort]);
	}
	check('only one is sorted by', await page.locator('.heads [aria-sort]:not([aria-sort=none])').count() === 1);
	await page.fill('.panel-bar input', 'self>10%');
	check('filtered', JSON.stringify((await names(page)).sort()) === '["hash","lex","read"]' &&
		await page.locator('.panel-bar output').textContent() === '3 of 7 functions', await names(page));
	await page.fill('.panel-bar input', '');
	await page.locator('.space .row', { hasText: 'write' }).click();
	check('a row selects its box', await selected(page) === 'write' && (await hash(page)).includes('sel='));
	check('and is selected', await page.locator('.space .row[aria-selected=true]').count() === 1 &&
		(await page.locator('.space .row[aria-selected=true]').textContent()).includes('write'));
	await page.locator('.space .row', { hasText: 'parse' }).click();
	check('the widest box of several', (await status(page)).startsWith('parseTotal 400 samples'), await status(page));
	check('it says in how many', await heard(page) === 'parse: 2 boxes', await heard(page));
	// The inner parse is in the fourth row above the root; an outline in the colour of the focus is around it, too.
	await page.waitForTimeout(100);
	const marked = () => page.evaluate(() => {
		const canvas = document.querySelector('.graph canvas'), from = canvas.height - 5 * 18;
		const { data } = canvas.getContext('2d').getImageData(0, from, canvas.width, 18);
		let count = 0;

		for (let i = 0; i < data.length; i += 4)
			count += data[i] < 60 && data[i + 2] > 180;
		return count;
	});

	check('the same function elsewhere is marked', await marked() > 100, await marked());
	await page.locator('.space .row', { hasText: 'hash' }).click();
	await page.waitForTimeout(100);
	check('others are not', await marked() === 0, await marked());
	await page.locator('.space .row', { hasText: 'parse' }).click();
	await page.locator('[role=treeitem][aria-selected=true]').focus();
	await press(page, 'ArrowUp');
	check('a box selects its row', (await page.locator('.space .row[aria-selected=true]').textContent()).includes('lex'));
	await page.locator('.space .row[tabindex="0"]').focus();
	await press(page, 'Home');
	const at = () => page.evaluate(() => document.activeElement.getAttribute('aria-rowindex'));

	check('Home is the first row', await at() === '2', await at());
	await press(page, 'ArrowDown', 'ArrowDown');
	check('down twice', await at() === '4', await at());
	await press(page, 'End', 'ArrowDown');
	check('End is the last, and nothing below', await at() === '8', await at());
	await press(page, 'ArrowUp', 'Enter');
	const wanted = (await names(page))[5];

	check('Enter selects the box', await selected(page) === wanted, [await selected(page), wanted]);
	check('the focus stays in the rows', await at() === '7', await at());
	check('the row count is told', await page.locator('[role=grid]').getAttribute('aria-rowcount') === '8');
	await page.locator('.space .row', { hasText: 'io' }).dblclick();
	check('a double click zooms', await heard(page) === 'io: 1 box' && (await hash(page)).includes('zoom='), await hash(page));
	await page.locator('.space .row', { hasText: 'hash' }).click();
	check('a box outside of the zoom leaves it', !(await hash(page)).includes('zoom='), await hash(page));
	// What is copied.
	await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: {
		writeText: async text => { window.copied = text; } }, configurable: true }));
	const copied = async format => {
		await page.locator('button', { hasText: 'Copy ' + format }).click();
		return page.evaluate(() => window.copied);
	};

	check('CSV', (await copied('CSV')).split('\n').length === 9);
	check('JSON', JSON.parse(await copied('JSON')).find(row => row.function === 'hash').self_percent === 40);
	check('Markdown', (await copied('Markdown')).startsWith('| rank | function |'));
	check('it is announced', await heard(page) === '7 rows copied as Markdown', await heard(page));
	await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }));
	await page.locator('button', { hasText: 'Copy CSV' }).click();
	check('without a clipboard object, too', await heard(page) === '7 rows copied as CSV' &&
		await page.locator('textarea').count() === 0);
}

async function many(page) {
	await open(page, draw('many', Array.from({ length: 20000 }, (_, i) => 'main;f' + i + ' ' + (i % 97 + 1)).join('\n') + '\n'));
	const count = () => page.locator('.space .row').count();

	check('rows in sight only', await count() < 60, await count());
	await page.evaluate(() => { document.querySelector('.grid').scrollTop = 26 * 10000; });
	await page.waitForFunction(() => Number(document.querySelector('.space .row').getAttribute('aria-rowindex')) > 9900);
	check('in the middle, too', await count() < 60 && await count() > 8, await count());
	await page.locator('.space .row[tabindex="0"]').first().focus();
	await press(page, 'End');
	check('End is the last of 20 001', await page.evaluate(() => document.activeElement.getAttribute('aria-rowindex')) === '20002');
	await page.fill('.panel-bar input', 'f19999');
	check('found', JSON.stringify(await names(page)) === '["f19999"]', await names(page));
	await page.locator('.space .row').click();
	check('selected, though narrower than a pixel', await selected(page) === 'f19999');
	check('the tree for listeners stays small', await page.locator('[role=treeitem]').count() < 50);
	// Fewer than five samples: hatched.
	await page.fill('.panel-bar input', '/^f[0-3]$/');
	check('thin ones are hatched', await page.locator('.bar-of.thin').count() === 4);
	await page.fill('.panel-bar input', 'f96');
	check('thick ones are not', await page.locator('.bar-of.thin').count() < await count());
}

async function deep(page) {
	const frames = Array.from({ length: 30000 }, (_, i) => i % 3 ? 'f' + i % 3 : 'again');

	await open(page, draw('deep', frames.join(';') + ';leaf 700\n' + 'again;side 500\n'));
	await page.fill('.panel-bar input', 'leaf');
	await page.locator('.space .row').click();
	check('the deepest box is selected', await selected(page) === 'leaf', await selected(page));
	check('its callers are not all made elements', await page.locator('[role=treeitem]').count() < 60);
	check('but its level is told', await page.locator('[role=treeitem][aria-selected=true]').getAttribute('aria-level') === '30002');
	await page.locator('#tab-sandwich').click();
	check('the levels of the sandwich are bounded, and it says so', await page.locator('.sandwich .box').count() === 101 &&
		(await page.locator('#panel-sandwich p').textContent()).includes('deeper than 100 levels'));
	await page.locator('.sandwich .box').nth(99).click();
	await press(page, 't');
	await page.fill('.panel-bar input', 'again');
	await page.locator('.space .row').click();
	check('recursion of 10 000 counts once', (await rows(page))[0][3] === '100 %', await rows(page));
}

async function closer(page) {
	await open(page, draw('closer', Array.from({ length: 3000 }, (_, i) => 'main;f' + i + ' 10').join('\n') + '\nmain;wide 9000\n'));
	const canvas = await page.locator('.graph canvas').boundingBox();

	await press(page, 'ArrowUp', 'ArrowUp', 'ArrowLeft');
	check('what is narrower than a pixel is passed over', await selected(page) === 'wide', await selected(page));
	await page.mouse.move(canvas.x + 100, canvas.y + canvas.height - 30);
	await page.keyboard.down('Control');
	for (let i = 0; i < 3; i++)
		await page.mouse.wheel(0, -2000);
	await page.keyboard.up('Control');
	const inner = { position: { x: 100, y: canvas.height - 18 * 2.5 } };

	await page.locator('.graph canvas').click({ ...inner, modifiers: ['Shift'] });
	const first = await selected(page);

	await press(page, 'ArrowRight');
	check('unless one looks closer', /^f\d+$/.test(first) && /^f\d+$/.test(await selected(page)) && first !== await selected(page),
		[first, await selected(page)]);
	await page.fill('.panel-bar input', 'wide');
	await page.locator('.space .row').click();
	const at = async () => {
		await page.locator('.graph canvas').click({ ...inner, modifiers: ['Shift'] });
		return selected(page);
	};

	check('what is selected elsewhere ends that', await selected(page) === 'wide' && await at() !== first, await at());
}

async function sandwich(page) {
	await open(page, draw('sandwich', STACKS + 'other;parse 100\n'));
	await page.locator('#tab-sandwich').click();
	check('nothing is chosen', (await page.locator('#panel-sandwich').textContent()).startsWith('Choose a function'));
	await page.locator('#tab-ranking').click();
	await page.locator('.space .row', { hasText: 'parse' }).click();
	await page.locator('#tab-sandwich').click();
	check('merged over its places', plain(await page.locator('#panel-sandwich p').textContent()) ===
		'parse: 500 samples, 45.5 % of all, in 2 places', await page.locator('#panel-sandwich p').textContent());
	const boxes = await page.evaluate(() => Array.from(document.querySelectorAll('.sandwich .box'), box => [box.textContent,
		Math.round(parseFloat(box.style.top)), Math.round(parseFloat(box.style.width))]));

	check('callers above, callees below', JSON.stringify(boxes.sort()) === JSON.stringify([['lex', 40, 80], ['main', 0, 80],
		['other', 0, 20], ['parse', 20, 100], ['parse', 60, 20]].sort()), boxes);
	await page.locator('.sandwich .focal').focus();
	await press(page, 'ArrowDown');
	check('down to the callee', await page.evaluate(() => document.activeElement.textContent) === 'lex');
	await press(page, 'ArrowUp', 'ArrowUp');
	check('up to the caller', await page.evaluate(() => document.activeElement.textContent) === 'main');
	await press(page, 'ArrowRight');
	check('right to the other', await page.evaluate(() => document.activeElement.textContent) === 'other');
	await press(page, 'Enter');
	check('Enter looks at that one', await page.locator('.sandwich .focal').textContent() === 'other' &&
		await selected(page) === 'other');
}

async function links(page) {
	const address = draw('links', STACKS);

	await open(page, address);
	await page.fill('.search input', 'read');
	await press(page, 'Enter', 'Escape', 'Escape', 'ArrowDown', 'Enter', 'i');
	await page.fill('.search input', 'wr');
	await page.locator('button', { hasText: 'Aa' }).click();
	await page.locator('#tab-about').click();
	await page.selectOption('select[title=Colours]', 'heat');
	await page.selectOption('select[title=Theme]', 'dark');
	const link = page.url(), seen = [await output(page), await status(page)];

	check('there is a link', /zoom=[0-9a-f]{16}/.test(link) && ['search=wr', 'case=1', 'view=icicle', 'tab=about', 'palette=heat',
		'theme=dark'].every(part => link.includes(part)), link);
	await open(page, link);
	check('it opens the same', JSON.stringify([await output(page), await status(page)]) === JSON.stringify(seen), [await output(page), await status(page), seen]);
	check('in the same view', await page.locator('#panel-about').isVisible() && await page.inputValue('.search input') === 'wr' &&
		await page.locator('button', { hasText: 'Icicle' }).getAttribute('aria-pressed') === 'true' &&
		await page.inputValue('select[title=Colours]') === 'heat' &&
		await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	await open(page, draw('later', STACKS + 'main;new 500\nboot 20\n') + link.slice(link.indexOf('#')));
	check('it outlives a new run', (await status(page)).startsWith('io'), await status(page));
	await page.setViewportSize({ width: 500, height: 700 });
	await open(page, link);
	check('and another width', (await status(page)).startsWith('io') && (await hash(page)).includes('zoom='));
	await open(page, address + '#zoom=ffffffffffffffff&sel=x&t=nonsense&t=hide:0&view=9&palette=%3Cb%3E&tab=nowhere&theme=__proto__');
	check('a link of another profile is harmless', await selected(page) === 'all' && await page.locator('#panel-ranking').isVisible());
	// Back and forward.
	await open(page, address);
	await press(page, 'ArrowUp', 'ArrowUp', 'Enter');
	await page.goBack();
	check('back is out', (await output(page)) === '' && !(await hash(page)).includes('zoom='), await hash(page));
	await page.goForward();
	await page.waitForFunction(() => location.hash.includes('zoom='));
	check('forward is in', (await status(page)).startsWith('hash'), await status(page));
}

async function details(page) {
	await open(page, draw('details', STACKS));
	const canvas = await page.locator('.graph canvas').boundingBox();

	await press(page, 't');
	await page.mouse.move(canvas.x + canvas.width * 0.1, canvas.y + 40);
	const place = await page.locator('.graph canvas').boundingBox();

	await page.mouse.move(place.x + place.width * 0.1, place.y + place.height - 18 * 2.5);
	const tip = plain(await page.locator('.tip').textContent());

	check('the tip tells all', tip === 'hash' + 'Total400 samples \u00b7 40.0 % of all (95 %: 37.0 % \u2026 43.1 %) \u00b7 40.0 % of its caller' +
		'Self400 samples \u00b7 40.0 % of all' + 'Samples400', tip);
	check('so does the line below', (await status(page)).startsWith('hashTotal 400 samples'), await status(page));
	const box = await page.locator('.tip').boundingBox();

	check('the tip is within the window', box.x >= 0 && box.y >= 0 && box.x + box.width <= 1200 && box.y + box.height <= 700, box);
	await page.mouse.move(place.x + place.width * 0.1, place.y - 30);
	check('and goes away', !await page.locator('.tip').isVisible());
}

// A pprof file: stacks of [function, file, line declared, line executed], innermost first, with a count.
function pprof(stacks) {
	const varint = value => {
		const bytes = [];

		for (; value > 127; value = Math.floor(value / 128))
			bytes.push(value % 128 + 128);
		return [...bytes, value];
	};
	const number = (field, value) => [...varint(field * 8), ...varint(value)];
	const bytes = (field, of) => [...varint(field * 8 + 2), ...varint(of.length), ...of];
	const strings = [''], out = [], functions = new Map();
	const string = text => (strings.includes(text) ? 0 : strings.push(text), strings.indexOf(text));
	let location = 0;

	out.push(...bytes(1, [...number(1, string('samples')), ...number(2, string('count'))]));
	for (const [count, ...frames] of stacks) {
		const ids = [];

		for (const [name, file, declared, line] of frames) {
			if (!functions.has(name)) {
				functions.set(name, functions.size + 1);
				out.push(...bytes(5, [...number(1, functions.size), ...number(2, string(name)), ...number(4, string(file)),
						      ...number(5, declared)]));
			}
			ids.push(++location);
			out.push(...bytes(4, [...number(1, location), ...bytes(4, [...number(1, functions.get(name)), ...number(2, line)])]));
		}
		out.push(...bytes(2, [...ids.flatMap(id => number(1, id)), ...number(2, count)]));
	}
	return Buffer.from([...out, ...strings.flatMap(text => bytes(6, Buffer.from(text)))]);
}

async function sources(page) {
	const source = path.join(work, 'src', 'hot.c'), profile = path.join(work, 'lines.pb'), output = path.join(work, 'lines.html');

	fs.mkdirSync(path.dirname(source));
	fs.writeFileSync(source, Array.from({ length: 60 }, (_, i) => i === 19 ? '\thot("</script><b>", i);' : 'line ' + (i + 1)).join('\n') + '\n');
	fs.writeFileSync(profile, pprof([[60, ['hot', 'src/hot.c', 18, 20], ['main', 'src/hot.c', 50, 52]],
					 [30, ['hot', 'src/hot.c', 18, 21], ['main', 'src/hot.c', 50, 52]],
					 [10, ['main', 'src/hot.c', 50, 55]], [20, ['other', 'gone.c', 1, 2]]]));
	const build = (...options) => execFileSync(tool, [profile, '-o', output, ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
	const lines = () => page.evaluate(() => Array.from(document.querySelectorAll('.source .line:not(.heads)'), line =>
		Array.from(line.children, cell => cell.textContent.replace(/\u00a0/g, ' '))));

	build();
	await open(page, 'file://' + output);
	await page.locator('.space .row', { hasText: 'hot' }).click();
	await page.locator('#tab-source').click();
	check('sources are not carried unless asked for', (await page.locator('#panel-source').textContent()).includes('not in this page') &&
		await page.locator('.source').count() === 0 && !fs.readFileSync(output, 'utf8').includes('line 30'));
	build('--sources', '--source-dir', work);
	await open(page, 'file://' + output);
	await page.locator('.space .row', { hasText: 'hot' }).click();
	await page.locator('#tab-source').click();
	const seen = await lines();

	check('the lines around those that take something', JSON.stringify(seen.map(line => Number(line[2]))) ===
		JSON.stringify([...Array.from({ length: 14 }, (_, i) => i + 14), ...Array.from({ length: 15 }, (_, i) => i + 46)]), seen.map(line => line[2]));
	const line = number => seen.find(one => one[2] === String(number));

	check('own time of a line', line(20)[0] === '50.0 %' && line(21)[0] === '25.0 %' && line(19)[0] === '', [line(20), line(21)]);
	check('what it calls', line(52)[0] === '' && line(52)[1] === '75.0 %', line(52));
	check('text as it is', line(20)[3].trim() === 'hot("</script><b>", i);', line(20));
	check('a gap is shown', await page.locator('.source .gap').count() === 1);
	check('where the function begins', (await page.locator('.source .line.first').textContent()).includes('18'));
	await page.locator('#tab-ranking').click();
	await page.locator('.space .row', { hasText: 'other' }).click();
	await page.locator('#tab-source').click();
	check('a file that was not found', (await page.locator('#panel-source').textContent()).includes('gone.c:1'));
	await page.selectOption('#panel-source select', { index: 0 });
	check('files can be chosen', (await lines()).length === 29);
	let refused = 0;

	try {
		execFileSync(tool, ['-', '--sources', '-o', output], { input: 'a 1\n', stdio: ['pipe', 'pipe', 'pipe'] });
	} catch (error) {
		refused = error.status;
	}
	check('standard input cannot be read twice', refused === 2, refused);
}

async function quality(page) {
	await open(page, draw('quality', STACKS));
	check('a good profile', await page.locator('.badge.good').count() === 1);
	await open(page, draw('few', 'main;f 40\nmain;g 20\n'));
	check('a poor profile is called poor', (await page.locator('.badge.poor').textContent()).includes('poor profile'));
	await page.locator('.badge').click();
	check('and why', await page.locator('#panel-about .judged .poor').textContent().then(text => text.startsWith('60 samples')));
	await open(page, draw('period', '# unit: cpu/nanoseconds\n# period: 10000000\nmain;f 400000000\nmain;g 600000000\nmain;h 20000000\n'));
	check('values of a known period are samples', (await status(page)).endsWith('Samples 102') &&
		JSON.stringify((await rows(page)).map(row => row[5])) === '["60","40","2","0"]', [await status(page), await rows(page)]);
	await open(page, draw('nameless', 'main;[unknown] 4000\nmain;0x4d0 2000\nmain;f 4000\n'));
	check('nameless is poor', (await page.locator('.badge').getAttribute('aria-label')).includes('60.0\u00a0% unresolved'),
		await page.locator('.badge').getAttribute('aria-label'));
	await page.locator('#tab-source').click();
	await page.locator('#tab-about').click();
	check('what was measured', plain(await page.locator('.facts').textContent()).includes('Samples10,000'));
}

async function hostile(page) {
	const dialogs = [], requests = [], blocked = [];

	page.on('dialog', dialog => { dialogs.push(dialog.message()); dialog.dismiss(); });
	page.on('request', request => requests.push(request.url()));
	page.on('console', message => blocked.push(message.text()));
	await open(page, draw('hostile', fs.readFileSync(path.join(golden, 'hostile.folded'), 'utf8') +
		'main;</script><script>window.pwned=1</script> 40\nmain;<img src=x onerror=window.pwned=2> 30\n__proto__;constructor 9\n',
		'--title', '</title><script>window.pwned=3</script>'));
	for (let i = 0; i < 24; i++)
		await press(page, 'ArrowUp', 'ArrowRight');
	for (const tab of ['sandwich', 'source', 'about', 'ranking'])
		await page.locator('#tab-' + tab).click();
	await page.mouse.move(300, 300);
	await page.fill('.search input', '<img');
	await press(page, 'Enter');
	await page.locator('#tab-sandwich').click();
	check('the name is found as it is', (await selected(page)).startsWith('<img src=x onerror'), await selected(page));
	check('nothing ran', await page.evaluate(() => window.pwned) === undefined && dialogs.length === 0, dialogs);
	check('nothing was made of names', await page.evaluate(() => document.querySelectorAll('img, iframe, a, object, svg script').length) === 0);
	check('nothing was asked for', requests.filter(url => !/^(file|about):/.test(url)).length === 0, requests);
	check('the policy had nothing to block', blocked.length === 0, blocked);
	await page.evaluate(() => {
		const script = document.createElement('script'), style = document.createElement('style');

		script.textContent = 'window.pwned = 4';
		style.textContent = 'body { display: none }';
		document.body.append(script, style);
	});
	check('the policy forbids other scripts and styles', await page.evaluate(() => window.pwned === undefined &&
		getComputedStyle(document.body).display !== 'none') && blocked.length > 0);
}

// Text on what lies behind it, as WCAG 2 counts it; what is disabled is exempt.
const weak = page => page.evaluate(() => {
	const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
	const luminance = rgb => rgb.slice(0, 3).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const over = (top, under, alpha) => top.slice(0, 3).map((c, i) => c * alpha + under[i] * (1 - alpha));
	const ground = element => {
		const layers = [];

		for (let at = element; at; at = at.parentElement)
			layers.unshift(parse(getComputedStyle(at).backgroundColor));
		return layers.reduce((under, layer) => over(layer, under, layer.length > 3 ? layer[3] : layer.length ? 1 : 0), [255, 255, 255]);
	};
	const found = [];

	for (const element of document.querySelectorAll('#app *, dialog *')) {
		const hasText = Array.from(element.childNodes).some(node => node.nodeType === 3 && node.data.trim());

		if (!hasText || !element.checkVisibility() || element.disabled || element.closest('.away'))
			continue;
		const back = ground(element), ink = over(parse(getComputedStyle(element).color), back, 1);
		const [low, high] = [luminance(back), luminance(ink)].sort((a, b) => a - b);
		const ratio = (high + 0.05) / (low + 0.05);

		if (ratio < 4.5)
			found.push([element.className || element.localName, element.textContent.slice(0, 20), ratio.toFixed(2)]);
	}
	return found;
});

async function themes(page) {
	const address = draw('themes', STACKS);

	for (const [scheme, theme] of [['light', 'light'], ['dark', 'dark']]) {
		await page.emulateMedia({ colorScheme: scheme });
		await open(page, address);
		check('as the system: ' + theme, await page.evaluate(() => document.documentElement.dataset.theme) === theme);
		await page.locator('.space .row', { hasText: 'parse' }).click();
		for (const tab of ['ranking', 'sandwich', 'source', 'about']) {
			if (!await page.locator('#panel-' + tab).isVisible())
				await page.locator('#tab-' + tab).click();
			check(theme + ' ' + tab + ' can be read', (await weak(page)).length === 0, await weak(page));
		}
		await press(page, '?');
		check(theme + ' keys can be read', (await weak(page)).length === 0, await weak(page));
		await press(page, 'Escape');
		await page.locator('.search input').focus();
		await page.mouse.move(400, 200);
		if (shots)
			await page.screenshot({ path: path.join(shots, 'page-' + theme + '.png') });
	}
	// The system changes while the page is open; a choice of one's own stays.
	await page.emulateMedia({ colorScheme: 'light' });
	check('it follows the system', await page.waitForFunction(() => document.documentElement.dataset.theme === 'light').then(() => true,
		() => false));
	await page.selectOption('select[title=Theme]', 'dark');
	await page.emulateMedia({ colorScheme: 'dark' });
	await page.emulateMedia({ colorScheme: 'light' });
	check('but not against one\'s will', await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	const pixel = () => page.evaluate(() => {
		const canvas = document.querySelector('.graph canvas'), data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
		const counts = {};

		for (let i = 0; i < data.length; i += 400)
			counts[data.slice(i, i + 3).join()] = 1;
		return Object.keys(counts).sort().join(' ');
	});
	const looks = new Set();

	for (const palette of ['kind', 'module', 'heat', 'hot', 'mem', 'io']) {
		await page.selectOption('select[title=Colours]', palette);
		await page.waitForTimeout(60);
		looks.add(await pixel());
	}
	check('palettes differ', looks.size >= 5, looks.size);
	// Paper.
	await page.emulateMedia({ media: 'print' });
	check('paper has the whole profile, not the controls', !await page.locator('#app').isVisible() &&
		await page.locator('#np-static table').isVisible() && await page.locator('#np-static svg').first().isVisible());
	check('paper is white', await page.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)' &&
		getComputedStyle(document.body).color === 'rgb(28, 27, 26)'));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'page-print.png') });
	await page.emulateMedia({ media: 'screen', reducedMotion: 'reduce' });
	check('no motion for those who want none', await page.evaluate(() => Array.from(document.querySelectorAll('#app *')).every(one =>
		parseFloat(getComputedStyle(one).transitionDuration) === 0 && getComputedStyle(one).animationName === 'none')));
}

async function narrow(page) {
	await page.setViewportSize({ width: 400, height: 800 });
	await open(page, draw('narrow', STACKS.replace(/hash/g, 'a_function_with_a_name_that_is_much_longer_than_a_telephone_is_wide_'.repeat(3))));
	for (const tab of ['sandwich', 'source', 'about', 'ranking']) {
		await page.locator('#tab-' + tab).click();
		check(tab + ': no sideways scrolling', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth &&
			Array.from(document.querySelectorAll('#app button, #app input, #app select')).filter(one => one.checkVisibility() &&
				!one.closest('.sandwich')).every(one => one.getBoundingClientRect().right <= innerWidth + 1)));
	}
	check('columns are left', (await page.locator('.heads button').evaluateAll(all => all.filter(one => one.checkVisibility()).length)) === 5);
	check('the graph has room', (await page.locator('.graph').boundingBox()).height > 80);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'page-narrow.png') });
}

(async () => {
	const browser = await playwright.chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
	const only = process.env.NP_ONLY;

	for (const part of [keys, aria, tabs, searching, ranking, many, deep, closer, sandwich, links, details, sources, quality, hostile, themes, narrow]) {
		if (only && part.name !== only)
			continue;
		const context = await browser.newContext({ viewport: { width: 1200, height: 700 }, colorScheme: 'light' });
		const page = await context.newPage();

		page.setDefaultTimeout(10000);
		page.on('pageerror', error => check(part.name + ': no error in the script', false, error.message));
		await part(page);
		await context.close();
	}
	await browser.close();
	fs.rmSync(work, { recursive: true });
	console.log(checks - failures + ' of ' + checks + ' checks hold');
	process.exit(failures ? 1 : 0);
})().catch(error => {
	console.log(error);
	process.exit(1);
});
