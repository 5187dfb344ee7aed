// SPDX-License-Identifier: MIT
//
// report_page.js - what an HTML page holds, without a browser: node report_page.js REPORT_TOOL GOLDEN_DIR
//
// The page's own decode.js reads the data back.  It must give the stacks that went in, and the figures
// that -f json has; the document must be safe whatever the profile holds, and the same every time.
'use strict';
const crypto = require('crypto'), fs = require('fs'), os = require('os'), path = require('path');
const { execFileSync, spawnSync } = require('child_process');
const { load, check, finish } = require('../unit/page-load.js');

const [tool, golden] = process.argv.slice(2).map(one => path.resolve(one));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'np-page-'));
let made = 0;

function draw(input, ...options) {
	const output = path.join(work, 'page' + made++ + '.html');

	execFileSync(tool, [input, '-o', output, ...options]);
	return fs.readFileSync(output, 'utf8');
}

function given(text) {
	const input = path.join(work, 'input' + made++ + '.folded');

	fs.writeFileSync(input, text);
	return input;
}

async function read(html) {
	const page = load('decode.js'), data = /<script type="application\/octet-stream" id="np-data">([^<]*)<\/script>/.exec(html);

	page.setProfile(page.decode(await page.unpack(data[1])));
	return page;
}

function folded({ profile, view }) {
	const lines = [], paths = [''];

	for (let i = 0; i < view.n; i++) {
		if (i)
			paths[i] = (view.parent[i] ? paths[view.parent[i]] + ';' : '') + profile.names[view.name[i]];
		if (view.self[i])
			lines.push(paths[i] + ' ' + view.self[i]);
	}
	return lines.sort();
}

const sorted = text => text.trim().split('\n').sort();

async function stacks() {
	for (const name of ['service', 'vfs_read']) {
		const file = path.join(golden, name + '.folded'), page = await read(draw(file));

		check(name + ': the stacks come back', folded(page), sorted(execFileSync(tool,
			['convert', '--to', 'folded', file], { encoding: 'utf8' }).replace(/_\[[a-z]\]/g, '')));
	}
	const lines = Array.from({ length: 3000 }, (_, i) => 'main;a' + i % 7 + ';b' + i * 7919 % 101 + ';c' + i + ' ' + (i * i + 1));

	check('so do those of many nodes', folded(await read(draw(given(lines.join('\n') + '\n')))), lines.slice().sort());
	const deep = 'f;g;'.repeat(50000) + 'h 3\n', page = await read(draw(given(deep)));

	check('a hundred thousand deep', [page.profile.n, page.profile.depth[100001], page.profile.total[0]], [100002, 100001, 3]);
	const large = (await read(draw(given('a;b 9007199254740000\na;c 4500000000000000\n')))).profile;

	check('values beyond 32 bits', Array.from(large.self), [0, 0, 9007199254740000, 4500000000000000]);
}

// Every figure of the ranking, against the JSON.
async function figures() {
	const pprof = path.join(work, 'service.pb.gz');

	execFileSync(tool, ['convert', path.join(golden, 'service.folded'), '-o', pprof]);
	for (const file of [path.join(golden, 'service.folded'), pprof]) {
		const { profile } = await read(draw(file)), { functions, names } = profile;
		const report = JSON.parse(execFileSync(tool, [file, '--no-svg', '-f', 'json', '-n', 'all'], { encoding: 'utf8' }));

		check('as many rows', functions.rank.length, report.rows.length);
		report.rows.forEach((row, i) => {
			const name = functions.rank[i], near = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

			check('row ' + i, [names[name], profile.modules[functions.module[name]] || null, functions.self[name], functions.total[name]],
				[row.function, row.module, row.self.value, row.total.value]);
			check('figures of row ' + i, [near(functions.score[name], row.score), near(functions.roi[name], row.roi),
				near(functions.complexity[name], row.complexity.value), near(functions.saves2[name], row.at_2x.saves)],
				[true, true, true, true]);
		});
	}
}

const sha256 = text => crypto.createHash('sha256').update(text).digest('base64');

