// SPDX-License-Identifier: MIT
//
// page_panels_browser.js - ranking, sandwich, details, sources and quality in a real browser:
//	node page_panels_browser.js REPORT_TOOL
//
// Only what a user has is looked at: the document, the address, the clipboard.  See browser.js for what it needs.
'use strict';
const fs = require('fs'), path = require('path');
const { execFileSync } = require('child_process');
const browser = require('./browser.js');
const { STACKS, hash, heard, names, open, plain, press, rows, selected, status } = require('./page_seen.js');

const [, , tool] = process.argv;
const { check } = browser;
const draw = (name, folded, ...options) => browser.draw(tool, 'html', name, folded, ...options);
const { work } = browser;

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

browser.run([ranking, many, deep, closer, sandwich, details, sources, quality], { viewport: { width: 1200, height: 700 }, colorScheme: 'light' });
