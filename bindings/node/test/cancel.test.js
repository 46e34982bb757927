import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, beforeEach, test } from 'node:test';
import { Status } from 'bearer';
import { start } from './support/server.js';

const server = await start();
let client;
beforeEach(async () => {
  await server.post('reset');
  await client?.close();
  client = server.client({ issuer: server.url, token: await server.post('issue') });
});

test('one cancel leaves the others alone', async () => {
  const hold = await server.hold('/api/slow');
  const controller = new AbortController();
  const others = Array.from({ length: 7 }, () => client.request('api/slow'));
  const one = client.request('api/slow', { signal: controller.signal });
  await hold.arrived(8);
  const reason = new Error('the view was closed');
  controller.abort(reason);
  await assert.rejects(one, (error) => error === reason);
  await hold.release();
  assert.deepEqual((await Promise.all(others)).map((answer) => answer.status), Array(7).fill(200));
  assert.equal((await client.request('api/lights')).status, 200);
});

test('one that waits for a thread leaves the queue', async () => {
  const hold = await server.hold('/api/slow');
  const controller = new AbortController();
  const others = Array.from({ length: 16 }, () => client.request('api/slow'));
  const one = client.request('api/queued', { signal: controller.signal });
  const next = client.request('api/next');
  await hold.arrived(16);
  controller.abort();
  await assert.rejects(one, { name: 'AbortError' });
  await hold.release();
  await Promise.all([...others, next]);
  const log = await server.control('GET', 'log');
  assert.equal(log.filter(({ path }) => path === '/api/queued').length, 0);
});

test('a signal that is aborted already sends nothing', async () => {
  await assert.rejects(client.request('api/lights', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal((await server.state()).api_requests, 0);
});

test('a renewal survives the one who began it', async () => {
  client.token = await server.expired();
  const hold = await server.hold('/auth/token');
  const controller = new AbortController();
  const one = client.request('api/lights', { signal: controller.signal });
  await hold.arrived(1);
  const other = client.request('api/lights');
  controller.abort();
  await assert.rejects(one, { name: 'AbortError' });
  await hold.release();
  assert.equal((await other).status, 200);
  assert.equal((await server.state()).token_requests, 1);
});

test('a body that comes slowly is cancelled too', async () => {
  await server.post('fault', { path: '/api/bytes', drip_ms: 5 });
  const controller = new AbortController();
  const answer = await client.request('api/bytes/100000', { signal: controller.signal });
  const body = answer.arrayBuffer();
  controller.abort();
  await assert.rejects(body, { name: 'AbortError' });
});

test('a timeout ends its call alone', async () => {
  const hold = await server.hold('/api/slow');
  const other = client.request('api/slow');
  await hold.arrived(1);
  await assert.rejects(client.request('api/slow', { timeout: 100 }), (error) => {
    assert.ok(error.isTransient);
    return error.status === Status.TIMEOUT;
  });
  await assert.rejects(client.scope({ timeout: 100 }).request('api/slow'), (error) => error.code === 'TIMEOUT');
  await hold.release();
  assert.equal((await other).status, 200);
});

test('a scope ends all of its own', async () => {
  const hold = await server.hold('/api/slow');
  const controller = new AbortController();
  const scope = client.scope({ signal: controller.signal });
  const own = [scope.request('api/slow'), scope.request('api/slow')];
  const other = client.request('api/slow');
  await hold.arrived(3);
  controller.abort();
  const ends = await Promise.allSettled(own);
  assert.deepEqual(ends.map(({ reason }) => reason.status), [Status.CANCELLED, Status.CANCELLED]);
  await hold.release();
  assert.equal((await other).status, 200);
  await scope.close();
});

test('16 waits for a person hold nobody up', async () => {
  const device = await client.deviceBegin();
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Array.from({ length: 16 }, () => client.deviceWait(device, { signal }));
  assert.equal((await client.request('api/lights', { timeout: 20_000 })).status, 200);
  controller.abort();
  for (const { reason } of await Promise.allSettled(waits)) assert.equal(reason.name, 'AbortError');
});

test('a process may end while a call waits', () => {
  const program = `
    import { Client } from 'bearer';
    const onAccessToken = () => process.exit(3);
    await new Client({ base_url: 'http://localhost/' }, { onAccessToken }).request('lights');
  `;
  const cwd = new URL('..', import.meta.url);
  // The call's own deadline would be after 30 seconds.
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd, timeout: 20_000 });
  assert.equal(ended.status, 3, String(ended.stderr));
});

test('the event loop runs while calls wait', async () => {
  const hold = await server.hold('/api/slow');
  const waiting = Array.from({ length: 16 }, () => client.request('api/slow'));
  await hold.arrived(16);
  let last = performance.now();
  let longest = 0;
  // 50 ticks of a timer, and none of them late by as much as a call that blocks would make it.
  for (let tick = 0; tick < 50; tick += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await hold.release();
  await Promise.all(waiting);
  assert.ok(longest < 1000, `${longest} ms`);
});

after(() => client.close());
