// SPDX-License-Identifier: MIT
//
// diff_browser.js - the picture of two profiles in a real browser: node diff_browser.js REPORT_TOOL [SHOTS_DIR]
//
// Needs Chromium ($CHROMIUM or /usr/bin/chromium) and playwright-core ($NP_PLAYWRIGHT, its
// directory, or anywhere node looks); without, exit 77.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path');
const { execFileSync } = require('child_process');

const [, , tool, shots] = process.argv;
const browserPath = process.env.CHROMIUM || '/usr/bin/chromium';
let playwright, failures = 0, checks = 0;

try {
	playwright = require(process.env.NP_PLAYWRIGHT || 'playwright-core');
} catch (error) {
	console.log('skipped: no playwright-core: npm install playwright-core somewhere, ' +
		    'NP_PLAYWRIGHT=<there>/node_modules/playwright-core');
	process.exit(77);
}
if (!fs.existsSync(browserPath)) {
	console.log('skipped: no ' + browserPath + ': apt-get install chromium');
	process.exit(77);
}

function check(what, condition, detail) {
	checks++;
	if (!condition) {
		failures++;
		console.log('FAIL ' + what + (detail === undefined ? '' : ': ' + JSON.stringify(detail)));
	}
}

const BEFORE = 'main;parse;lex 3000\nmain;hash 4000\nmain;old;x 1000\nmain;io 2000\n';
const AFTER = 'main;parse;lex 5000\nmain;hash 4000\nmain;new;y 1000\n';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'np-diff-'));
function draw(...options) {
	const output = path.join(work, 'diff.svg');

	fs.writeFileSync(path.join(work, 'a.folded'), BEFORE);
	fs.writeFileSync(path.join(work, 'b.folded'), AFTER);
	execFileSync(tool, ['diff', '--svg', output, '-o', path.join(work, 'out.txt'), ...options,
			    path.join(work, 'a.folded'), path.join(work, 'b.folded')]);
	return 'file://' + output;
}

// Name to share of the whole's width; null where it is not shown.
const shares = page => page.evaluate(() => {
	const all = Array.from(document.querySelectorAll('#frames > .f'));
	const width = g => g.hasAttribute('display') ? null : Number(g.querySelector('rect').getAttribute('width'));

	return Object.fromEntries(all.map(g => [g.getAttribute('aria-label').split(', ')[0],
						width(g) === null ? null : width(g) / width(all[0])]));
});
const near = (a, b) => a !== null && Math.abs(a - b) < 0.005;
const classOf = (page, name) => page.evaluate(wanted => Array.from(document.querySelectorAll('#frames > .f'))
	.find(g => g.getAttribute('aria-label').split(', ')[0] === wanted).getAttribute('class'), name);

async function views(page) {
	await page.goto(draw());
	let seen = await shares(page);

	// The union: 5000 + 4000 + 1000 + 1000 + 2000.
	check('lex by its larger side', near(seen.lex, 5 / 13), seen);
	check('new and gone are there', near(seen.x, 1 / 13) && near(seen.y, 1 / 13), seen);
	check('more is orange', /\bdm\b/.test(await classOf(page, 'lex')), await classOf(page, 'lex'));
	check('equal is grey', /\bds\b/.test(await classOf(page, 'hash')));
	check('new and gone are marked', /\bdn\b/.test(await classOf(page, 'y')) && /\bdg\b/.test(await classOf(page, 'x')));
	await page.keyboard.press('v');
	seen = await shares(page);
	check('before', near(seen.lex, 0.3) && near(seen.hash, 0.4) && near(seen.io, 0.2) && seen.y === null, seen);
	check('the link has it', (await page.evaluate(() => location.hash)).includes('view=before'));
	const link = page.url();

	await page.locator('button', { hasText: 'Widths: before' }).click();
	seen = await shares(page);
	check('after', near(seen.lex, 0.5) && near(seen.hash, 0.4) && near(seen.y, 0.1) && seen.x === null &&
	      seen.io === null, seen);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'after.png') });
	await page.goto('about:blank');
	await page.goto(link);
	check('the link opens before', near((await shares(page)).lex, 0.3));
	await page.keyboard.press('v');
	await page.keyboard.press('v');
	check('and round', near((await shares(page)).lex, 5 / 13));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'union.png') });
}

