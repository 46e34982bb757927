import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { BearerError, Client, Status } from 'bearer';
import { registeredHooks } from '../lib/hooks.js';
import { start } from './support/server.js';

const server = await start();
beforeEach(() => server.post('reset'));

test('what a hook throws is the cause of the error that the caller gets', async () => {
  const thrown = new RangeError('the disk is full');
  const ways = {
    thrown: () => {
      throw thrown;
    },
    rejected: async () => {
      await new Promise(setImmediate);
      throw thrown;
    },
  };
  for (const [way, onAccessToken] of Object.entries(ways)) {
    const client = server.client({}, { onAccessToken });
    await assert.rejects(client.request('api/lights'), (error) => {
      assert.ok(error instanceof BearerError, way);
      assert.equal(error.status, Status.HOOK_FAILED, way);
      assert.match(error.message, /the disk is full/);
      assert.equal(error.cause, thrown, way);
      return true;
    });
    await client.close();
  }
});

test('a hook may say that a person must sign in', async () => {
  const onRefresh = () => {
    throw new BearerError(Status.LOGIN_REQUIRED, { message: 'the service has forgotten this session' });
  };
  const client = server.client({ token: await server.expired() }, { onRefresh });
  await assert.rejects(client.request('api/lights'), (error) => {
    assert.equal(error.status, Status.LOGIN_REQUIRED);
    assert.ok(error.needsLogin && !error.isTransient);
    assert.equal(error.json.status, 'login_required');
    assert.match(error.message, /has forgotten this session/);
    return true;
  });
  await client.close();
});

test('a set that could not be saved is offered again', async () => {
  const full = new Error('no space left');
  const saved = [];
  let isFull = true;
  const onToken = async (token) => {
    if (isFull) throw full;
    saved.push(token);
  };
  const client = server.client({ token: await server.expired() }, { onToken });
  await assert.rejects(client.request('api/lights'), (error) => error.reason === 'not_saved' && error.cause === full);
  isFull = false;
  assert.equal((await client.request('api/lights')).status, 200);
  assert.deepEqual(saved, [client.token]);
  assert.equal((await server.state()).refreshes, 1);
  await client.close();
});

test('an answer that is no token fails the call', async () => {
  for (const answer of [undefined, 'two words', { no_token: true }]) {
    const client = server.client({}, { onAccessToken: () => answer });
    await assert.rejects(client.request('api/lights'), (error) => error.status === Status.HOOK_FAILED);
    await client.close();
  }
});

test('a client may be closed in its own hook', async () => {
  const before = registeredHooks();
  const { access_token: accessToken } = await server.post('issue');
  const client = server.client({}, {
    onAccessToken: async () => {
      await client.close();
      return accessToken;
    },
  });
  const answer = await client.request('api/lights');
  assert.equal(answer.status, 200);
  await answer.text();
  await assert.rejects(client.request('api/lights'), (error) => error.status === Status.INVALID_HANDLE);
  assert.equal(registeredHooks(), before);
});

test('a hook may be replaced in itself', async () => {
  const { access_token: accessToken } = await server.post('issue');
  const client = server.client({}, {
    onAccessToken: () => {
      client.setHooks({ onAccessToken: () => accessToken });
      throw new Error('the first one knows none');
    },
  });
  await assert.rejects(client.request('api/lights'), /the first one knows none/);
  assert.equal((await client.request('api/lights')).status, 200);
  client.setHooks({ onAccessToken: null });
  await assert.rejects(client.request('api/lights'), (error) => error.reason === 'no_token');
  await client.close();
});

test('a hook that calls back into the call that waits for it is told so at once', async () => {
  const onRefresh = () => client.refresh();
  const client = server.client({ token: await server.expired() }, { onRefresh });
  await assert.rejects(client.request('api/lights'), (error) => {
    assert.equal(error.cause?.status, Status.WOULD_DEADLOCK);
    return error.status === Status.HOOK_FAILED;
  });
  await client.close();
});

test('hooks that read and write files, and use clients, are not held up by the calls that wait for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bearer-'));
  const file = join(folder, 'token');
  await writeFile(file, (await server.post('issue')).access_token);
  const manager = server.client({ token: await server.post('issue') });
  const onAccessToken = async () => {
    await (await manager.request('api/service')).text();
    return readFile(file, 'utf8');
  };
  const client = server.client({}, { onAccessToken });
  const answers = await Promise.all(Array.from({ length: 40 }, () => client.request('api/lights')));
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
  await Promise.all([client.close(), manager.close(), rm(folder, { recursive: true })]);
});

test('on_http goes by fetch', async () => {
  const seen = [];
  const onHttp = ({ method, url, headers, body, timeout }) => {
    seen.push([method, url, timeout > 0]);
    return fetch(url, { method, headers, body, redirect: 'manual' });
  };
  const client = server.client({ token: await server.expired() }, { onHttp });
  const answer = await client.request('api/lights', { method: 'PUT', body: 'on' });
  assert.equal((await answer.json()).body_text, 'on');
  assert.deepEqual(seen, [
    ['POST', `${server.url}/auth/token`, true],
    ['PUT', `${server.url}/api/lights`, true],
  ]);
  await client.close();
});

test('a lock is taken, and let go once, around a renewal', async () => {
  const order = [];
  const note = (name, result) => (...args) => {
    order.push(args.length > 1 ? [name, args[1]] : name);
    return result;
  };
  const onLock = { lock: note('lock'), reload: note('reload', null), unlock: note('unlock') };
  const client = server.client({ token: await server.expired() }, { onLock, onToken: note('token') });
  await (await client.request('api/lights')).text();
  assert.deepEqual(order, ['lock', 'reload', 'token', ['unlock', Status.OK]]);

  const stored = await server.post('issue');
  client.token = await server.expired();
  client.setHooks({ onLock: { lock: () => {}, reload: () => stored } });
  assert.equal((await client.request('api/lights')).status, 200);
  assert.equal(client.token.access_token, stored.access_token);
  assert.equal((await server.state()).refreshes, 1);
  await client.close();
});

test('the log hears events', async () => {
  const events = [];
  const client = server.client({ token: await server.expired() }, { onLog: (level, { event }) => events.push([level, event]) });
  await (await client.request('api/lights')).text();
  assert.deepEqual(events.filter(([, event]) => event === 'renewed'), [[3, 'renewed']]);
  await client.close();
});

test('a configuration that does not fit names the member', () => {
  assert.throws(() => new Client({ base_ulr: 'http://localhost' }), (error) => {
    assert.equal(error.code, 'INVALID_ARGUMENT');
    return error.reason === 'member' && /base_url/.test(error.message);
  });
});
