// The quick start, in an empty folder, as a newcomer does it: the package from its archive, koffi by npm.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { start } from './support/server.js';

const server = await start();
const folder = await mkdtemp(join(tmpdir(), 'bearer-'));
after(() => rm(folder, { recursive: true }));

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const npm = (...args) => execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

function run(config) {
  return new Promise((resolve) => {
    execFile(process.execPath, ['quickstart.mjs', JSON.stringify(config), 'api/lights'], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

test('the quick start', async () => {
  const package_ = fileURLToPath(new URL('..', import.meta.url));
  const [{ filename, files }] = JSON.parse(npm('pack', '--json', package_));
  assert.ok(files.every(({ path }) => !path.startsWith('test')), 'tests stay at home');
  npm('install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`);
  const [, program] = /## Quick start\n\n```js\n([^]*?)```/.exec(readme);
  await writeFile(join(folder, 'quickstart.mjs'), program);

  const token = await server.expired();
  const { code, stdout, stderr } = await run(server.config({ token }));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^a new token, to be saved, until \d{4}-.*\n200\n/);
  assert.match(stdout, /path: '\/api\/lights'/);

  // The refresh token is spent: the program ends with what to do.
  const spent = await run(server.config({ token }));
  assert.equal(spent.code, 1);
  assert.match(spent.stderr, /^LOGIN_REQUIRED: /);
});

test('the table names the tests', async () => {
  const tests = await readFile(new URL('six_classes.test.js', import.meta.url), 'utf8');
  const names = [...tests.matchAll(/^test\('([^']*)'/gm)].map(([, name]) => name);
  const table = [...readme.matchAll(/^\|.*\| `([^`]*)` \|$/gm)].map(([, name]) => name);
  assert.deepEqual(table, names);
  assert.equal(names.length, 6);
});
