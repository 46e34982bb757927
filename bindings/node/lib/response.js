import { call, headers, plain } from './native.js';

const CHUNK = 65536;

const release = ({ handle, task }) => {
  plain.responseFree(handle);
  task.end();
};
const forgotten = new FinalizationRegistry(release);

/** An answer, whose body comes whole or as a stream, once. */
export class BearerResponse {
  #handle;
  #task;
  #body = null;
  #isUsed = false;

  constructor(handle, task) {
    this.#handle = handle;
    this.#task = task;
    this.status = plain.responseStatus(handle);
    this.url = plain.responseUrl(handle);
    this.headers = new Headers(headers(plain.responseHeaderAt, handle));
    /** What the API asks for of who was refused: docs/errors.md, bearer_response_challenge. */
    this.challenge = null;
    if (this.status === 401 || this.status === 403) {
      this.challenge = JSON.parse(call('bearer_response_challenge', handle));
    }
    forgotten.register(this, { handle, task }, this);
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed() {
    return this.#isUsed;
  }

  /** The body as a stream; one that is not read to its end is to be cancelled. */
  get body() {
    this.#body ??= new ReadableStream(
      {
        pull: async (controller) => {
          this.#isUsed = true;
          const bytes = await this.#call('bearer_response_read', CHUNK);
          if (bytes.byteLength > 0) {
            controller.enqueue(bytes);
          } else {
            controller.close();
            this.#release();
          }
        },
        cancel: () => this.#release(),
      },
      { highWaterMark: 0 },
    );
    return this.#body;
  }

  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }

  async bytes() {
    if (this.#isUsed || this.#body?.locked) throw new TypeError('the body has been used');
    this.#isUsed = true;
    const bytes = await this.#call('bearer_response_body');
    this.#release();
    return bytes;
  }

  async text() {
    return new TextDecoder().decode(await this.bytes());
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async #call(name, ...args) {
    try {
      return await this.#task.on(name, [this.#handle, ...args]);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #release() {
    if (forgotten.unregister(this)) release({ handle: this.#handle, task: this.#task });
  }
}
