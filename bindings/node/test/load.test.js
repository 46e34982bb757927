import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'bearer';
import { registeredHooks } from '../lib/hooks.js';
import { start } from './support/server.js';

const server = await start();

test('64 promises that meet an expired token make one renewal', async () => {
  const updates = [];
  const onToken = async (token) => {
    await new Promise(setImmediate);
    updates.push(token.access_token);
  };
  const client = server.client({ token: await server.expired() }, { onToken });
  const hold = await server.hold('/auth/token');
  const calls = Array.from({ length: 64 }, () => client.request('api/lights').then((answer) => answer.json()));
  await hold.arrived(1);
  await hold.release();
  const seen = await Promise.all(calls);
  const sent = new Set(seen.map(({ headers }) => headers.find(([name]) => name === 'authorization')[1]));
  assert.deepEqual([...sent], [`Bearer ${updates[0]}`]);
  const { refreshes, token_requests, families_revoked, api_401 } = await server.state();
  assert.deepEqual({ refreshes, token_requests, families_revoked, api_401 }, {
    refreshes: 1, token_requests: 1, families_revoked: 0, api_401: 0,
  });
  assert.equal(updates.length, 1);
  await client.close();
});

test('10,000 clients that are made, used and closed leave nothing', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const use = async () => {
    const client = new Client(
      { base_url: 'http://localhost/', token: { access_token: 'a', expires_at: 4102444800 } },
      { onHttp: () => ({ status: 200, headers: { 'x-a': 'b' }, body: 'answer' }), onToken: () => {} },
    );
    const answer = await client.request('lights', { headers: { 'x-mine': 'yes' }, signal: new AbortController().signal });
    assert.equal(await answer.text(), 'answer');
    await client.close();
  };
  const rounds = async (count) => {
    for (let done = 0; done < count; done += 4) await Promise.all([use(), use(), use(), use()]);
    collect();
    return process.memoryUsage().rss / 2 ** 20;
  };
  const before = registeredHooks();
  await rounds(2000);
  const first = await rounds(1000);
  const last = await rounds(7000);
  t.diagnostic(`${first.toFixed(1)} MiB after 3,000, ${last.toFixed(1)} MiB after 10,000`);
  assert.equal(registeredHooks(), before);
  // A leak of 1 KiB for each would be 7 MiB more.
  assert.ok(last - first < 7, `${first} MiB, then ${last} MiB`);
});
