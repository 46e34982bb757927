// The project's test server: tests/server/README.md. BEARER_TESTSERVER names its program.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { Client } from 'bearer';

class Server {
  constructor(ready) {
    Object.assign(this, ready);
  }

  async control(method, path, members) {
    const answer = await fetch(`${this.control_url}/${path}`, { method, body: members && JSON.stringify(members) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  }

  post(path, members = {}) {
    return this.control('POST', path, members);
  }

  state() {
    return this.control('GET', 'state');
  }

  /** A token set whose access token has expired. */
  expired() {
    return this.post('issue', { expired: true });
  }

  config(members = {}) {
    const { url, client_id, client_secret } = this;
    return { base_url: url, client: { client_id, client_secret }, ...members };
  }

  client(members, hooks) {
    return new Client(this.config(members), hooks);
  }

  /** Holds the requests of a path; gives what waits for them to be there, and what lets them go on. */
  async hold(path) {
    const { id } = await this.post('hold', { path });
    return {
      arrived: (count) => this.control('GET', `held?id=${id}&at_least=${count}`),
      release: () => this.post('release', { id }),
    };
  }
}

/** Starts one for a file of tests, after which it ends. */
export async function start() {
  const program = spawn(process.env.BEARER_TESTSERVER ?? 'bearer-testserver', ['--until-stdin-closes'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => program.stdin.end());
  const line = await new Promise((resolve, reject) => {
    program.once('error', reject);
    createInterface(program.stdout).once('line', resolve);
  });
  const { control, ...ready } = JSON.parse(line);
  return new Server({ control_url: control, ...ready });
}
