// The six classes of the source document, in its order and with its names where JavaScript has the same idea.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { AbstractAuth, Auth, OAuth2Auth } from 'bearer';
import { start } from './support/server.js';

const server = await start();
beforeEach(() => server.post('reset'));

const authorizationOf = (seen) => seen.headers.find(([name]) => name === 'authorization')[1];

test('Auth, asynchronous', async () => {
  const auth = new Auth(`${server.url}/fixed`, 'secret');

  // This will fetch data from {host}/lights
  const resp = await auth.request('get', 'lights');
  assert.equal(resp.status, 200);
  assert.equal((await resp.json()).path, '/fixed/lights');
  await auth.close();
});

test('Auth, the synchronous class', async () => {
  // JavaScript has one form for both: the value is sent as it is, and what the caller says of it is replaced.
  const auth = new Auth(`${server.url}/fixed`, 'secret');
  const headers = { authorization: 'another', 'x-mine': 'yes' };
  const seen = await (await auth.request('post', 'lights', { headers, body: 'on' })).json();
  assert.equal(authorizationOf(seen), 'secret');
  assert.deepEqual(seen.headers.find(([name]) => name === 'x-mine'), ['x-mine', 'yes']);
  assert.equal(seen.body_text, 'on');
  assert.equal(seen.method, 'POST');
  await auth.close();
});

test('AbstractAuth', async () => {
  assert.throws(() => new AbstractAuth(server.url), TypeError);
  class Incomplete extends AbstractAuth {}
  const auth = new Incomplete(server.url);
  await assert.rejects(auth.request('get', 'lights'), /Incomplete does not implement getAccessToken/);
  await auth.close();
});

class TokenManager {
  saved = [];

  constructor() {
    this.valid = false;
  }

  isTokenValid() {
    return this.valid;
  }

  async fetchAccessToken() {
    this.accessToken = (await server.post('issue')).access_token;
    this.valid = true;
  }

  async saveAccessToken() {
    this.saved.push(this.accessToken);
  }
}

test('AbstractAuth, with a token manager', async () => {
  class MyAuth extends AbstractAuth {
    constructor(host, tokenManager) {
      super(host);
      this.tokenManager = tokenManager;
    }

    async getAccessToken() {
      if (this.tokenManager.isTokenValid()) return this.tokenManager.accessToken;

      await this.tokenManager.fetchAccessToken();
      await this.tokenManager.saveAccessToken();

      return this.tokenManager.accessToken;
    }
  }

  const manager = new TokenManager();
  const auth = new MyAuth(`${server.url}/api`, manager);
  for (let count = 0; count < 3; count += 1) {
    const seen = await (await auth.request('get', 'lights')).json();
    assert.equal(authorizationOf(seen), `Bearer ${manager.accessToken}`);
  }
  assert.equal(manager.saved.length, 1);
  await auth.close();
});

test('OAuth2Auth', async () => {
  const updates = [];
  const auth = new OAuth2Auth(server.url, {
    token: await server.expired(),
    clientId: server.client_id,
    clientSecret: server.client_secret,
    tokenUpdater: (token) => updates.push(token),
  });
  const seen = await (await auth.request('get', 'api/lights')).json();
  assert.equal(updates.length, 1);
  assert.equal(authorizationOf(seen), `Bearer ${updates[0].access_token}`);
  assert.deepEqual(auth.token, updates[0]);

  const token = await auth.refreshTokens();
  assert.deepEqual([updates.length, updates[1], auth.token], [2, token, token]);
  assert.equal((await server.state()).refreshes, 2);
  await auth.close();
});

test('OAuth2Auth, with refreshTokens overridden', async () => {
  const updates = [];
  class MyAuth extends OAuth2Auth {
    constructor(host, tokenManager, options) {
      super(host, options);
      this.tokenManager = tokenManager;
    }

    async refreshTokens() {
      await this.tokenManager.fetchAccessToken();
      await this.tokenManager.saveAccessToken();
      return this.tokenManager.accessToken;
    }
  }

  const manager = new TokenManager();
  const token = await server.expired();
  const auth = new MyAuth(server.url, manager, { token, tokenUpdater: (set) => updates.push(set) });
  const seen = await (await auth.request('get', 'api/lights')).json();
  assert.equal(authorizationOf(seen), `Bearer ${manager.accessToken}`);
  assert.equal(updates[0].access_token, manager.accessToken);
  assert.equal((await server.state()).token_requests, 0);
  await auth.close();
});