// Zoomed into what is not there before, the view falls back to the whole.
async function zoomed(page) {
	await page.goto(draw());
	await page.evaluate(() => Array.from(document.querySelectorAll('#frames > .f'))
		.find(g => g.getAttribute('aria-label').startsWith('new,')).querySelector('rect')
		.dispatchEvent(new MouseEvent('click', { bubbles: true })));
	check('zoomed into new', near((await shares(page)).y, 1));
	await page.keyboard.press('v');
	const seen = await shares(page);

	check('before shows the whole', near(seen.lex, 0.3) && near(seen.main, 1), seen);
}

async function dark(browser) {
	const context = await browser.newContext({ viewport: { width: 700, height: 500 }, colorScheme: 'dark' });
	const page = await context.newPage();

	page.on('pageerror', error => check('dark: no error in the script', false, error.message));
	await page.goto(draw('--view', 'after', '--icicle'));
	const seen = await shares(page);

	check('one view alone has no button', await page.locator('button', { hasText: 'Widths' }).count() === 0);
	check('and its widths', near(seen.lex, 0.5) && !('x' in seen), seen);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'dark.png') });
	await context.close();
}

// The page without scripts, and printed: the same boxes, standing still.
async function still(browser, { colorScheme = 'light', media = 'screen', width = 1000 }) {
	const context = await browser.newContext({ viewport: { width, height: 600 }, javaScriptEnabled: false,
						   colorScheme });
	const page = await context.newPage(), name = colorScheme + ' ' + media + ' ' + width;

	draw('-f', 'html', '-o', path.join(work, 'both.html'));
	await page.emulateMedia({ media, colorScheme });
	await page.goto('file://' + path.join(work, 'both.html'));
	const box = what => page.locator('svg.outer > svg').filter({ hasText: what }).first();
	const whole = await page.locator('svg.outer > svg').filter({ hasText: 'all' }).first().boundingBox();
	const seen = {}, fills = {};

	for (const what of ['lex', 'hash', 'y', 'x']) {
		const place = box(new RegExp('^' + what + '\\b'));

		seen[what] = (await place.boundingBox()).width / whole.width;
		fills[what] = await place.locator('rect').evaluate(rect => getComputedStyle(rect).fill);
	}
	check(name + ': widths of both', near(seen.lex, 5 / 13) && near(seen.x, 1 / 13) && near(seen.y, 1 / 13), seen);
	check(name + ': more, new, gone and equal differ', new Set(Object.values(fills)).size === 4, fills);
	check(name + ': says what it was', /30.0 % → 50.0 %/.test(await box(/^lex\b/).locator('title').textContent()));
	check(name + ': no wider than the window', await page.evaluate(() =>
		document.documentElement.scrollWidth <= innerWidth));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'still-' + name.replaceAll(' ', '-') + '.png') });
	await context.close();
}

(async () => {
	const browser = await playwright.chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });

	for (const part of [views, zoomed]) {
		const context = await browser.newContext({ viewport: { width: 1200, height: 500 } });
		const page = await context.newPage();

		page.on('pageerror', error => check(part.name + ': no error in the script', false, error.message));
		await part(page);
		await context.close();
	}
	await dark(browser);
	for (const how of [{}, { colorScheme: 'dark' }, { width: 420 }, { media: 'print' }])
		await still(browser, how);
	await browser.close();
	fs.rmSync(work, { recursive: true });
	console.log(checks - failures + ' of ' + checks + ' checks hold');
	process.exit(failures ? 1 : 0);
})().catch(error => {
	console.log(error);
	process.exit(1);
});
