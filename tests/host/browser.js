// SPDX-License-Identifier: MIT
//
// browser.js - what the tests in a real browser share: Chromium, checks that are counted, and the parts of a test.
//
// Needs Chromium ($CHROMIUM or /usr/bin/chromium) and playwright-core ($NP_PLAYWRIGHT, its directory, or
// anywhere node looks); without, the process ends with 77, which meson calls a skip.  $NP_ONLY runs one part alone.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path');
const { execFileSync } = require('child_process');

const browserPath = process.env.CHROMIUM || '/usr/bin/chromium';
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'np-browser-'));
let playwright, failures = 0, checks = 0;

process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

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

// A folded profile as TOOL shows it in the form of EXTENSION ('html', 'svg'); returns its address.
function draw(tool, extension, name, folded, ...options) {
	const input = path.join(work, name + '.folded'), output = path.join(work, name + '.' + extension);
	const where = extension === 'svg' ? ['--svg', output, '-o', path.join(work, 'out.txt')] : ['-o', output];

	fs.writeFileSync(input, folded);
	execFileSync(tool, [input, ...where, ...options]);
	return 'file://' + output;
}

// Runs each of PARTS in a context of its own, made with OPTIONS, then each of LATER, which make theirs from the browser.
// What the browser complains of is a failure, unless the part says that it PROVOKES it.
async function run_parts(parts, options, later) {
	const browser = await playwright.chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
	const wanted = part => !process.env.NP_ONLY || part.name === process.env.NP_ONLY;

	for (const part of parts.filter(wanted)) {
		const context = await browser.newContext(options), page = await context.newPage();

		page.setDefaultTimeout(30000);
		page.on('pageerror', error => check(part.name + ': no error in the script', false, error.message));
		page.on('console', message => message.type() === 'error' && !message.text().includes(part.provokes) &&
			check(part.name + ': no complaint of the browser', false, message.text()));
		await part(page);
		await context.close();
	}
	for (const part of later.filter(wanted))
		await part(browser);
	await browser.close();
}

function run(parts, options, ...later) {
	run_parts(parts, options, later).then(() => {
		console.log(checks - failures + ' of ' + checks + ' checks hold');
		process.exit(failures || checks === 0 ? 1 : 0);
	}).catch(error => {
		console.log(error);
		process.exit(1);
	});
}

module.exports = { check, draw, run, work };