function document() {
	const title = '</title><script>pwned=1</script><!--<script>', file = path.join(golden, 'hostile.folded');
	const html = draw(file, '--title', title), scripts = html.match(/<script/gi).length;
	const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)[1];
	const script = /<script>(.*?)<\/script>/s.exec(html)[1], style = /<style>(.*?)<\/style>/s.exec(html)[1];

	check('two script elements: data, and ours', [scripts, html.match(/<\/script/gi).length, html.includes('<!--')], [2, 2, false]);
	check('only those of these hashes run', policy, "default-src 'none'; script-src 'sha256-" + sha256(script) +
		"'; style-src 'sha256-" + sha256(style) + "'; base-uri 'none'; form-action 'none'");
	check('no attribute holds script or style', / (on[a-z]+|style|href|src)=/i.test(html.replace(script, '')), false);
	check('nothing remote', (script + style).match(/https?:|url\(|@import|\b(fetch|XMLHttpRequest|WebSocket|import)\b/g), null);
	check('no text becomes code or markup',
	      script.match(/\b(innerHTML|outerHTML|insertAdjacentHTML|eval\(|Function\(|document\.write)/g), null);
	check('no character that hides', /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/.test(html), false);
}

function repeatable() {
	const lines = Array.from({ length: 400 }, (_, i) => 'main;a' + i % 7 + ';b' + i * 7919 % 101 + ' ' + i);
	const file = given(lines.join('\n') + '\n'), first = draw(file);

	check('the same bytes every time', draw(file) === first, true);
	fs.writeFileSync(file, lines.reverse().join('\n') + '\n');
	check('whatever the order of the lines', draw(file) === first, true);
}

// Without scripts.
function plain() {
	const html = draw(path.join(golden, 'service.folded')), body = html.slice(html.indexOf('<body>'), html.indexOf('id="np-data"'));

	check('boxes with names and words', /<svg x="[\d.]+%" y="\d+" width="[\d.]+%" height="17" class="k."><title>main/.test(body), true);
	check('and a table', (body.match(/<tr><td class="number">\d+<\/td>/g) || []).length > 5, true);
	check('nothing hidden', / hidden/.test(body), false);
}

// Two profiles: own shares of both at every node, and which functions changed.
async function pair() {
	const before = given('main;a 500\nmain;b;c 300\nmain;old 200\n'), after = given('main;a 500\nmain;b;c 900\nmain;new;a 600\n');
	const output = path.join(work, 'pair.html');

	execFileSync(tool, ['diff', '-f', 'html', '-o', output, before, after]);
	const html = fs.readFileSync(output, 'utf8'), { profile } = await read(html), paths = [''], shares = [];

	for (let i = 1; i < profile.n; i++) {
		paths[i] = (profile.parent[i] ? paths[profile.parent[i]] + ';' : '') + profile.names[profile.name[i]];
		shares.push(paths[i] + ' ' + profile.before[i].toFixed(4) + ' ' + profile.after[i].toFixed(4));
	}
	check('own shares before and after', shares.sort(), ['main 0.0000 0.0000', 'main;a 0.5000 0.2500', 'main;b 0.0000 0.0000',
		'main;b;c 0.3000 0.4500', 'main;new 0.0000 0.0000', 'main;new;a 0.0000 0.3000', 'main;old 0.2000 0.0000']);
	check('what changed more than by noise', Array.from(profile.functions.rank, name => profile.names[name]).sort(),
		['b', 'c', 'new', 'old']);
	check('its own script, by hash', html.includes("script-src 'sha256-" + sha256(/<script>(.*?)<\/script>/s.exec(html)[1]) + "'"), true);
	check('a table for where no script runs', /<td class="number">yes<\/td><td>old<\/td><td class="note">gone<\/td>/.test(html), true);
	check('gate has no page', spawnSync(tool, ['gate', '-f', 'html', before, after], { encoding: 'utf8' }).status, 2);
}

function use() {
	const file = path.join(golden, 'service.folded');
	const named = spawnSync(tool, [file, '-f', 'html'], { encoding: 'utf8', cwd: work });

	check('to standard output, and no picture beside', [named.status, named.stdout.startsWith('<!DOCTYPE html>'), named.stderr], [0, true, '']);
	check('a full disk is an error in one line', (({ status, stderr }) => [status, stderr])(
		spawnSync(tool, [file, '-f', 'html', '-o', '/dev/full'], { encoding: 'utf8' })),
		[1, "neuroprof-report: cannot write '/dev/full': No space left on device\n"]);
}

(async () => {
	await stacks();
	await figures();
	document();
	repeatable();
	plain();
	await pair();
	use();
	fs.rmSync(work, { recursive: true });
	finish();
})().catch(error => {
	console.log(error);
	process.exit(1);
});
