// One thread of lib/threads.js: makes one call at a time, and answers with plain data.
import { parentPort } from 'node:worker_threads';
import { attempt, plain } from './native.js';

parentPort.on('message', ({ name, args }) => {
  let answer;
  try {
    answer = name === 'free' ? { status: 0, results: [plain.clientFree(args[0])] } : attempt(name, args);
  } catch (error) {
    answer = { thrown: error };
  }
  parentPort.postMessage(answer);
});
